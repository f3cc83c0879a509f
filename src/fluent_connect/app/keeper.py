"""Fetches in the background what doors verify with, so that no request waits for anybody."""

import asyncio
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import structlog

from fluent_connect.app.fetching import Document, Fetcher
from fluent_connect.ingest.verify.published import KeySet, Published
from fluent_connect.model.errors import ConnectError

_USUAL_AGE = 3600.0
_LEAST_AGE, _MOST_AGE = 300.0, 43_200.0
_FLOOR = 60.0
_FIRST_RETRY, _LAST_RETRY = 1.0, 30.0
_TRIES = 3
_MOST_CONFIRMATIONS = 32
_CONFIRMATION_WAITS = (1.0, 5.0, 30.0)
_NOT_AGAIN = 60.0
_MOST_FAILED = 1024


class Keeper:
    """Keeps `published` fresh from its start to its cancellation.

    A key set is fetched at once, then as long as its answer says (5 minutes to 12 hours), sooner if
    an id is seen that is not in it, but not twice a minute. `told`: given the time of each answer,
    and ours. `pace`: waits are multiplied by it.
    """

    def __init__(
        self,
        published: Published,
        open_fetcher: Callable[[], Fetcher] = Fetcher,
        *,
        clock: Callable[[], float] = time.time,
        told: Callable[[float, float], None] = lambda _theirs, _ours: None,
        pace: float = 1.0,
    ) -> None:
        self._published = published
        self._open = open_fetcher
        self._clock = clock
        self._told = told
        self._pace = pace
        self._failed: dict[str, float] = {}
        self._confirmations: asyncio.Queue[str] = asyncio.Queue(_MOST_CONFIRMATIONS)
        self._log = structlog.get_logger("fluent_connect")

    async def run(self) -> None:
        """Fetch for ever."""
        published = self._published
        published.ask = self._remember
        self._fetcher = self._open()
        try:
            async with asyncio.TaskGroup() as group:
                for key_set in published.key_sets.values():
                    group.create_task(self._keep(key_set))
                group.create_task(self._certify())
                group.create_task(self._confirm())
        finally:
            await self._fetcher.close()

    async def _keep(self, keys: KeySet) -> None:
        wanted = asyncio.Event()
        keys.wake = wanted.set
        failures = 0
        while True:
            age = await self._fetch_keys(keys, first=failures == 0)
            wanted.clear()
            if age is None:
                failures += 1
                await self._sleep(min(_FIRST_RETRY * 2 ** (failures - 1), _LAST_RETRY))
                continue
            failures = 0
            await self._sleep(_FLOOR)
            try:
                async with asyncio.timeout(max(0.0, age - _FLOOR) * self._pace):
                    await wanted.wait()
            except TimeoutError:
                continue

    async def _fetch_keys(self, keys: KeySet, *, first: bool) -> float | None:
        """Return for how long the keys that were fetched hold; None if they could not be."""
        try:
            document = await self._fetcher.get(keys.url, private=keys.private)
            keys.take(document.body, self._clock())
        except ConnectError as error:
            if first:
                self._log.warning("keys of a door", url=keys.url, why=str(error), fix=_FIX)
            return None
        self._compare(document)
        return min(max(document.max_age or _USUAL_AGE, _LEAST_AGE), _MOST_AGE)

    async def _certify(self) -> None:
        certificates = self._published.certificates
        wanted = asyncio.Event()
        certificates.wake = wanted.set
        while True:
            await wanted.wait()
            wanted.clear()
            for url in certificates.wanted:
                if self._failed.get(url, 0.0) > time.monotonic() or not await self._certified(url):
                    certificates.give_up(url)

    async def _certified(self, url: str) -> bool:
        """Say whether the certificate was fetched, in a few tries."""
        why = ""
        for attempt in range(_TRIES):
            await self._sleep(float(attempt))
            try:
                document = await self._fetcher.get(url)
                self._published.certificates.take(url, document.body)
            except ConnectError as error:
                why = str(error)
                continue
            self._compare(document)
            return True
        self._log.warning("certificate of SNS", url=url, why=why, fix=_FIX)
        while len(self._failed) >= _MOST_FAILED:
            del self._failed[next(iter(self._failed))]
        self._failed[url] = time.monotonic() + _NOT_AGAIN * self._pace
        return False

    def _remember(self, url: str) -> None:
        try:
            self._confirmations.put_nowait(url)
        except asyncio.QueueFull:
            self._log.error("confirmation of SNS", topic=_topic(url), why="too many at once")

    async def _confirm(self) -> None:
        while True:
            url = await self._confirmations.get()
            why = ""
            for wait in (0.0, *_CONFIRMATION_WAITS):
                await self._sleep(wait)
                try:
                    await self._fetcher.get(url)
                except ConnectError as error:
                    why = str(error)
                    continue
                self._log.info("subscription of SNS confirmed", topic=_topic(url))
                break
            else:
                fix = "aws sns confirm-subscription, or subscribe again"
                self._log.error("confirmation of SNS", topic=_topic(url), why=why, fix=fix)

    def _compare(self, document: Document) -> None:
        if document.date is not None:
            self._told(document.date, self._clock())

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._pace)


_FIX = "may this host reach it over https? until then the door answers 503"


def _topic(url: str) -> str:
    """Return the topic that a confirmation is about; its token is nobody's business."""
    return parse_qs(urlsplit(url).query).get("TopicArn", [""])[0]
