"""Self-contained HTML pages from the templates of the package."""

from collections.abc import Callable, Mapping
from importlib.resources import files

from jinja2 import Environment, StrictUndefined


def rendered(
    template: str, filters: Mapping[str, Callable[..., object]], /, **values: object
) -> str:
    """A page from a template, a path in the package, and its values."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= filters
    text = files("mlops_drift").joinpath(template).read_text("utf-8")
    return environment.from_string(text).render(values)
