"""What the service says while it runs: JSON lines or text, one line for each committed delivery."""

import asyncio
import logging
import sys
from collections.abc import Sequence
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
    lines = _Lines(out)
    logging.basicConfig(level=max(number, logging.WARNING), stream=out, force=True)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            _json if form == "json" else structlog.dev.ConsoleRenderer(colors=out.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,
    )


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    return _encode(event).decode()


class _Lines:
    """Writes what one pass of the event loop has to say at once: a call a pass, not a line."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._held: list[str] = []

    def msg(self, line: str) -> None:
        """Write a line; at the end of this pass, if a loop runs on this thread."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write([line])
            return
        if not self._held:
            loop.call_soon(self._flush)
        self._held.append(line)

    log = debug = info = warning = error = critical = exception = fatal = failure = err = msg

    def _flush(self) -> None:
        held, self._held = self._held, []
        self._write(held)

    def _write(self, lines: Sequence[str]) -> None:
        self._out.write("\n".join(lines) + "\n")
        self._out.flush()
