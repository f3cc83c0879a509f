"""What the service says while it runs: JSON lines or text, one line for each committed delivery."""

import logging
import sys
from typing import Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

Format = Literal["json", "text"]
_encode = msgspec.json.Encoder(enc_hook=str).encode


def configure(level: str, form: Format, stream: TextIO | None = None) -> None:
    """Send all logs, ours and libraries', to standard error at `level` and above."""
    number = logging.getLevelNamesMapping()[level.upper()]
    out = stream or sys.stderr
    logging.basicConfig(level=max(number, logging.WARNING), stream=out, force=True)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            _json if form == "json" else structlog.dev.ConsoleRenderer(colors=out.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,
    )


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return _encode(event).decode()
