"""What can go wrong between an outside program and the cases' engine.

EngineError
├── TemporalSettingsError       ``TEMPORAL_*`` is wrong, or does not go together
├── TemporalUnreachableError    no Temporal server answers where ``TEMPORAL_*`` says
├── TemporalTlsError            TLS with the server and ours do not go together
├── TemporalRefusesError        one answers, and does not let us in
├── NoSuchNamespaceError        one answers, and has no such namespace
├── EngineAwayError             Temporal, or every worker, does not answer now; what was sent may be sent again
└── NotRunningError             the case has no running workflow: it is over, stopped, or was never started
"""


class EngineError(Exception):
    """The cases' engine cannot do what is asked; the text is one sentence."""


class TemporalSettingsError(EngineError):
    """The settings of Temporal are wrong; the text names the one."""


class TemporalUnreachableError(EngineError):
    """There is no Temporal server to talk to."""

    def __init__(self, address: str, namespace: str, reason: str) -> None:
        super().__init__(
            f"no Temporal server answers at {address} (namespace {namespace!r}): start it, or set TEMPORAL_ADDRESS "
            f"and TEMPORAL_NAMESPACE ({reason})"
        )


class TemporalTlsError(EngineError):
    """There is a server, and TLS with it fails."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"the Temporal server at {address} cannot be reached by TLS: {reason}")


class TemporalRefusesError(EngineError):
    """The Temporal server does not know us, or does not let us in."""

    def __init__(self, address: str, namespace: str, reason: str) -> None:
        super().__init__(
            f"the Temporal server at {address} does not let us into the namespace {namespace!r} ({reason}): check "
            "TEMPORAL_API_KEY or TEMPORAL_API_KEY_FILE, or the client's certificate"
        )


class NoSuchNamespaceError(EngineError):
    """The Temporal server has no such namespace."""

    def __init__(self, namespace: str) -> None:
        super().__init__(f"the Temporal server has no namespace {namespace!r}: create it, or set TEMPORAL_NAMESPACE")


class EngineAwayError(EngineError):
    """Temporal, or every worker, does not answer now; whether what was sent has arrived is not known."""


class NotRunningError(EngineError):
    """The case has no running workflow: it is over, was stopped, or was never started."""
