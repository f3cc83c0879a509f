"""A line to the server that can be cut at the worst moment: around a commit."""

import asyncio
import contextlib
from typing import Literal

COMMIT = b"COMMIT\x00"
Cut = Literal["", "before", "after"]


class Proxy:
    """Carries bytes both ways. `cut`: end the next connection that commits, before the server
    hears of it or after it has answered; nobody hears the answer.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self.cut: Cut = ""
        self.cuts = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for line in list(self._lines):
            line.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection(*self._target)
        self._lines |= {writer, here}
        answering = asyncio.create_task(self._carry(there, writer))
        try:
            while data := await reader.read(65536):
                if self.cut and COMMIT in data:
                    await self._end(data, answering, there, here)
                    return
                here.write(data)
                await here.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            for line in (writer, here):
                line.close()
                self._lines.discard(line)

    async def _end(
        self,
        data: bytes,
        answering: asyncio.Task[None],
        there: asyncio.StreamReader,
        here: asyncio.StreamWriter,
    ) -> None:
        """Cut the line; where the server is to commit, wait until it has said so."""
        when, self.cut = self.cut, ""
        self.cuts += 1
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        if when == "after":
            here.write(data)
            await here.drain()
            await there.read(1024)

    @staticmethod
    async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()
