"""Reports verdicts to Dagster: what failed, by how much, why it matters, what to do next."""

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from mlops_drift.checks.keys import CHART, NEXT_STEP, PLOTTED, VERDICT, in_order, table_key
from mlops_drift.schema.numbers import chance, number, rounded
from mlops_drift.schema.verdicts import Verdict

Detail = str | int | dg.MetadataValue
Tables = Mapping[str, Sequence[Mapping[str, Any]]]

# More columns have no room on a page 1,600 pixels wide.
MOST_COLUMNS = 8
# Enough to tell digests apart.
_DIGEST_DIGITS = 12
_CHANCES = ("p", "q")


def check_result(
    key: dg.AssetKey,
    name: str,
    verdict: Verdict,
    description: str,
    numbers: Mapping[str, float],
    next_step: str,
    details: Mapping[str, Detail],
    tables: Tables,
    chart: str | None = None,
    *,
    unknown_blocks: bool = False,
    warns: bool = False,
) -> dg.AssetCheckResult:
    """The result of a check.

    A fail is an ERROR (of a check that only `warns` a WARN), an unknown a WARN that is never green,
    or an ERROR where it `unknown_blocks`, as a gate does. Dagster calls an unknown that it warns of
    "Failed", so the description begins with what it is. Value and interval are floats, which
    Dagster plots over the evaluations; all other numbers are texts. What is undefined is left out,
    as is a table without rows. The next step is shown for a fail; `chart` is an SVG.
    """
    metadata: dict[str, Detail] = {VERDICT: verdict, **_shown(numbers), **details}
    if verdict == "fail":
        metadata[NEXT_STEP] = next_step
    if chart is not None:
        metadata[CHART] = image(name, chart)
    metadata |= {table_key(title): verdict_table(rows) for title, rows in tables.items() if rows}
    only_warns = warns or (verdict == "unknown" and not unknown_blocks)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=verdict == "pass",
        severity=dg.AssetCheckSeverity.WARN if only_warns else dg.AssetCheckSeverity.ERROR,
        description=f"unknown: {description}" if verdict == "unknown" else description,
        metadata=in_order(metadata),
    )


def _shown(numbers: Mapping[str, float]) -> dict[str, Detail]:
    found: dict[str, Detail] = {}
    for name, value in numbers.items():
        if math.isfinite(value):
            text = chance(value) if name in _CHANCES else number(value)
            plotted = dg.MetadataValue.float(rounded(value))
            found[name] = plotted if name in PLOTTED else text
    return found


def image(name: str, svg: str) -> dg.MarkdownMetadataValue:
    """A picture that stands in the page."""
    encoded = base64.b64encode(svg.encode()).decode()
    return dg.MetadataValue.md(f"![{name}](data:image/svg+xml;base64,{encoded})")


def short(digest: str) -> str:
    """The first digits of a digest, which tell it from others."""
    return digest[:_DIGEST_DIGITS]


def verdict_table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows with the same columns as a table; numbers rounded for reading.

    Columns that hold nothing are left out, and those for which there is no room.
    """
    columns = [name for name in (rows[0] if rows else ()) if any(map(_is_known, _of(rows, name)))]
    columns = columns[:MOST_COLUMNS]
    records = [
        dg.TableRecord({name: _readable(name, row[name]) for name in columns}) for row in rows
    ]
    schema = [dg.TableColumn(name, _type(name, _of(rows, name))) for name in columns or [""]]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns=schema))


def _of(rows: Sequence[Mapping[str, Any]], column: str) -> list[Any]:
    return [row[column] for row in rows]


def _is_known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _type(column: str, values: Sequence[Any]) -> str:
    is_float = column not in _CHANCES and any(isinstance(value, float) for value in values)
    return "float" if is_float else "string"


def _readable(column: str, value: Any) -> Any:
    if not _is_known(value):
        return None
    if isinstance(value, float):
        return chance(value) if column in _CHANCES else rounded(value)
    return value if isinstance(value, str | int | bool) else str(value)
