"""Logs go to standard error: for a person on a terminal, else one line of JSON for each event."""

import logging
import logging.config
import sys
from typing import Any

import structlog

from guatu.log_fields import with_case, with_trace, without_secrets


def configure_logging() -> None:
    """Send the logs of structlog and of every library the same way."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        with_trace,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if sys.stderr.isatty():
        last: list[structlog.typing.Processor] = [with_case, without_secrets, structlog.dev.ConsoleRenderer()]
    else:
        json: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
        last = [structlog.processors.format_exc_info, with_case, without_secrets, json]
    formatter: dict[str, Any] = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        "foreign_pre_chain": [*shared, structlog.stdlib.ExtraAdder()],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"events": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "events"}},
            "root": {"handlers": ["stderr"], "level": "INFO"},
            # Each start and stop of an HTTP server, and each request, is no event of ours.
            "loggers": {"uvicorn": {"level": "WARNING"}},
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
