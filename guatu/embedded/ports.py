"""Ports on the loopback interface."""

import errno
import os
import socket

from guatu.embedded.errors import PortInUseError

LOOPBACK = "127.0.0.1"
"""The only address the embedded servers listen on."""


def free_port() -> int:
    """Choose a port that nobody listens on and that the system will not hand to anybody else for about a minute.

    A plain "bind to 0 and close" may give the same port to two callers. Closing a connection from the server's side
    leaves the port in TIME_WAIT: no longer given out, yet open to whoever asks for it by number with SO_REUSEADDR.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, 0))
        listener.listen(1)
        port: int = listener.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            accepted, _ = listener.accept()
            accepted.close()
    return port


def check_free(port: int, purpose: str) -> None:
    """See that a port can be listened on.

    Args:
        port: The port number.
        purpose: What it is for, as the error shall say it.

    Raises:
        PortInUseError: It cannot.
    """
    with socket.socket() as probe:
        # As the servers do: without it, the remains of a server that has just stopped would count as a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(port, purpose) from None
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise PortInUseError(port, purpose, f"cannot be listened on ({reason})") from None
