"""Several processes on one store: what one held is taken over, and no lane is out twice."""

import asyncio
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from functools import partial
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.scene import SCRIBE, parcel, put, said
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.queues.engines.postgresql import Place, PostgresStore

WORKER = Path(__file__).with_name("worker.py")
LEASE = 1.0
ROUNDS = int(os.environ.get("FAULTS_REPEAT", "3"))
_SOON, _LOOK = 20.0, 0.02
_PROMISED = 30.0
"""Seconds within which what a dead process held is taken over, however long its leases."""


class Worker:
    """A process, and what it has said so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, url: str, lease: float = LEASE) -> "Worker":
        arguments = (sys.executable, str(WORKER), url, str(lease))
        process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
        return cls(process)

    @property
    def in_hand(self) -> set[str]:
        ended = {each["id"] for each in self.lines if each.get("what") == "settled"}
        return {each["id"] for each in self.lines if each.get("what") == "taken"} - ended

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(msgspec.json.decode(line))


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgresStore]:
    store = await PostgresStore.open(Place.of(url), SCRIBE, lease=LEASE)
    yield store
    await store.close()


@pytest.fixture
async def workers(url: str) -> AsyncIterator[list[Worker]]:
    workers = list(await asyncio.gather(*(Worker.start(url) for _ in range(2))))
    await until(lambda: all(each.lines for each in workers))
    yield workers
    for worker in workers:
        await worker.end()


async def until(holds: Callable[[], bool], limit: float = _SOON) -> None:
    for _ in range(int(limit / _LOOK)):
        if holds():
            return
        await asyncio.sleep(_LOOK)
    pytest.fail("it did not come to be in time")


def _let_go(worker: Worker, held: set[str]) -> bool:
    return not held & worker.in_hand


async def fill(store: PostgresStore, numbers: range, lanes: int) -> None:
    await put(store, *(parcel(f"p{i}", f"lane{i % lanes}") for i in numbers))


async def drained(store: PostgresStore, limit: float = _SOON) -> None:
    for _ in range(int(limit / _LOOK)):
        if not (await store.depth(EVENT_QUEUE)).waiting:
            return
        await asyncio.sleep(_LOOK)
    pytest.fail(f"something is left: {await store.depth(EVENT_QUEUE)}")


async def check(store: PostgresStore, workers: list[Worker], count: int) -> None:
    """Each parcel has one end; of each lane no two leases lived at one time.

    A lease that a commit ended is sure to have lived until that was asked for: the process may
    stand still before it says so. It may also be killed there: what it took and no one took again
    has ended at a moment no one knows.
    """
    ends = [each["id"] for each in await said(store, "Settled")]
    assert sorted(ends) == sorted(f"p{i}" for i in range(count))
    taken = [each for worker in workers for each in worker.lines if each.get("what") == "taken"]
    last = {each["id"]: each["until"] for each in sorted(taken, key=itemgetter("at"))}
    leases = defaultdict(list)
    for worker in workers:
        settled = {
            (e["id"], e["until"]): e["asked"] for e in worker.lines if e.get("verdict") == "applied"
        }
        for each in worker.lines:
            if each.get("what") == "taken":
                unsaid = each["at"] if each["until"] == last[each["id"]] else each["until"]
                ended = settled.get((each["id"], each["until"]), unsaid)
                leases[each["lane"]].append((each["at"], min(ended, each["until"])))
    for of_lane in leases.values():
        for (_, ended), (began, _) in pairwise(sorted(of_lane)):
            assert ended <= began + 0.05


async def test_what_a_killed_process_held_is_taken_over(
    store: PostgresStore, workers: list[Worker]
) -> None:
    await fill(store, range(200), lanes=12)
    first, _ = workers
    await until(lambda: len(first.lines) > 40 and bool(first.in_hand))
    await first.end()
    await drained(store)
    await check(store, workers, 200)


async def test_a_killed_process_need_not_be_waited_for_as_long_as_its_leases(
    url: str, store: PostgresStore
) -> None:
    first, second = [await Worker.start(url, lease=600.0) for _ in range(2)]
    await until(lambda: bool(first.lines and second.lines))
    await fill(store, range(100), lanes=12)
    await until(lambda: bool(first.in_hand))
    await first.end()
    await drained(store, _PROMISED)
    await second.end()
    ends = [each["id"] for each in await said(store, "Settled")]
    assert sorted(ends) == sorted(f"p{i}" for i in range(100))


@pytest.mark.timeout(120 + 20 * ROUNDS)
async def test_a_process_that_stood_still_for_three_leases_commits_nothing_of_then(
    store: PostgresStore, workers: list[Worker]
) -> None:
    first, _ = workers
    for number in range(ROUNDS):
        await fill(store, range(100 * number, 100 * (number + 1)), lanes=12)
        await until(lambda: bool(first.in_hand))
        first.process.send_signal(signal.SIGSTOP)
        held = set(first.in_hand)
        await asyncio.sleep(3 * LEASE)
        first.process.send_signal(signal.SIGCONT)
        await until(partial(_let_go, first, held))
    await drained(store)
    await until(lambda: not any(each.in_hand for each in workers))
    verdicts = Counter((e["id"], e["verdict"]) for w in workers for e in w.lines if "verdict" in e)
    assert all(count == 1 for (_, verdict), count in verdicts.items() if verdict == "applied")
    assert any(verdict == "lease lost" for _, verdict in verdicts)
    await check(store, workers, 100 * ROUNDS)
