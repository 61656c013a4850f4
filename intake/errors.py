"""What can go wrong between an outside program and the cases' engine.

EngineError
├── TemporalUnreachableError    no Temporal server answers where ``TEMPORAL_*`` says
├── EngineAwayError             Temporal, or every worker, does not answer now; what was sent may be sent again
└── NotRunningError             the case has no running workflow: it is over, stopped, or was never started
"""


class EngineError(Exception):
    """The cases' engine cannot do what is asked; the text is one sentence."""


class TemporalUnreachableError(EngineError):
    """There is no Temporal server to talk to."""

    def __init__(self, address: str, namespace: str, reason: str) -> None:
        super().__init__(
            f"no Temporal server answers at {address} (namespace {namespace!r}): start it, or set TEMPORAL_ADDRESS "
            f"and TEMPORAL_NAMESPACE ({reason})"
        )


class EngineAwayError(EngineError):
    """Temporal, or every worker, does not answer now; whether what was sent has arrived is not known."""


class NotRunningError(EngineError):
    """The case has no running workflow: it is over, was stopped, or was never started."""
