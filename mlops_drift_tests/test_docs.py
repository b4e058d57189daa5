"""The pages: links lead somewhere, examples work, generated ones are current."""

import re
import shlex
import subprocess
import sys
from copy import deepcopy
from datetime import date
from textwrap import dedent, indent
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pandas as pd
import pytest
import yaml
from standardwebhooks import WebhookVerificationError

from mlops_drift import project, settings
from mlops_drift.cli.main import main
from mlops_drift.config.loading import load_models, read_yaml
from mlops_drift.config.spec import ModelSpec
from mlops_drift.drift.metrics.base import Pair
from mlops_drift.notifications.config import Webhook
from mlops_drift.notifications.history import History
from mlops_drift.notifications.kinds.decision import Decision
from mlops_drift.notifications.webhook import send
from mlops_drift.policy.decision import DecisionRecord, Outcome
from mlops_drift.simulation.instance import open_instance
from mlops_drift_tests.conftest import empty_world
from mlops_drift_tests.monitors.contexts import MemoryContext
from mlops_drift_tests.receiver import SECRET, WebhookReceiver

ROOT = project.CHECKOUT
GUIDE = ROOT / "docs" / "guide"
FOLDERS = ("docs", "benchmarks", "data", "deploy", "examples")
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for at in FOLDERS for page in ROOT.glob(f"{at}/**/*.md"))]
)


def blocks(page, kind):
    """The fenced examples of a kind, without their indent."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", page.read_text(), re.DOTALL | re.MULTILINE)
    return [dedent(text) for _, text in found]


def anchors(page):
    """The anchors that GitHub gives to the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page):
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_generated_pages_are_current(tmp_path):
    subprocess.run([sys.executable, ROOT / "docs" / "generate.py", tmp_path], check=True)
    written = sorted(tmp_path.iterdir())
    assert [file.name for file in written] == ["command-line.md", "reference.md"]
    for file in written:
        assert (ROOT / "docs" / file.name).read_text() == file.read_text(), "run: make docs"


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_exist(page):
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    found = [re.search(r"mlops-drift (.*)", line) for line in lines]
    for name, *words in (shlex.split(call[1], comments=True) for call in found if call):
        command = main.commands[name.strip()]
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        known = {name for option in command.params for name in option.opts}
        assert options <= known, f"{name}: {options - known}"


# defs.yaml

OWN = GUIDE / "own-model.md"
EXTERNAL = GUIDE / "external.md"


def whole():
    return yaml.safe_load(blocks(OWN, "yaml")[0])["attributes"]


def test_the_whole_example_loads_with_all_its_alternatives(tmp_path, monkeypatch):
    monkeypatch.setenv(settings.DEFS_VARIABLE, str(tmp_path))
    text, derived = blocks(OWN, "yaml")
    chosen = re.sub(r"# (end_date: \S+)  .*", r"\1", text)
    chosen = re.sub(r"\{path: .*# or (\{.*\})", r"\1", chosen)
    chosen = re.sub(r"\}\s+# (allowed: .*?\]).*", r", \1}", chosen)
    assert chosen.count("end_date: ") == chosen.count("{day}") == chosen.count("allowed: ") == 1
    made = re.sub(r"  columns:\n(    .*\n)*", indent(derived, "  "), text)
    for name, content in (("whole", text), ("chosen", chosen), ("made", made)):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "defs.yaml"
        file.write_text(content.replace("name: returns", f"name: {name}"))
    (tmp_path / "made" / "features.sql").write_text(blocks(OWN, "sql")[0])
    models = load_models()
    assert models["whole"].spec.target.classes == ["no", "yes"]
    assert models["chosen"].spec.source.events.path == "events/{day}.parquet"
    assert models["chosen"].spec.columns["country"].allowed == ["de", "fr"]
    assert models["made"].spec.history_days == 30
    assert models["made"].spec.online.entity == "customer"


def sections():
    pages = [page for page in sorted(GUIDE.glob("*.md")) if page not in (OWN, EXTERNAL)]
    return [
        pytest.param(yaml.safe_load(block), id=f"{page.stem}-{number}")
        for page in pages
        for number, block in enumerate(blocks(page, "yaml"))
    ]


def test_the_example_of_predictions_made_elsewhere_runs(empty_data, tmp_path):
    folder = ROOT / "examples" / "external"
    [text] = blocks(EXTERNAL, "yaml")
    assert text == (folder / "defs.yaml").read_text()
    world = empty_world(tmp_path, empty_data)
    (world.defs / "loans").mkdir()
    (world.defs / "loans" / "defs.yaml").write_text(text)
    subprocess.run([sys.executable, folder / "generate.py", world.defs / "loans"], check=True)
    with world.active(), open_instance() as instance:
        world.replay(instance, "loans", until=date(2024, 5, 24), step=24)
        with world.lake("loans") as store:
            failed = store.checks.find(date(2024, 5, 1), date(2024, 5, 24), failed=True)
            served = store.versions.serving(date(2024, 5, 14), date(2024, 5, 15))
    assert list(served.values()) == [1, 2]
    first = {item.check: (item.day, item.subject) for item in reversed(failed)}
    assert first["feature_drift"] == (date(2024, 5, 22), "amount")


