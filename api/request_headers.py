"""What a request's headers say of where it comes from, read strictly: whatever is unclear says nothing."""

import base64
import binascii
from urllib.parse import urlsplit

from fastapi import Request


def host_of(request: Request) -> str:
    """The name in ``Host``; empty if there is none or several, or it cannot be read."""
    given = request.headers.getlist("host")
    try:
        return (urlsplit(f"//{given[0]}").hostname or "") if len(given) == 1 else ""
    except ValueError:
        return ""


def from_elsewhere(request: Request) -> bool:
    """Whether a browser says that a page of another site sends this."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        return True
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")


def basic_password(credentials: str) -> str | None:
    """The password of ``Basic`` credentials; none: they cannot be read."""
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text.partition(":")[2]
