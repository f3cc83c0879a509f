"""Deadlines of many tasks with one timer: a tenth of the cost of a timer for each."""

import asyncio


class Deadlines:
    """Cancels tasks that wait for something past their deadline; one sweep looks at all.

    A task waits for one thing at a time here; what is nested needs a `Deadlines` of its own. All
    that it awaits between `start` and `end` must be inside the `try` that asks `passed`.
    """

    def __init__(self, every: float = 0.1) -> None:
        self._every = every
        self._waiting: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._sweeping = False

    def start(self, task: asyncio.Task[object], seconds: float) -> None:
        """Cancel the task unless it is ended in time."""
        loop = task.get_loop()
        self._waiting[task] = loop.time() + seconds
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(self._every, self._sweep, loop)

    def end(self, task: asyncio.Task[object]) -> None:
        """Forget the task: it has what it waited for, or did not heed that it was late."""
        self._waiting.pop(task, None)
        if self._late:
            self.passed(task)

    def passed(self, task: asyncio.Task[object]) -> bool:
        """Say whether a cancellation was ours; it is taken back then."""
        if task not in self._late:
            return False
        self._late.discard(task)
        task.uncancel()
        return True

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task in [task for task, until in self._waiting.items() if until <= now]:
            del self._waiting[task]
            self._late.add(task)
            task.cancel()
        self._sweeping = bool(self._waiting)
        if self._sweeping:
            loop.call_later(self._every, self._sweep, loop)
