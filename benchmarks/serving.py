"""A live model beside `mlflow models serve` of the same version, on one core each.

A version of trees is trained for the churn model, and served both ways from core 0, with wrk and
hey on core 1: requests a second and latency at 8 connections, memory of the process that answers,
and seconds until it does; of ours, latency at half of that load too. Then a worker with its log and
without: what a request costs the processor.

Needs wrk, hey and taskset. Run: python benchmarks/serving.py [--seconds 10]
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import yaml
from rich.console import Console
from rich.table import Table as Shown

HERE = Path(__file__).parent
SHIPPED = HERE.parent / "mlops_drift" / "defs" / "churn"
# Of the columns as they arrive, and with those that features.sql derives.
MODEL, DERIVED, UNTIL = "churn_trees", "churn_derived", "2024-10-26"
CONNECTIONS, DEADLINE_SECONDS = 8, 180
SERVER_CORE, CLIENT_CORE = "0", "1"


class Load(NamedTuple):
    """Requests a second, and the middle and the slowest hundredth of latency in milliseconds."""

    rate: float
    p50: float
    p99: float


def made(folder: Path, name: str) -> dict[str, str]:
    """Trains a version of trees; the environment in which it is."""
    content = yaml.safe_load((SHIPPED / "defs.yaml").read_text(encoding="utf-8"))
    described = content["attributes"]
    described["name"], columns = name, described["columns"]
    if name == MODEL:
        described["columns"] = {n: it for n, it in columns.items() if "derived" not in it}
    described["training"] |= {"families": ["lightgbm"], "trials": 2, "folds": 3}
    described["training"].pop("threshold_floors")
    described["gates"] = {"metrics": {"accuracy": 0.6}, "max_calibration_error": 0.5}
    described["policy"]["first_training_rows"] = 1000
    place = folder / "defs" / name
    place.mkdir(parents=True)
    (place / "defs.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    if name == DERIVED:
        shutil.copy(SHIPPED / "features.sql", place)
    env = {
        **os.environ,
        "MLOPS_DRIFT_DATA": str(folder / "data"),
        "MLOPS_DRIFT_DEFS": str(folder / "defs"),
        "PYTHONPATH": str(HERE.parent),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    subprocess.run(
        [*command("mlops_drift.cli.main"), "run", name, "--until", UNTIL], env=env, check=True
    )
    return env


def command(module: str) -> list[str]:
    """A module run as a command."""
    return [sys.executable, "-W", "ignore", "-m", module]


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def served(
    arguments: Sequence[str], url: str, env: dict[str, str]
) -> Iterator[tuple[float, subprocess.Popen[bytes]]]:
    """A server on its core, and the seconds until it answered."""
    started = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, *arguments],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while True:
            try:
                if httpx.get(url, timeout=5).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            if process.poll() is not None or time.monotonic() - started > DEADLINE_SECONDS:
                raise RuntimeError(f"{' '.join(arguments)} does not answer")
            time.sleep(0.02)
        yield time.monotonic() - started, process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def children(pid: int) -> list[int]:
    """A process and all that it has begun."""
    try:
        of = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(one for child in of for one in children(int(child)))]


def megabytes(pid: int) -> float:
    """Resident memory of a process."""
    [line] = re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(line) / 1000


def answering(pids: Sequence[int]) -> int:
    """The largest of the processes that listen, which is the one that answers."""
    workers = [
        pid
        for pid in pids
        if b"spawn_main" in (line := Path(f"/proc/{pid}/cmdline").read_bytes())
        or b"uvicorn" in line
    ]
    return max(workers or pids, key=megabytes)


def processor_seconds(pid: int) -> float:
    """What a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def at_full_load(url: str, body: str, seconds: int, folder: Path) -> Load:
    """As many requests as 8 connections get answered."""
    script = folder / "post.lua"
    script.write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        f"wrk.body = {json.dumps(body)}\n"
        "function response(status) if status ~= 200 then print('status ' .. status) end end\n"
    )
    load = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    text = subprocess.run(
        ["taskset", "-c", CLIENT_CORE, "wrk", *load, "-s", str(script), url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "status" in text or "Non-2xx" in text:
        raise RuntimeError(text)
    [rate] = re.findall(r"Requests/sec:\s+([\d.]+)", text)
    return Load(float(rate), *(_milliseconds(text, share) for share in ("50%", "99%")))


def _milliseconds(text: str, share: str) -> float:
    [(number, unit)] = re.findall(rf"\s{share}\s+([\d.]+)(us|ms|s)\b", text)
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def at_half_load(url: str, body: str, rate: float, seconds: int, folder: Path) -> Load:
    """Latency at half as many requests a second."""
    file = folder / "body.json"
    file.write_text(body)
    each = max(rate / 2 / CONNECTIONS, 0.1)
    load = ["-z", f"{seconds}s", "-c", str(CONNECTIONS), "-q", f"{each:.2f}", "-t", "30"]
    text = subprocess.run(
        [
            *("taskset", "-c", CLIENT_CORE, "hey", *load),
            *("-m", "POST", "-T", "application/json", "-D", str(file), url),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    [found] = re.findall(r"Requests/sec:\s+([\d.]+)", text)
    quantiles = dict(re.findall(r"\s(\d+)%%? in ([\d.]+) secs", text))
    return Load(float(found), *(1000 * float(quantiles[share]) for share in ("50", "99")))


def beside(folder: Path, seconds: int, env: dict[str, str], console: Console) -> None:
    """Prints what both servers do with the same version."""
    port = free_port()
    url, mlflow_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{(other := free_port())}"
    ours = [*command("mlops_drift.cli.main"), "serve", MODEL, "--port", str(port)]
    uri = f"sqlite:///{folder / 'data' / 'mlflow.db'}"
    theirs = ["mlflow", "models", "serve", "-m", f"models:/{MODEL}/1", "--port", str(other)]
    shown = Shown(title="The same version, one core")
    for column in ("", "ready, s", "MB", "requests/s", "P50, ms", "P99, ms"):
        shown.add_column(column, justify="right")
    numbers = []
    with served(ours, f"{url}/ready", env) as (first, _):
        body, row = _bodies(folder, MODEL)
    with served(ours, f"{url}/ready", env) as (ready, process):
        pid = answering(children(process.pid))
        numbers.append((ready, *_load(f"{url}/predict", body, seconds, folder, pid)))
        rate = numbers[0][2]
        half = at_half_load(f"{url}/predict", body, rate, seconds, folder)
    env = {**env, "MLFLOW_TRACKING_URI": uri}
    with served([*theirs, "--env-manager", "local"], f"{mlflow_url}/ping", env) as (ready, process):
        pid = answering(children(process.pid))
        numbers.append((ready, *_load(f"{mlflow_url}/invocations", row, seconds, folder, pid)))
    for name, found in zip(("mlops-drift serve", "mlflow models serve"), numbers, strict=True):
        shown.add_row(name, *(f"{number:.4g}" for number in found))
    ours_, theirs_ = numbers
    ratios = [theirs_[0] / ours_[0], ours_[1] / theirs_[1], ours_[2] / theirs_[2]]
    ratios += [theirs_[3] / ours_[3], theirs_[4] / ours_[4]]
    names = ("times sooner", "of its memory", "times as many", *["times lower"] * 2)
    shown.add_row("", *(f"{ratio:.3g} {name}" for ratio, name in zip(ratios, names, strict=True)))
    console.print(shown)
    console.print(f"At its very first start ours is ready after {first:.3g} s.")
    console.print(
        f"At half of that load ({half.rate:.0f} requests/s) P50 is {half.p50:.3g} ms, P99 "
        f"{half.p99:.3g} ms: {half.p99 / half.p50:.1f} times"
    )


def _load(url: str, body: str, seconds: int, folder: Path, pid: int) -> tuple[float, ...]:
    httpx.post(url, content=body, headers={"content-type": "application/json"}, timeout=60)
    return (megabytes(pid), *at_full_load(url, body, seconds, folder))


def _bodies(folder: Path, name: str) -> tuple[str, str]:
    """A row as each of them takes it."""
    root = folder / "data" / "serving" / name
    current = json.loads((root / "current.json").read_text())
    place = root / "versions" / current["folder"]
    row = json.loads((place / "description.json").read_text())["example"]
    features: dict[str, Any] = json.loads((place / "sample.json").read_text())["rows"][0]
    split = {"columns": list(features), "data": [list(features.values())]}
    return json.dumps(row), json.dumps({"dataframe_split": split})


def cost_of_the_log(folder: Path, seconds: int, env: dict[str, str], console: Console) -> None:
    """Prints what a request costs the processor, with the log and without, in turns."""
    root, costs = folder / "data" / "serving", dict[str, list[float]]()
    body, _ = _bodies(folder, MODEL)
    for _ in range(2):
        for options in ([], ["--without-log"]):
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            worker = [sys.executable, str(HERE / "serving_worker.py"), str(root), str(port)]
            with served([*worker, MODEL, *options], f"{url}/ready", env) as (_, process):
                pid = answering(children(process.pid))
                before = processor_seconds(pid)
                load = at_full_load(f"{url}/predict", body, seconds, folder)
                spent = 1e6 * (processor_seconds(pid) - before) / (load.rate * seconds)
            costs.setdefault("without" if options else "with", []).append(spent)
    best = {name: min(found) for name, found in costs.items()}
    console.print(
        f"A request costs {best['with']:.0f} µs with the log, {best['without']:.0f} without: "
        f"{best['with'] / best['without']:.2f} times"
    )


def with_derived_columns(folder: Path, seconds: int, env: dict[str, str], console: Console) -> None:
    """Prints what the service does where it also runs features.sql for each request."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    ours = [*command("mlops_drift.cli.main"), "serve", DERIVED, "--port", str(port)]
    with served(ours, f"{url}/ready", env) as (_, process):
        body, _ = _bodies(folder, DERIVED)
        pid = answering(children(process.pid))
        memory, *load = _load(f"{url}/predict", body, seconds, folder, pid)
    rate, p50, p99 = load
    console.print(
        f"With columns that features.sql derives: {rate:.0f} requests/s, P50 {p50:.3g} ms, P99 "
        f"{p99:.3g} ms, {memory:.0f} MB"
    )


def main() -> None:
    """Prints all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    seconds, console = parser.parse_args().seconds, Console()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        env = made(folder, MODEL)
        beside(folder, seconds, env, console)
        cost_of_the_log(folder, seconds, env, console)
        made(folder, DERIVED)
        with_derived_columns(folder, seconds, env, console)


if __name__ == "__main__":
    main()
