"""Log lines: readable on a terminal, JSON where LOG_FORMAT=json."""

import logging
from typing import Any

import structlog

_SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
]


def formatter(format: str = "console") -> logging.Formatter:  # noqa: A002 - the word logging's configuration uses
    """The formatter for `format`, "console" or "json"."""
    # The rich traceback of the default prints local variables, passwords too.
    for_people = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    last = structlog.processors.JSONRenderer() if format == "json" else for_people
    as_text = [structlog.processors.format_exc_info] if format == "json" else []
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *as_text, last],
    )
