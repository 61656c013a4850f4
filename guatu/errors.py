"""What the command reports in one sentence, and how errors of the other rooms become that sentence.

CommandError
├── SettingsError               a setting is missing or wrong
└── ServiceFailedError          a child process did not become ready
"""

from collections.abc import Iterator
from pathlib import Path


class CommandError(Exception):
    """Something that was to be expected went wrong; the text is one clear sentence for the operator."""


class SettingsError(CommandError):
    """A setting of the environment is missing or wrong."""


class ServiceFailedError(CommandError):
    """A child process did not start or did not become ready.

    Attributes:
        log: What it wrote; none: that stands above.
    """

    def __init__(self, name: str, what: str, log: Path | None) -> None:
        self.log = log
        super().__init__(f"the {name} {what}: see {log or 'above'} for why")


def sentence_for(error: BaseException) -> str | None:
    """What to tell the operator of an error that was to be expected; none of one that was not.

    A wrong jurisdiction file takes a line for each of its mistakes.
    """
    leaves = list(_leaves(error))
    known = _expected()
    if not leaves or not all(isinstance(leaf, known) for leaf in leaves):
        return None
    first = leaves[0]
    if isinstance(first, OSError) and first.strerror:
        return f"{first.filename}: {first.strerror}" if first.filename else first.strerror
    return str(first)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - any kind
            yield from _leaves(part)  # pyright: ignore[reportUnknownArgumentType] - any kind
    else:
        yield error


def _expected() -> tuple[type[BaseException], ...]:
    # Here and not above: the rooms take their time to load, and most runs have no error to tell.
    from temporalio.service import RPCError

    from activities.jurisdictions import NoSuchJurisdictionError
    from api.access_settings import AccessSettingsError
    from api.serving import PortInUseError as ApiPortInUseError
    from guatu.demo.timetable import TimetableError
    from guatu.embedded.errors import EmbeddedStackError
    from intake.complainants import SealingUnavailableError
    from intake.errors import EngineError
    from petitions.hand_over import HandOverError
    from petitions.jurisdiction.reading import JurisdictionError
    from sealing.errors import SealingError
    from store.errors import StoreError
    from telemetry.traces import TracingSettingsError
    from worker.health import PortInUseError as WorkerPortInUseError
    from worker.search_attributes import SearchAttributesMissingError

    return (
        AccessSettingsError,
        ApiPortInUseError,
        CommandError,
        EmbeddedStackError,
        EngineError,
        HandOverError,
        JurisdictionError,
        NoSuchJurisdictionError,
        OSError,
        RPCError,
        SealingError,
        SealingUnavailableError,
        SearchAttributesMissingError,
        StoreError,
        TimetableError,
        TracingSettingsError,
        WorkerPortInUseError,
    )
