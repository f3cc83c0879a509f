"""What holds for all tests: none meets what another has left in the process."""

import asyncio
import gc
import sys
import warnings
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from contracts import postgres

PARTNER = Path(__file__).parent / "partner"

# No test asserts a time: the first example of many builds what all others use.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")


@pytest.hookimpl(trylast=True)  # after the shuffle
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several workers let two have the tests with processes of their own: they tell the time.

    They begin first, then what takes long, so that no worker is left with it at the end. A file's
    tests stay together.
    """
    timed = [item for item in items if _has_processes(item)]
    halves = cycle(("processes", "more processes"))
    half = dict(zip(sorted({item.path for item in timed}), halves, strict=False))
    for item in timed:
        item.add_marker(pytest.mark.xdist_group(half[item.path]))
    items.sort(key=lambda item: (item.get_closest_marker("xdist_group") is None, _is_short(item)))


def _has_processes(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("e2e", "crash"))


def _is_short(item: pytest.Item) -> bool:
    return "properties" not in item.path.parts


@pytest.fixture(autouse=True)
def _partners_apart(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hide the partner's folder and modules, and whatever a test adds; put them back after it."""
    if PARTNER in request.path.parents:
        yield
        return
    path = list(sys.path)
    theirs = {name: sys.modules.pop(name) for name in _partners()}
    sys.path[:] = [entry for entry in path if Path(entry) != PARTNER]
    yield
    for name in _partners():
        del sys.modules[name]
    sys.path[:] = path
    sys.modules.update(theirs)


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have tables as wide as they are, whatever terminal the tests were started from."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def _kafka_apart(request: pytest.FixtureRequest) -> Iterator[None]:
    """Collect what aiokafka leaves open when it is stopped while it connects, before others do."""
    yield
    if "kafka" in request.node.nodeid:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture(autouse=True)
def _logs_apart() -> Iterator[None]:
    """Forget how a test had logs written: a service that it ran may let errors through alone."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session", autouse=True)
def _no_database_left() -> Iterator[None]:
    """Drop the PostgreSQL database of this run, if a test has made one."""
    yield
    asyncio.run(postgres.drop_all())


def _partners() -> list[str]:
    return [name for name in sys.modules if name == "com" or name.startswith("com.")]
