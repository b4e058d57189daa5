"""Reports verdicts to Dagster: what failed, by how much, why it matters, what to do next."""

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from mlops_drift.schema.verdicts import Verdict

Detail = str | int | dg.MetadataValue


def check_result(
    key: dg.AssetKey,
    name: str,
    verdict: Verdict,
    description: str,
    numbers: Mapping[str, float],
    next_step: str,
    details: Mapping[str, Detail],
    chart: str | None = None,
    *,
    unknown_blocks: bool = False,
    warns: bool = False,
) -> dg.AssetCheckResult:
    """The result of a check.

    A fail is an ERROR (of a check that only `warns` a WARN), an unknown a WARN that is never green,
    or an ERROR where it `unknown_blocks`, as a gate does. The same numbers come every time, as
    floats, so that Dagster plots them over the evaluations; nan is left out. The next step is shown
    for a fail; `chart` is an SVG. Dagster calls an unknown that it warns of "Failed", so the
    description begins with what it is.
    """
    finite = {label: float(number) for label, number in numbers.items() if math.isfinite(number)}
    metadata: dict[str, Detail] = {
        "verdict": verdict,
        **{label: dg.MetadataValue.float(number) for label, number in finite.items()},
        **details,
    }
    if verdict == "fail":
        metadata["next step"] = next_step
    if chart is not None:
        metadata["chart"] = image(name, chart)
    only_warns = warns or (verdict == "unknown" and not unknown_blocks)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=verdict == "pass",
        severity=dg.AssetCheckSeverity.WARN if only_warns else dg.AssetCheckSeverity.ERROR,
        description=f"unknown: {description}" if verdict == "unknown" else description,
        metadata=metadata,
    )


def image(name: str, svg: str) -> dg.MarkdownMetadataValue:
    """A picture that stands in the page."""
    encoded = base64.b64encode(svg.encode()).decode()
    return dg.MetadataValue.md(f"![{name}](data:image/svg+xml;base64,{encoded})")


def verdict_table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows with the same columns as a table; numbers rounded for reading."""
    records = [
        dg.TableRecord({name: _readable(value) for name, value in row.items()}) for row in rows
    ]
    columns = [
        dg.TableColumn(name, "float" if isinstance(value, float) else "string")
        for name, value in (rows[0] if rows else {"": ""}).items()
    ]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=columns))


def _readable(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.4g}")
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)
