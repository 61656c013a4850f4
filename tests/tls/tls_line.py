"""A line to a server that speaks TLS, as a balancer before it does, and wants a certificate if it is told to.

It tells with which header of authorization the requests came: what a server with an authorizer would judge by.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from hpack import Decoder

from tests.certificates import Pair

_PREFACE = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
_HEADERS, _CONTINUATION = 1, 9
_PADDED, _PRIORITY = 0x08, 0x20


class TlsLine:
    """The line; open it with ``open``.

    Args:
        server: host and port of the server behind it, which speaks HTTP/2 without TLS.
        pair: the certificate that it shows, and its key.
        clients: the authority by which clients' certificates must be signed; none: they need none.
    """

    def __init__(self, server: str, pair: Pair, clients: Path | None = None) -> None:
        self._host, _, self._port = server.rpartition(":")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair.certificate, pair.key)
        self._context.set_alpn_protocols(["h2"])
        if clients is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(clients)
        self.authorizations: set[str] = set()
        """The headers of authorization that have come."""

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[int]:
        """The port on which the line is open while the block runs."""
        line = await asyncio.start_server(self._carry, "127.0.0.1", 0, ssl=self._context)
        try:
            yield line.sockets[0].getsockname()[1]
        finally:
            line.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, int(self._port))
        requests = _Requests(self.authorizations)

        async def there() -> None:
            while data := await reader.read(1 << 16):
                requests.feed(data)
                far_writer.write(data)

        async def back() -> None:
            while data := await far_reader.read(1 << 16):
                writer.write(data)

        ways = [asyncio.ensure_future(way()) for way in (there, back)]
        with suppress(OSError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        far_writer.close()
        writer.close()


class _Requests:
    """Reads the headers of requests along the way."""

    def __init__(self, found: set[str]) -> None:
        self._found = found
        self._decoder = Decoder()
        self._pending = b""
        self._block = b""
        self._skip = _PREFACE

    def feed(self, data: bytes) -> None:
        """Take in what has come."""
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        self._pending += data[skipped:]
        while len(self._pending) >= 9 and len(self._pending) >= 9 + (length := int.from_bytes(self._pending[:3])):
            kind, flags = self._pending[3], self._pending[4]
            payload, self._pending = self._pending[9 : 9 + length], self._pending[9 + length :]
            if kind in {_HEADERS, _CONTINUATION}:
                self._block += _without_padding(payload, flags) if kind == _HEADERS else payload
                if flags & 0x04:  # the last part of the headers
                    self._read()

    def _read(self) -> None:
        for name, value in self._decoder.decode(self._block, raw=True):
            if bytes(name) == b"authorization":
                self._found.add(bytes(value).decode())
        self._block = b""


def _without_padding(payload: bytes, flags: int) -> bytes:
    if flags & _PADDED:
        payload = payload[1 : len(payload) - payload[0]]
    return payload[5:] if flags & _PRIORITY else payload
