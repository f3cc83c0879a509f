"""A progress bar on standard error, for whoever watches; for nobody else."""

import sys
import time
from types import TracebackType
from typing import Self

_SIZE = 24
_MINUTE = 60.0


class Bar:
    """Shows how far something is, how fast it goes, and when it ends."""

    def __init__(self, verb: str, *, json: bool = False) -> None:
        self._verb = verb
        self._watched = not json and sys.stderr.isatty()
        self._began = time.monotonic()
        self._shown = False

    def __enter__(self) -> Self:
        """Begin; nothing is shown yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away, so that a line can be written."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def show(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done; total 0: nobody knows."""
        if not self._watched:
            return
        passed = max(0.001, time.monotonic() - self._began)
        rate = done / passed
        text = f"{self._verb} {done:,}"
        if total:
            full = min(_SIZE, _SIZE * done // total)
            left = (total - done) / rate if rate else 0.0
            text = f"[{'#' * full}{'.' * (_SIZE - full)}] {text} of {total:,}, {_span(left)} left"
        sys.stderr.write(f"\r\x1b[K{text}, {rate:,.0f}/s ")
        sys.stderr.flush()
        self._shown = True


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < _MINUTE else f"{seconds / _MINUTE:.0f} min"
