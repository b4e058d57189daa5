"""What a column cannot be called."""

from unicodedata import category

from mlops_drift.monitors.baseline import slice_column

RESERVED = {
    *("day", "event_time", "label_day", "version", "prediction", "score"),
    # Of a row that a service has answered.
    "served_row",
}


def require_usable(name: str) -> None:
    """Raises a ValueError if a column cannot have a name, everywhere that it is written."""
    about = f"column name {name!r}"
    if name.lower() in RESERVED or name.lower().startswith(slice_column("")):
        raise ValueError(f"{about} is used by the project itself; rename it")
    if '"' in name or not name.strip():
        raise ValueError(f"{about} must not be blank and must not contain a double quote")
    if any(category(sign) in ("Cc", "Zl", "Zp") for sign in name):
        raise ValueError(
            f"{about} must not contain a tab, the end of a line or another control character; "
            "rename it"
        )
