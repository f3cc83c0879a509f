"""Fetches in the background what doors verify with, so that no request waits for anybody."""

import asyncio
import time
from collections.abc import Awaitable, Callable
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

    A key set is fetched at once, then as long as its answer says (5 minutes to 12 hours), and at
    once if an id is seen that is not in it, but that not twice a minute. `told`: given the time of
    each answer, and ours. `on_taken`: told that something new is known. `pace`: waits are
    multiplied by it.
    """

    def __init__(
        self,
        published: Published,
        open_fetcher: Callable[[], Fetcher] = Fetcher,
        *,
        clock: Callable[[], float] = time.time,
        told: Callable[[float, float], None] = lambda _theirs, _ours: None,
        on_taken: Callable[[], Awaitable[None]] | None = None,
        pace: float = 1.0,
    ) -> None:
        self._published = published
        self._open = open_fetcher
        self._clock = clock
        self._told = told
        self._on_taken = on_taken
        self._pace = pace
        self._failed: dict[str, float] = {}
        self._again: dict[str, float] = {}
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
            wanted.clear()
            age = await self._fetch_keys(keys, first=failures == 0)
            if age is None:
                failures += 1
                await self._sleep(min(_FIRST_RETRY * 2 ** (failures - 1), _LAST_RETRY))
                continue
            failures = 0
            try:
                async with asyncio.timeout(age * self._pace):
                    await wanted.wait()
            except TimeoutError:
                continue
            await self._rest(keys)

    async def _rest(self, keys: KeySet) -> None:
        """Return once keys may be fetched again out of turn: strangers may ask for any id."""
        now = time.monotonic()
        wait = self._again.get(keys.url, now) - now
        if wait > 0:
            keys.rest(away=True)
            await asyncio.sleep(wait)
            keys.rest(away=False)
        self._again[keys.url] = time.monotonic() + _FLOOR * self._pace

    async def _fetch_keys(self, keys: KeySet, *, first: bool) -> float | None:
        """Return for how long the keys that were fetched hold; None if they could not be."""
        began = self._clock()
        try:
            document = await self._fetcher.get(keys.url, private=keys.private)
            keys.take(document.body, began)
        except ConnectError as error:
            keys.rest(away=True)
            if first:
                self._log.warning("keys of a door", url=keys.url, why=str(error), fix=_FIX)
            return None
        await self._taken(document)
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
            await self._taken(document)
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

    async def _taken(self, document: Document) -> None:
        if document.date is not None:
            self._told(document.date, self._clock())
        if self._on_taken is not None:
            await self._on_taken()

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._pace)


_FIX = "may this host reach it over https? until then the door answers 503"


def _topic(url: str) -> str:
    """Return the topic that a confirmation is about; its token is nobody's business."""
    return parse_qs(urlsplit(url).query).get("TopicArn", [""])[0]
