"""Whether an address leads somewhere: to a page of Dagster, of MLflow, or to a report."""

import re
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import dagster as dg
from mlflow.exceptions import MlflowException

from mlops_drift import settings
from mlops_drift.gateways import open_registry


def addresses_in(text):
    """The addresses in a plain text, in Markdown or in HTML."""
    return re.findall(r"(?:https?|file)://[^\s()\[\]<>\"'`]+", text)


def problem_of(address, definitions, instance):
    """What is wrong with an address; empty if it leads somewhere.

    Pages of Dagster are looked up in the definitions and in the instance, those of MLflow in the
    registry, files on the disk, with the place in them.
    """
    parts = urlsplit(address)
    if parts.scheme == "file":
        return _of_file(unquote(parts.path), parts.fragment)
    for ui, find in ((settings.dagster_ui(), _of_dagster), (settings.mlflow_ui(), _of_mlflow)):
        if address.startswith(f"{ui}/"):
            where, *found = address.removeprefix(f"{ui}/").removeprefix("#/").partition("?")
            return find(unquote(where).split("/"), parse_qs(found[1]), definitions, instance)
    return f"{address} is no page of ours"


def _of_file(path, place):
    if not Path(path).is_file():
        return f"{path} is missing"
    if place and f'id="{place}"' not in Path(path).read_text(encoding="utf-8"):
        return f"{path} has no place {place}"
    return ""


def _of_dagster(where, query, definitions, instance):
    graph = definitions.resolve_asset_graph()
    match where:
        case ["runs", run]:
            return "" if instance.get_run_by_id(run) else f"no run {run}"
        case ["assets"]:
            [selected] = query["asset-selection"]
            groups = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
            return "" if selected in {f'group:"{name}"' for name in groups} else f"no {selected}"
        case ["assets", *path]:
            key = dg.AssetKey(path)
            if not graph.has(key):
                return f"no asset {key}"
            for check in query.get("checkDetail", []):
                if dg.AssetCheckKey(key, check) not in graph.asset_check_keys:
                    return f"no check {check} of {key}"
            for day in query.get("partition", []):
                if not graph.get(key).partitions_def.has_partition_key(
                    str(date.fromisoformat(day))
                ):
                    return f"no partition {day} of {key}"
            return ""
    return f"no page {where} of Dagster"


def _of_mlflow(where, query, definitions, instance):
    if query.get("workflowType") != ["machine_learning"]:
        return f"{where} opens without the view of machine learning"
    client = open_registry().client
    try:
        match where:
            case ["models", model, "versions", version]:
                client.get_model_version(model, version)
                return ""
            case ["experiments", experiment, "runs", run, *file]:
                found = client.get_run(run).info
                if found.experiment_id != experiment:
                    return f"run {run} is of experiment {found.experiment_id}"
                name = "/".join(file[1:])
                if name and not client.download_artifacts(run, name):
                    return f"run {run} has no {name}"
                return ""
    except (MlflowException, OSError) as error:
        return str(error)
    return f"no page {where} of MLflow"
