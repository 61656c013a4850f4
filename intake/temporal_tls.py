"""Why TLS with the Temporal server fails, found out by shaking hands with it once.

The SDK tells of every failed connection with one kind of error, and of much of TLS not even the reason.
"""

import asyncio
import socket
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path

from temporalio.service import TLSConfig

_SECONDS = 3.0
_KNOWN_BY = "see TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, by which the server knows us"
_TURNED_AWAY = f"it ends the connection when it has seen our certificate, or that we have none; {_KNOWN_BY}"


async def tls_fault(address: str, tls: TLSConfig | None) -> str | None:
    """What is wrong between our TLS and the server's, in words that name the setting; none: nothing, or not known.

    Args:
        address: host and port.
        tls: by which TLS we connect; none: without.
    """
    return await asyncio.to_thread(_fault, address, tls)


def _fault(address: str, tls: TLSConfig | None) -> str | None:
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        with socket.create_connection((host, int(port)), timeout=_SECONDS) as line:
            if tls is None:
                return _unexpected_tls(line)
            return _failed_handshake(line, tls, host)
    except (OSError, ValueError):
        return None


def _unexpected_tls(line: socket.socket) -> str | None:
    """Whether the server speaks TLS, which we do not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent: it is only asked whether it speaks TLS
    with suppress(OSError), context.wrap_socket(line):
        return "it speaks TLS, and TEMPORAL_TLS is not set"
    return None


def _failed_handshake(line: socket.socket, tls: TLSConfig, host: str) -> str | None:
    name = tls.verification_server_name or tls.domain or host
    try:
        with _context(tls).wrap_socket(line, server_hostname=name) as connection:
            # With TLS 1.3 the server judges our certificate only now. It speaks first, whatever it thinks of it.
            return None if connection.recv(1) else _TURNED_AWAY
    except ConnectionError:
        return _TURNED_AWAY
    except ssl.SSLCertVerificationError as error:
        return (
            f"its certificate is not trusted: {error.verify_message}; see TEMPORAL_TLS_SERVER_CA_CERT_PATH and "
            "TEMPORAL_TLS_SERVER_NAME"
        )
    except ssl.SSLError as error:
        if error.reason == "WRONG_VERSION_NUMBER":
            return "it does not speak TLS, and TEMPORAL_TLS or TEMPORAL_API_KEY asks for it"
        return f"TLS fails: {error.reason or error}; {_KNOWN_BY}"


def _context(tls: TLSConfig) -> ssl.SSLContext:
    authorities = tls.server_root_ca_cert.decode("ascii", "replace") if tls.server_root_ca_cert else None
    context = ssl.create_default_context(cadata=authorities)
    context.set_alpn_protocols(["h2"])
    if tls.client_cert and tls.client_private_key:
        with tempfile.TemporaryDirectory(prefix="guatu-") as place:  # only its owner may enter
            pair = Path(place) / "pair.pem"
            pair.write_bytes(tls.client_private_key + b"\n" + tls.client_cert)
            context.load_cert_chain(pair)
    return context
