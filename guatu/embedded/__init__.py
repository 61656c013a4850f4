"""PostgreSQL and Temporal without any installation: found, built when need be, started, and never left running."""

from guatu.embedded.data_directory import default_data_directory
from guatu.embedded.errors import (
    DataDirectoryError,
    DataDirectoryLockedError,
    DataDirectoryMismatchError,
    DataDirectoryUnwritableError,
    EmbeddedStackError,
    NoAccountError,
    NoTemporalServerError,
    PortInUseError,
    ServerFailedError,
)
from guatu.embedded.stack import EmbeddedSettings, EmbeddedStack
from guatu.embedded.temporal_binary import find_or_build_temporal

__all__ = [
    "DataDirectoryError",
    "DataDirectoryLockedError",
    "DataDirectoryMismatchError",
    "DataDirectoryUnwritableError",
    "EmbeddedSettings",
    "EmbeddedStack",
    "EmbeddedStackError",
    "NoAccountError",
    "NoTemporalServerError",
    "PortInUseError",
    "ServerFailedError",
    "default_data_directory",
    "find_or_build_temporal",
]
