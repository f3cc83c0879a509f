"""`jobs.py leaders`: whoever carries out a scheduled job is killed, again and again."""

import argparse
import asyncio
import itertools
import json
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from connector import Connector, variables, within

from fluent_connect.sandbox.servers import Options, Sandbox, ready

HERE = Path(__file__).parent / "leading"
PAGES = 3
LEASE = {"sqlite": 90, "postgresql": 10}
"""Seconds; what a dead process held is another's after that, and at once for the next on SQLite."""
_PATIENCE = 60.0
"""Seconds after which a message that nobody has heard is lost."""
Beat = Mapping[str, object]


def own(store: str | None) -> dict[str, object]:
    lease = {"lease": f"{LEASE['postgresql' if store else 'sqlite']}s"}
    told: dict[str, object] = {
        "paths": [str(HERE)],
        "jobs": [{"name": "beats", "every": "1s"}],
        "routes": [{"route": "beats.heard", "handler-name": "HeardHandler"}],
        "http": {"timeouts": {"total": "1s"}},
        "queues": {"batch-queue": lease, "event-queue": lease},
    }
    return {**told, "journal": {"url": store}} if store else told


class Leaders:
    """Processes that share a schedule, what they wrote down, and when each was killed."""

    def __init__(self, connectors: Sequence[Connector], beats: Path) -> None:
        self.connectors = connectors
        self.killed: dict[int, float] = {}
        self.amid = 0
        self._beats = beats

    def beats(self) -> list[Beat]:
        """Return what was written so far, whole lines only."""
        text = self._beats.read_text() if self._beats.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]

    async def work(self, more: int, seconds: float) -> None:
        """Wait until so many further pages were begun."""
        begun, before = time.monotonic(), self._begun()
        while self._begun() < before + more:
            within(begun, seconds, f"{self._begun()} pages begun")
            await asyncio.sleep(0.02)

    async def heard(self, wanted: set[str], seconds: float) -> set[str]:
        """Return what was heard, once that is all that is wanted, or after so many seconds.

        What a killed process had in hand is heard when its lease is over, the run ended or not.
        """
        begun = time.monotonic()
        while True:
            heard = {str(each["heard"]) for each in self.beats() if "heard" in each}
            if wanted <= heard or time.monotonic() - begun > seconds:
                return heard
            await asyncio.sleep(0.5)

    async def kill(self) -> None:
        """Kill the process that began the last page, and start it again."""
        last = [each for each in self.beats() if "began" in each or "ended" in each][-1]
        fits = [each for each in self.connectors if each.pid == last["pid"]]
        leader = fits[0] if fits else self.connectors[0]
        pid = leader.pid
        await asyncio.to_thread(leader.kill)
        self.killed[pid] = time.time()
        written = [each for each in self.beats() if each["pid"] == pid and "heard" not in each]
        self.amid += bool(written) and "began" in written[-1]
        await asyncio.to_thread(leader.start)

    def _begun(self) -> int:
        return sum("began" in each for each in self.beats())


def spans(beats: Sequence[Beat], killed: Mapping[int, float]) -> list[tuple[float, float, str]]:
    """Return from when to when each page was worked on; a killed process works no longer."""
    ends: dict[tuple[object, object], list[float]] = {}
    for each in beats:
        if "ended" in each:
            ends.setdefault((each["pid"], each["ended"]), []).append(float(each["at"]))
    found = []
    for each in beats:
        if "began" in each:
            at = float(each["at"])
            later = [end for end in ends.get((each["pid"], each["began"]), ()) if end >= at]
            end = min(later, default=killed.get(int(each["pid"]), float("inf")))
            found.append((at, end, str(each["run"])))
    return sorted(found)


def together(found: Sequence[tuple[float, float, str]]) -> int:
    """Return how often a page was begun while another one was worked on."""
    return sum(later[0] < earlier[1] for earlier, later in itertools.pairwise(found))


def mixed(found: Sequence[tuple[float, float, str]]) -> int:
    """Return how often a run was gone on with after another had begun."""
    order = [run for run, _ in itertools.groupby(each[2] for each in found)]
    return len(order) - len(set(order))


async def measure(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Return how often a leader was killed, and what the runs came to."""
    async with Sandbox(Options(customers=1, orders=0)) as sandbox:
        beats = folder / "beats"
        environ = {**variables(ready(sandbox)), "BEATS": str(beats)}
        several = 2 if asked.store else 1
        connectors = [
            Connector(folder / f"process-{number}", environ, own(asked.store))
            for number in range(several)
        ]
        for each in connectors:
            await asyncio.to_thread(each.start)
        leaders = Leaders(connectors, beats)
        try:
            return await carried_out(leaders, asked)
        finally:
            for each in connectors:
                await asyncio.to_thread(each.stop)


async def carried_out(leaders: Leaders, asked: argparse.Namespace) -> dict[str, object]:
    chance, begun = random.Random(3), time.monotonic()
    for _ in range(asked.kills):
        await leaders.work(chance.randint(1, PAGES), asked.within)
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        await leaders.kill()
    await leaders.work(2 * PAGES, asked.within)
    seconds = time.monotonic() - begun
    first = leaders.connectors[0]
    runs = await ended(first, asked.within)
    wanted = {f"{run['id']}-{page}" for run in runs for page in range(PAGES)}
    heard = await leaders.heard(wanted, _PATIENCE)
    found = spans(leaders.beats(), leaders.killed)
    figures = {
        "kills": len(leaders.killed),
        "amid_a_page": leaders.amid,
        "processes": len(leaders.connectors),
        "seconds": round(seconds, 1),
        "runs": len(runs),
        "successful": sum(run["status"] == "SUCCESSFUL" for run in runs),
        "pages_begun": len(found),
        "at_once": together(found),
        "mixed": mixed(found),
        "not_heard": len(wanted - heard),
        "numbers_missing": max(run["number"] for run in runs) - len(runs),
        "ledger": (ledger := await asyncio.to_thread(first.ledger)),
    }
    none = ("at_once", "mixed", "not_heard", "numbers_missing")
    exact = figures["successful"] == len(runs) and not any(figures[each] for each in none)
    return {**figures, "exact": exact and bool(ledger["closes"]) and figures["kills"] > 0}


async def ended(connector: Connector, seconds: float) -> list[dict[str, object]]:
    """Return all runs but those that the schedule has put since; wait for their messages."""
    words = ("jobs", "history", "beats", "--limit", "100000")
    runs = await asyncio.to_thread(connector.told, *words)
    last, begun = max(run["number"] for run in runs), time.monotonic()
    while True:
        runs = [r for r in await asyncio.to_thread(connector.told, *words) if r["number"] <= last]
        if not any(run["state"] in {"QUEUED", "RUNNING"} for run in runs):
            return runs
        within(begun, seconds, "runs have not ended")
        await asyncio.sleep(0.5)
