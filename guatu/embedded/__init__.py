"""PostgreSQL and Temporal from the extra ``embedded``: found, started, and never left running."""

from guatu.embedded.data_directory import default_data_directory
from guatu.embedded.errors import (
    DataDirectoryError,
    DataDirectoryLockedError,
    DataDirectoryMismatchError,
    DataDirectoryUnwritableError,
    EmbeddedStackError,
    NoAccountError,
    NoPostgresError,
    NoTemporalServerError,
    PortInUseError,
    ServerFailedError,
)
from guatu.embedded.stack import EmbeddedSettings, EmbeddedStack
from guatu.embedded.temporal_binary import find_temporal

__all__ = [
    "DataDirectoryError",
    "DataDirectoryLockedError",
    "DataDirectoryMismatchError",
    "DataDirectoryUnwritableError",
    "EmbeddedSettings",
    "EmbeddedStack",
    "EmbeddedStackError",
    "NoAccountError",
    "NoPostgresError",
    "NoTemporalServerError",
    "PortInUseError",
    "ServerFailedError",
    "default_data_directory",
    "find_temporal",
]
