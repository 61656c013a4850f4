"""The desk's pages: as all pages, and with the desk's own small script, which improves and is never needed."""

from typing import Final

from starlette.responses import HTMLResponse, RedirectResponse

from api.context import Context
from api.desk.sessions import SignedIn
from api.headers import CONTENT_SECURITY_POLICY
from api.rendering import page
from petitions.access import offices_of

_HEADERS: Final = {
    "Content-Security-Policy": "; ".join(
        [part for part in CONTENT_SECURITY_POLICY.split("; ") if not part.startswith("script-src")]
        + ["script-src 'self'"]
    ),
    # With no-referrer, browsers send ``Origin: null`` with forms, and could not say that they are the desk's own.
    "Referrer-Policy": "same-origin",
}


def desk_page(
    template: str, context: Context, here: SignedIn | None, *, status: int = 200, **values: object
) -> HTMLResponse:
    """A page of the desk, from ``api/templates/desk``.

    Args:
        template: Its name there.
        context: Of the request.
        here: Who has signed in.
        status: Of the answer.
        values: What the template needs.
    """
    called = office_called(context, here.session.office) if here else ""
    response = page(f"desk/{template}", status=status, here=here, office_called=called, **values)
    response.headers.update(_HEADERS)
    return response


def see_other(address: str) -> RedirectResponse:
    """Go on with another address, by GET."""
    return RedirectResponse(address, status_code=303)


def office_called(context: Context, office: str) -> str:
    """How an office is called in Chinese."""
    return offices_of(context.jurisdictions.get(None)).get(office, office.removeprefix("unit/"))
