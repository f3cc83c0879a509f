"""What stands in for the web in tests of what is fetched."""

import asyncio
from collections.abc import Callable, Mapping

from fluent_connect.app.fetching import Document, Fetcher
from fluent_connect.model.errors import ConnectError


class Web(Fetcher):
    """Answers as told, in order; the last answer again and again."""

    def __init__(self, answers: Mapping[str, list[bytes | ConnectError]] = {}) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []
        self.date: float | None = None

    async def get(self, url: str, *, private: bool = False) -> Document:
        self.asked.append(url)
        found = self.answers[url]
        answer = found[0] if len(found) == 1 else found.pop(0)
        if isinstance(answer, ConnectError):
            raise answer
        return Document(answer, max_age=1.0, date=self.date)

    async def close(self) -> None:
        self.asked.append("closed")


async def until(holds: Callable[[], object]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - a condition of others, not ours to set
            await asyncio.sleep(0.001)
