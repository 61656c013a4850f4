"""Pages from templates: everything that is put into one is escaped, and a name that a template misspells fails."""

from functools import cache
from hashlib import sha256
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["static"] = _static_address
    return environment


@cache
def _static_address(name: str) -> str:
    """The address of a static file; it changes with the file, so that browsers may keep what they have."""
    content = resources.files("api").joinpath("static", name).read_bytes()
    return f"/static/{name}?v={sha256(content).hexdigest()[:12]}"


def fragment(template: str, **values: object) -> Markup:
    """A part of a page, made from a template of its own, to be put into others as it is."""
    return Markup(_environment().get_template(template).render(values))  # noqa: S704 - a template escapes what it is given


def page(template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page made from a template of ``api/templates``."""
    return HTMLResponse(_environment().get_template(template).render(values), status_code=status)
