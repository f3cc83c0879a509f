"""A crash run: rounds of start, work and SIGKILL, then a quiet end, then the oracle."""

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import aiohttp
import msgspec

from crash.engines import ENGINES
from crash.machines import SandboxProcess, Service
from crash.oracle import Findings, Held, Journal, judge, read_journal, read_sandbox
from crash.traffic import Relay, Shopping

POINTS: Mapping[str, int] = {
    "ingest:before-commit": 40,
    "ingest:after-commit": 40,
    "ingest:after-answer": 40,
    "store:before-commit": 60,
    "store:after-commit": 60,
    "listener:decided": 40,
    "consumer:before-commit": 40,
    "consumer:after-commit": 40,
    "router:before-push": 15,
    "router:after-push": 15,
    "fluent:before-call": 50,
    "fluent:after-call": 50,
}
"""Where to kill, and at which pass at most."""
_RANDOM_SHARE = 0.25
_REACHED_WITHIN = 20.0
_SETTLED_WITHIN = 180.0


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a run. `mutation`: a mistake of `child.py`, to see the oracle turn red."""

    kills: int = 30
    seed: int = 1
    rate: float = 8.0
    mutation: str = ""
    points: Sequence[str] = ()
    folder: Path | None = None
    engine: str = "sqlite"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to: its last line."""

    engine: str
    kills: int
    accepted: int
    done: int
    skipped: int
    superseded: int
    dead: int
    waiting: int
    unaccounted: int
    lost: int
    doubled: int
    repeats: int
    seconds: float
    exit: int | None
    """What the service ended with when it was asked to at last; 0 is right."""
    at: Mapping[str, int]
    """Kills by where they struck."""
    findings: Sequence[str]

    @property
    def holds(self) -> bool:
        """Say whether nothing was lost, doubled, left waiting or unaccounted, or is dead."""
        wrong = self.dead, self.waiting, self.unaccounted, self.lost, self.doubled
        return not any(wrong) and self.exit == 0 and self.accepted > 0


async def run(wishes: Wishes) -> Result:
    """Kill the service as often as wished, let it settle, and compare."""
    with tempfile.TemporaryDirectory(prefix="fluent-connect-crash-") as folder:
        crash = _Run(wishes, wishes.folder or Path(folder))
        try:
            return await crash.result()
        finally:
            await crash.place.stop()


class _Run:
    def __init__(self, wishes: Wishes, folder: Path) -> None:
        self._wishes = wishes
        self._folder = folder
        self._chance = random.Random(wishes.seed)
        self._sandbox = SandboxProcess(folder, wishes.seed)
        self.place = ENGINES[wishes.engine]()
        self._at: Counter[str] = Counter()
        self._began = time.monotonic()

    async def result(self) -> Result:
        async with aiohttp.ClientSession() as session:
            relay = Relay(session, self._chance)
            try:
                await self._sandbox.start(await relay.start())
                service = Service(
                    self._folder,
                    self._sandbox.variables(),
                    self._wishes.mutation,
                    await self.place.start(),
                )
                relay.target = service.url
                await self._sandbox.misbehave(session)
                await self._kill(session, relay, service)
                code = await self._settle(session, relay, service)
            finally:
                await relay.stop()
                await self._sandbox.stop()
        read = partial(self.place.rows, service.data)
        journal = await asyncio.to_thread(read_journal, read, time.time())
        held = read_sandbox(self._sandbox.file)
        return self._compared(judge(relay.notices, journal, held), journal, held, code)

    async def _kill(self, session: aiohttp.ClientSession, relay: Relay, service: Service) -> None:
        shopping = Shopping(session, self._sandbox.urls["commercetools"], self._chance)
        people = asyncio.create_task(shopping.go_on(relay, self._wishes.rate))
        try:
            for number, point in enumerate(self._points()):
                chance = random.Random(f"{self._wishes.seed}/{number}")
                struck = await self._round(service, point, chance)
                self._at[struck] += 1
                self._show(f"{number + 1} of {self._wishes.kills} kills, last at {struck}", relay)
                if people.done():
                    people.result()
        finally:
            people.cancel()
            await asyncio.gather(people, return_exceptions=True)

    @property
    def _where(self) -> Mapping[str, int]:
        return {**POINTS, **self.place.points}

    def _points(self) -> Iterator[str]:
        """Yield where to kill: every point once before any comes again; "" = at any moment."""
        bag: list[str] = []
        for _ in range(self._wishes.kills):
            if not self._wishes.points and self._chance.random() < _RANDOM_SHARE:
                yield ""
                continue
            if not bag:
                bag = [*(self._wishes.points or self._where)]
                self._chance.shuffle(bag)
            yield bag.pop()

    async def _round(self, service: Service, point: str, chance: random.Random) -> str:
        """Start the service and see it die; return where it did."""
        if not point:
            await service.start()
            if await service.died(chance.uniform(0.05, 2.5)):
                raise RuntimeError("killed by somebody else")
            await service.kill()
            return "random"
        passes = chance.randint(1, self._where[point])
        await service.start(f"{point}:{passes}")
        if await service.died(_REACHED_WITHIN):
            return point
        await service.kill()
        return "random"

    async def _settle(
        self, session: aiohttp.ClientSession, relay: Relay, service: Service
    ) -> int | None:
        """Let all that was told arrive, and end the service; return its exit code."""
        await service.start()
        limit = time.monotonic() + _SETTLED_WITHIN
        quiet = 0
        while time.monotonic() < limit and quiet < 3:
            await asyncio.sleep(0.3)
            untold, waiting = await self._untold(session), await self._waiting(service)
            quiet = 0 if untold or relay.unsent or waiting else quiet + 1
            self._show(f"settling: {untold} untold, {waiting} waiting", relay)
            if await service.died(0.01):
                raise RuntimeError(f"the service died while settling: {service.told()}")
        if not self._sandbox.alive:
            raise RuntimeError("the sandbox died")
        return await service.terminate()

    async def _waiting(self, service: Service) -> int:
        """Return how many parcels have not come to their end, read beside the service."""
        text = "SELECT count(*) AS n FROM parcel WHERE state <> 4"
        found = await asyncio.to_thread(self.place.rows, service.data, text, ())
        return int(str(found[0]["n"])) if found else 0

    async def _untold(self, session: aiohttp.ClientSession) -> int:
        url = f"{self._sandbox.urls['commercetools']}/__sandbox/state"
        async with session.get(url) as answer:
            state = await answer.json()
        return int(state["notifications"]["waiting"])

    def _compared(
        self, findings: Findings, journal: Journal, held: Held, code: int | None
    ) -> Result:
        ledger = journal.ledger
        return Result(
            engine=self._wishes.engine,
            kills=self._at.total(),
            accepted=ledger.accepted,
            done=ledger.done,
            skipped=ledger.skipped,
            superseded=ledger.superseded,
            dead=ledger.dead,
            waiting=ledger.waiting,
            unaccounted=ledger.unaccounted,
            lost=len(findings.lost),
            doubled=len(findings.doubled),
            repeats=ledger.repeats,
            seconds=round(time.monotonic() - self._began, 1),
            exit=code,
            at=dict(sorted(self._at.items())),
            findings=[*journal.dead[:20], *findings.lost, *findings.doubled][:50],
        )

    def _show(self, text: str, relay: Relay) -> None:
        if sys.stderr.isatty():
            line = f"{text}; {len(relay.notices)} notifications, {relay.unsent} unsent"
            sys.stderr.write(f"\r{line:<100}\r")
            sys.stderr.flush()
