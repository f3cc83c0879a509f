"""A connection that hears what other processes put, and reads fences meanwhile."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import asyncpg
import msgspec

from fluent_connect.model.outcome import Fence
from fluent_connect.queues.engines.postgresql.link import UNREACHABLE, Link, is_away, told
from fluent_connect.queues.store import StoreError

_AGAIN = 1.0
_SQL_FENCES = """SELECT key, version, fingerprint, output, deleted, dependencies FROM fence
    WHERE key = ANY($1::text[])"""
_dependencies = msgspec.json.Decoder(dict[str, int]).decode


class Ears:
    """Tells `hear` of each queue that another process touched; reads the fences of some keys.

    All fences that are asked for while a reading is under way are read together in the next one.
    """

    def __init__(
        self, link: Link, *, channel: str, worker: str, hear: Callable[[str], None]
    ) -> None:
        self._link = link
        self._channel = channel
        self._worker = worker
        self._hear = hear
        self._listening: asyncpg.Connection | None = None
        self._wanted: list[tuple[Sequence[str], asyncio.Future[Mapping[str, Fence]]]] = []
        self._wake = asyncio.Event()
        self._lost = asyncio.Event()
        self._free = asyncio.Lock()
        self._tasks = (
            asyncio.create_task(self._listen(), name="postgresql listen"),
            asyncio.create_task(self._read(), name="postgresql fences"),
        )

    async def fences(self, keys: Sequence[str]) -> Mapping[str, Fence]:
        """Return the fences that stand."""
        if self._tasks[1].done():
            raise StoreError("the store is closed")
        future: asyncio.Future[Mapping[str, Fence]] = asyncio.get_running_loop().create_future()
        self._wanted.append((keys, future))
        self._wake.set()
        return await future

    async def close(self) -> None:
        """End both tasks; a reading that was asked for is told so."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._answer(self._wanted, StoreError("the store is closed"))
        await self._link.close()

    async def _listen(self) -> None:
        """Listen for as long as the server is there, and listen again when it is back."""
        while True:
            self._lost.clear()
            try:
                connection = await self._link.get()
                if self._listening is not connection:
                    async with self._free:
                        await connection.add_listener(self._channel, self._heard)
                    connection.add_termination_listener(self._gone)
                    self._listening = connection
                await self._lost.wait()
            except (StoreError, *UNREACHABLE):
                self._link.drop()
                await asyncio.sleep(_AGAIN)

    def _heard(self, _: object, __: int, ___: str, payload: object) -> None:
        worker, ____, queue = str(payload).partition(" ")
        if worker != self._worker:
            self._hear(queue)

    def _gone(self, _: object) -> None:
        self._lost.set()

    async def _read(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            wanted, self._wanted = self._wanted, []
            live = [(keys, future) for keys, future in wanted if not future.done()]
            if live:
                self._answer(live, await self._found([key for keys, _ in live for key in keys]))

    async def _found(self, keys: Sequence[str]) -> Mapping[str, Fence] | StoreError:
        try:
            connection = await self._link.get()
        except StoreError as error:
            return error
        try:
            async with self._free:
                rows = await connection.fetch(_SQL_FENCES, keys)
        except UNREACHABLE as error:
            if is_away(error, connection):
                self._link.drop()
            return StoreError(f"the store cannot be read: {told(error)}")
        return {row["key"]: _fence(row) for row in rows}

    @staticmethod
    def _answer(
        wanted: Sequence[tuple[Sequence[str], "asyncio.Future[Mapping[str, Fence]]"]],
        found: Mapping[str, Fence] | StoreError,
    ) -> None:
        for keys, future in wanted:
            if future.done():
                continue
            if isinstance(found, StoreError):
                future.set_exception(found)
            else:
                future.set_result({key: found[key] for key in keys if key in found})


def _fence(row: asyncpg.Record) -> Fence:
    return Fence(
        row["version"],
        row["fingerprint"],
        row["output"],
        bool(row["deleted"]),
        _dependencies(row["dependencies"]),
    )
