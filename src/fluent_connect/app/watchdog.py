"""Watches the event loop from outside: a handler that blocks it must not stop everything."""

import asyncio
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable

import structlog

_BEAT = 0.25
_BLOCKED = 1.0
_MARGIN = 2.0
EXIT_BLOCKED = 70


class Watchdog:
    """Logs the stack of a loop that does not run for 1 s; ends the process after `timeout` + 2 s.

    timeout:    of the handler that blocks it, asked while it does.
    before_end: called before the process ends, on the watching thread.

    The delivery that was in hand counts one try: the take that handed it out said so already.
    """

    def __init__(
        self,
        timeout: Callable[[], float],
        *,
        before_end: Callable[[], None] = lambda: None,
        end: Callable[[int], None] = os._exit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout = timeout
        self._before_end = before_end
        self._end = end
        self._clock = clock
        self._beaten = clock()
        self._told = False
        self._stop = threading.Event()
        self._log = structlog.get_logger("fluent_connect")
        self._loop_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._beats: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch the running loop."""
        self._loop_thread = threading.get_ident()
        self._beaten = self._clock()
        self._beats = asyncio.get_running_loop().create_task(self._beat())
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._stop.set()
        if self._beats is not None:
            self._beats.cancel()

    @property
    def lag(self) -> float:
        """Return for how long the loop has not run, beyond a beat."""
        return max(0.0, self._clock() - self._beaten - _BEAT)

    def look(self) -> None:
        """Judge the loop once; what the watching thread does every quarter second."""
        blocked = self._clock() - self._beaten
        if blocked < _BLOCKED:
            self._told = False
            return
        if not self._told:
            self._told = True
            self._log.error("loop blocked", seconds=round(blocked, 1), stack=self._stack())
        if blocked > self._timeout() + _MARGIN:
            self._log.error("loop blocked for too long: ending", seconds=round(blocked, 1))
            sys.stderr.flush()
            try:
                self._before_end()
            finally:
                self._end(EXIT_BLOCKED)

    async def _beat(self) -> None:
        while True:
            self._beaten = self._clock()
            await asyncio.sleep(_BEAT)

    def _watch(self) -> None:
        while not self._stop.wait(_BEAT):
            self.look()

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - the one way to it
        return "".join(traceback.format_stack(frame)) if frame is not None else ""
