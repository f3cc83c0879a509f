"""Asks for the fences of all messages that begin in one turn of the event loop at once."""

import asyncio
from collections.abc import Mapping, Sequence

from fluent_connect.model.outcome import Fence
from fluent_connect.queues.engines.sqlite.thread import DatabaseThread, Look

_Found = Mapping[str, Fence]


class Looks:
    """Collects what is asked for until the turn ends: one request to the thread, not one each.

    The first of many would have woken the thread, which would have gone to work for it alone.
    """

    def __init__(self, thread: DatabaseThread) -> None:
        self._thread = thread
        self._waiting: dict[asyncio.AbstractEventLoop, list[_Asked]] = {}

    def ask(self, keys: Sequence[str]) -> "asyncio.Future[_Found]":
        """Return what will hold the fences that stand, or StoreError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Found] = loop.create_future()
        waiting = self._waiting.get(loop)
        if waiting is None:
            self._waiting[loop] = [(keys, future)]
            loop.call_soon(self._begin, loop)
        else:
            waiting.append((keys, future))
        return future

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting = self._waiting.pop(loop)
        all_keys = [key for keys, _ in waiting for key in keys]
        self._thread.ask(Look(loop, all_keys)).add_done_callback(lambda came: _share(came, waiting))


_Asked = tuple[Sequence[str], asyncio.Future[_Found]]


def _share(came: "asyncio.Future[_Found]", waiting: Sequence[_Asked]) -> None:
    error = came.exception()
    found = came.result() if error is None else {}
    for keys, future in waiting:
        if future.done():
            continue
        if error is None:
            future.set_result({key: found[key] for key in keys if key in found})
        else:
            future.set_exception(error)
