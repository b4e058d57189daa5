"""Self-contained pages and pictures from the templates of the package."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template


def rendered(
    template: str, filters: Mapping[str, Callable[..., object]], /, **values: object
) -> str:
    """A page from a template, a path in the package, and its values."""
    return _compiled(template, tuple(filters.items())).render(values)


@lru_cache(maxsize=8)
def _compiled(template: str, filters: tuple[tuple[str, Callable[..., object]], ...]) -> Template:
    # The pictures of a day are many.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= dict(filters)
    text = files("mlops_drift").joinpath(template).read_text("utf-8")
    return environment.from_string(text)
