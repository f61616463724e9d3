"""Log lines: readable on a terminal, JSON where LOG_FORMAT=json."""

import logging
import re
from typing import Any

import structlog

# Behind these stand tokens: who reads them could open, click and opt out for somebody else. As in the proxy's guide.
_WITH_TOKENS = re.compile(r"(/(?:t|calendar|hooks|api/v1/campaigns/track)/)[^\s'\"]+")


def _without_tokens(_logger: Any, _method: str, line: dict[str, Any]) -> dict[str, Any]:
    """A line of Django's on a request that failed, without what its address holds."""
    if line.pop("request", None) is not None:
        line["event"] = _WITH_TOKENS.sub(r"\1…", str(line["event"]))
    return line


_SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
    _without_tokens,
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
