"""TLS with Postgres by libpq's parameters: what can be known to be wrong before anybody connects.

asyncpg takes the parameters, and reads the files again for every connection: renewed certificates need no restart. Its
errors for a file that is missing or does not fit name neither the file nor the parameter, so that is done here.
"""

import os
import ssl
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
"""What ``sslmode`` may be. Only the last checks that the server is the one that was meant."""
_CHECKING = MODES[3:]
_FILES = ("sslrootcert", "sslcrl", "sslcert", "sslkey")


def tls_fault(dsn: str) -> str | None:
    """What is wrong with the TLS parameters of an address, in one sentence; none if nothing is known to be.

    Args:
        dsn: ``postgresql://user@host/database?sslmode=…``; a parameter that it lacks is taken from libpq's environment
            (``PGSSLMODE``, ``PGSSLROOTCERT``, …), as asyncpg does.
    """
    try:
        given = _parameters(dsn)
    except ValueError as error:
        return f"it is no address of a database ({error})"
    mode = given["sslmode"]
    if mode is not None and mode not in MODES:
        return f"sslmode={mode} must be one of {', '.join(MODES)}"
    if mode == "disable":
        return None
    for name in _FILES:
        if (path := given[name]) and (reason := _unreadable(Path(path))):
            return f"{name}={path}: {reason}"
    if mode in _CHECKING:
        for name in ("sslrootcert", "sslcrl"):
            if (path := given[name]) and not _loads_as_authority(path):
                return f"{name}={path} holds nothing that can be read as PEM"
    return _pair_fault(given["sslcert"], given["sslkey"], given["sslpassword"] or "")


def shows_certificate(dsn: str) -> bool:
    """Whether the server at this address is shown a certificate of ours."""
    return bool(dsn and _parameters(dsn)["sslcert"])


def _parameters(dsn: str) -> dict[str, str | None]:
    asked = dict(parse_qsl(urlsplit(dsn).query))
    names = ("sslmode", "sslpassword", *_FILES)
    return {name: asked.get(name) or os.environ.get(f"PG{name.upper()}") for name in names}


def _unreadable(path: Path) -> str | None:
    try:
        with path.open("rb"):
            return None
    except OSError as error:
        return error.strerror or str(error)


def _loads_as_authority(path: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        return False
    return True


def _pair_fault(certificate: str | None, key: str | None, password: str) -> str | None:
    if certificate is None:
        return f"sslkey={key} needs its certificate: set sslcert" if key else None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, keyfile=key, password=lambda: password)
    except ssl.SSLError as error:
        said = error.reason or str(error)
        return (
            f"sslcert={certificate} and sslkey={key or certificate} are not a certificate and its key in PEM ({said})"
        )
    return None
