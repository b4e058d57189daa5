"""Self-contained pages and pictures from the templates of the package."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined

Filters = Mapping[str, Callable[..., object]]


def rendered(template: str, filters: Filters, /, **values: object) -> str:
    """A page from a template, a path in the package, and its values.

    Pages extend `charts/page.html.j2`, which has the one style of all pages.
    """
    return _environment(tuple(filters.items())).get_template(template).render(values)


@lru_cache(maxsize=8)
def _environment(filters: tuple[tuple[str, Callable[..., object]], ...]) -> Environment:
    # The pictures of a day are many: a template is compiled once.
    environment = Environment(
        loader=PackageLoader("mlops_drift", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= dict(filters)
    return environment
