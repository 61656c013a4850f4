"""Addresses of databases: what can be known to be wrong with one before anybody connects.

asyncpg's errors for an address that cannot be read are those of whatever part of it failed first.
"""

import getpass
import os
import re
from urllib.parse import parse_qs, unquote, urlsplit

_SCHEMES = ("postgresql", "postgres")
_HOST = re.compile(r"(\[[^\]]+\]|[^\[\]:]*)(:\d{1,5})?")


def address_fault(dsn: str) -> str | None:
    """What is wrong with an address, in one sentence that does not show it: it may hold a password. None: nothing is.

    Args:
        dsn: ``postgresql://user@host/database``; empty: whoever reads it needs no database.
    """
    if not dsn:
        return None
    try:
        parts = urlsplit(dsn)
    except ValueError as error:
        return f"it is no address of a database ({error})"
    if parts.scheme not in _SCHEMES:
        return "it must begin with postgresql://, as postgresql://user@host/database does"
    if "@" in dsn and "@" not in parts.netloc:  # what stands there may be half a password
        return "what is special in its password (such as / ? # @) must stand as %XX"
    wrong = [place for place in _places(parts.netloc) if not _HOST.fullmatch(place)]
    if wrong:
        return f"{wrong[0]} is no host with a port, such as db.city:5432"
    if not (parts.username or "user" in parse_qs(parts.query) or os.environ.get("PGUSER") or _has_a_name()):
        return "it names no role: postgresql://ROLE@host/database"
    return None


def hosts_of(dsn: str) -> list[str]:
    """The hosts that an address names, without their ports."""
    parts = urlsplit(dsn)
    found = (_HOST.match(place) for place in _places(parts.netloc))
    return [host[1] for host in found if host and host[1]] or parse_qs(parts.query).get("host", [])


def _places(netloc: str) -> list[str]:
    return unquote(netloc.rpartition("@")[2]).split(",")


def _has_a_name() -> bool:
    """Whether this account has a name, which is the role where no other is given; a container's may have none."""
    try:
        return bool(getpass.getuser())
    except (KeyError, OSError):
        return False
