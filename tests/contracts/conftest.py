"""Every engine that is present, opened for one test and closed behind it."""

import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from contracts.engines import ENGINES, Engine, OpenStore, Record
from contracts.scene import SCRIBE, Clock
from fluent_connect.model.fact import Recorder
from fluent_connect.queues.store import Store


def _parameters(*, durable: bool) -> list[object]:
    chosen = [each for each in ENGINES if each.durable or not durable]
    return [
        pytest.param(
            each,
            id=each.name,
            marks=pytest.mark.skipif(each.absent is not None, reason=str(each.absent)),
        )
        for each in chosen
    ]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=_parameters(durable=False))
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    return chosen


@pytest.fixture(params=_parameters(durable=True))
def durable_engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    return chosen


def _opener(chosen: Engine, path: Path, standing: Clock, opened: list[Store]) -> OpenStore:
    async def open_store(
        *,
        clock: Callable[[], float] | None = None,
        recorder: Recorder = SCRIBE,
        record: Record = "failed",
    ) -> Store:
        store = await chosen.open(path, clock or standing, recorder, record=record)
        opened.append(store)
        return store

    return open_store


@pytest.fixture
async def open_store(engine: Engine, tmp_path: Path, clock: Clock) -> AsyncIterator[OpenStore]:
    opened: list[Store] = []
    yield _opener(engine, tmp_path / "connect.db", clock, opened)
    for store in opened:
        await store.close()
    await engine.clear(tmp_path / "connect.db")


@pytest.fixture
async def reopen(durable_engine: Engine, tmp_path: Path, clock: Clock) -> AsyncIterator[OpenStore]:
    """Open, as often as asked, the same file of an engine that has one."""
    opened: list[Store] = []
    yield _opener(durable_engine, tmp_path / "connect.db", clock, opened)
    for store in opened:
        await store.close()
    await durable_engine.clear(tmp_path / "connect.db")


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    return await open_store()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a row for each engine, where `make contracts` asks for it."""
    if not os.environ.get("CONTRACTS_TABLE"):
        return
    words = ("passed", "failed", "error", "skipped")
    found = {each.name: Counter[str]() for each in ENGINES}
    for word in words:
        for report in terminalreporter.stats.get(word, ()):
            told = report.nodeid.rpartition("[")[2].rstrip("]")
            # The longest name first: "sqlite" stands in "brokered-sqlite", too.
            names = sorted(found, key=len, reverse=True)
            name = next((each for each in names if f"-{told}-".find(f"-{each}-") >= 0), None)
            if name is not None:
                found[name][word] += 1
    terminalreporter.write_line(f"{'engine':<18}" + "".join(f"{word:>9}" for word in words))
    for name, counts in found.items():
        terminalreporter.write_line(f"{name:<18}" + "".join(f"{counts[word]:>9}" for word in words))
