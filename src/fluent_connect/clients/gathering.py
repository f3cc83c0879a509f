"""Lets those who ask for one thing each at the same moment share a read of many."""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from fluent_connect.clients.trace import Trace
from fluent_connect.model.errors import ConnectError, RefusedError

G = TypeVar("G", bound=Hashable)
V = TypeVar("V")
Several = Callable[[G, Sequence[str], Trace], Awaitable[Mapping[str, V]]]
"""Return which of these there are, by name; those that are left out, there are not."""


class _Asked(NamedTuple, Generic[V]):
    name: str
    trace: Trace
    future: asyncio.Future[V | None]


class Gathering(Generic[G, V]):
    """Answers each question with what one read found for many of its group.

    Nobody waits for company: what is asked for in one turn of the loop goes together, `most` at
    once. A read that is refused is made again for each by itself; any other error is everybody's.
    """

    def __init__(self, several: Several[G, V], most: int) -> None:
        self._several = several
        self._most = most
        self._waiting: dict[G, list[_Asked[V]]] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(self, group: G, name: str, trace: Trace) -> V | None:
        """Return what goes by the name; None if there is none."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._send)
        asked = _Asked[V](name, trace, loop.create_future())
        self._waiting.setdefault(group, []).append(asked)
        return await asked.future

    def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for group, asked in waiting.items():
            for start in range(0, len(asked), self._most):
                some = asked[start : start + self._most]
                task = asyncio.get_running_loop().create_task(self._tell(group, some))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)

    async def _tell(self, group: G, asked: Sequence[_Asked[V]]) -> None:
        """Read for all of them, and give each its answer or a copy of the error."""
        try:
            found = await self._read(group, asked)
        except asyncio.CancelledError:
            for each in asked:
                each.future.cancel()
            raise
        except RefusedError as error:
            if len(asked) > 1:
                await asyncio.gather(*(self._tell(group, [each]) for each in asked))
                return
            _fail(asked, error)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            _fail(asked, error)
        else:
            for each in asked:
                if not each.future.done():
                    each.future.set_result(found.get(each.name))

    async def _read(self, group: G, asked: Sequence[_Asked[V]]) -> Mapping[str, V]:
        first = asked[0].trace
        trace = Trace(first.lease, first.correlation)
        try:
            return await self._several(group, list(dict.fromkeys(a.name for a in asked)), trace)
        finally:
            for each in asked:
                each.trace.calls += [
                    msgspec.structs.replace(call, shared=len(asked)) for call in trace.calls
                ]


def _fail(asked: Sequence[_Asked[V]], error: Exception) -> None:
    for each in asked:
        if not each.future.done():
            own = copy.copy(error) if isinstance(error, ConnectError) else error
            each.future.set_exception(own)
