"""A wire between the connector and a system, which can be cut, and can go dead without a word."""

import asyncio
from contextlib import suppress
from typing import Literal, Self
from urllib.parse import urlsplit

State = Literal["whole", "cut", "dead"]
_CHUNK = 65_536


class Wire:
    """Forwards bytes to `url` from a port of its own.

    cut:  connections break, and new ones are refused at once after they were taken.
    dead: connections stand and are taken, but nothing comes through, in either direction.
    """

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._to = str(place.hostname), int(place.port or 80)
        self._state: State = "whole"
        self._whole = asyncio.Event()
        self._whole.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.taken = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def be(self, state: State) -> None:
        """Change at once, for connections that stand and for those to come."""
        self._state = state
        if state == "dead":
            self._whole.clear()
        else:
            self._whole.set()
        if state == "cut":
            self._drop()

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.taken += 1
        if self._state == "cut":
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(*self._to)
        self._writers |= {writer, back}
        ways = [self._carry(reader, back), self._carry(there, writer)]
        tasks = [asyncio.create_task(way) for way in ways]
        self._tasks.update(tasks)
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._writers -= {writer, back}
            self._tasks.difference_update(tasks)
            for each in (writer, back):
                each.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(_CHUNK):
                await self._whole.wait()
                writer.write(chunk)
                await writer.drain()
            writer.write_eof()