def merged(base, changes):
    for name, value in changes.items():
        inner = base.get(name)
        # A source of another kind has other fields.
        is_part = isinstance(inner, dict) and name != "source"
        base[name] = merged(inner, value) if is_part else value
    return base


def write_package(folder):
    """The modules of the pages about own code, each of which begins with its place."""
    pages = (GUIDE / "own-estimators.md", GUIDE / "sources.md")
    for text in (block for page in pages for block in blocks(page, "python")):
        place = folder / text.partition("\n")[0].removeprefix("# ")
        place.parent.mkdir(exist_ok=True)
        place.write_text(text)
    package = place.parent
    (package / "__init__.py").touch()
    return package


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The package of the pages about own code can be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    made = write_package(tmp_path)
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == made.name]:
        del sys.modules[name]


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("changes", sections())
def test_the_section_of_a_page_fits_the_example(changes):
    assert ModelSpec.model_validate(merged(deepcopy(whole()), changes))
    # What trains is not imported by whoever only loads descriptions.
    assert "shop.estimators" not in sys.modules


@pytest.mark.usefixtures("package")
def test_the_functions_of_the_page_about_sources_give_days(tmp_path):
    [section] = [block for block in blocks(GUIDE / "sources.md", "yaml") if "kind: python" in block]
    source = ModelSpec.model_validate(merged(whole(), yaml.safe_load(section))).source
    day = date(2024, 10, 1)
    for read, column in (("events", "amount"), ("labels", "returned")):
        [part] = getattr(source.open(tmp_path), read)(day, day).parts
        assert part.days.to_pylist() == [day]
        assert column in part.rows.column_names


def test_yaml_in_a_sentence_is_valid(tmp_path):
    texts = [page.read_text() for page in GUIDE.glob("*.md")]
    found = [one for text in texts for one in re.findall(r"`((?:\w+: )?\{\w+: [^`]+\})`", text)]
    assert found
    for text in found:
        file = tmp_path / "defs.yaml"
        file.write_text(text if text.startswith("{") else f"{{{text}}}")
        assert read_yaml(file, dict[str, Any])


# Python


def test_the_python_of_the_drift_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    for name, mean in (("june", 0), ("july", 2), ("2024-07-01", 2), ("2024-07-02", 2)):
        table = pd.DataFrame(
            {"miles": rng.normal(mean, 1, 500), "plan": rng.choice(["a", "b"], 500)}
        )
        table.to_parquet(f"{name}.parquet")
    [block] = blocks(GUIDE / "drift.md", "python")
    found = {}
    exec(block, found)
    assert set(found["both"]) == {"miles", "plan"}


def test_the_python_of_the_exploration_page_finds_the_leak():
    [block] = blocks(GUIDE / "explore.md", "python")
    found = {}
    exec(block, found)
    assert f"worst = found.findings[0].sentence  # {found['worst']!r}" in block


def test_the_python_of_the_notifications_page_verifies_an_event(monkeypatch, capsys):
    monkeypatch.setenv("OPS_SECRET", SECRET)
    record = DecisionRecord("retrain", "it fell", date(2024, 10, 1), "shop-v2")
    [message] = Decision().messages(History("shop", decisions=[record]))
    receiver = WebhookReceiver()
    send(Webhook(url=receiver.url, secret="${OPS_SECRET}"), message)
    receiver.down()
    [(_, headers, body)] = receiver.posts
    [block] = blocks(GUIDE / "notifications.md", "python")
    exec(block, {"body": body, "headers": headers})
    assert capsys.readouterr().out == "mlops_drift.decision.made shop 2024-10-01\n"
    with pytest.raises(WebhookVerificationError):
        exec(block, {"body": body.replace(b"shop", b"chop"), "headers": headers})


def test_every_command_has_help():
    for name, command in main.commands.items():
        assert command.get_short_help_str(), name
        options = [one for one in command.params if isinstance(one, click.Option)]
        assert all(option.help for option in options), name


# Recipes


def test_the_recipes_work():
    found = {}
    for block in blocks(ROOT / "CONTRIBUTING.md", "python"):
        exec(block, found)
    day = date(2024, 10, 1)
    source = found["ConstantSource"](kind="constant", rows=3).open(ROOT)
    assert source.events(day, day).parts[0].rows.num_rows == 3
    rolled_back = DecisionRecord(
        "rollback", "complaints", day, "shop-v2", outcome=Outcome("promoted", day, "complaints", 1)
    )
    [message] = found["Rollback"]().messages(History("shop", decisions=[rolled_back]))
    assert (message.kind, message.title) == ("rollback", "shop: version 1 serves again")
    gain = found["LargestGain"]().distance(Pair.of([50, 50], [75, 25]))
    assert gain == pytest.approx(0.25)
    numbers = np.array([1.0, 2.0, 9.0])
    assert found["MedianError"]().compute(numbers, numbers + 1, numbers) == 1
    assert found["FewestRows"]().judge(SimpleNamespace(test=numbers)).verdict == "fail"
    landed = [SimpleNamespace(source="events", n=120)]
    context = MemoryContext(None, [], landed=landed)
    weekend = found["Weekend"](found["WeekendMonitor"]())
    [evaluation] = weekend.evaluate(context, date(2024, 10, 5))
    assert (evaluation.verdict, evaluation.value) == ("fail", 120)
    assert weekend.evaluate(context, date(2024, 10, 4)) == []
