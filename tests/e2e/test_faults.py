"""What goes wrong around the service, in short forms: nothing is lost, doubled or left waiting.

FAULTS_REPEAT asks for all of them and for so many rounds of those that are repeated: `make chaos`
for 20. Without it some stand for all, once.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import Books, Connector, change, configure, until
from e2e.wire import State, Wire
from fluent_connect.app.playground import SECRET
from fluent_connect.ingest.webhook import PATH
from fluent_connect.sandbox.commercetools.envelopes import Target
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Sandbox

REPEAT = int(os.environ.get("FAULTS_REPEAT", "1"))
ALL = "FAULTS_REPEAT" in os.environ
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120 + 20 * REPEAT)]

_FIRST = 1000
_SETTINGS: Mapping[str, Any] = {
    "retry": {
        "waits": ", ".join(["0.2s", "0.5s", *["1s"] * 40]),
        "bug-waits": "0.2s, 0.3s",
        "stale-waits": "0.1s, 0.2s",
        "outage-wait": "0.5s",
        "park-waits": "0.5s, 1s",
    },
    "http": {"timeouts": {"total": "1s"}, "breaker": {"failures": 5, "open-for": "500ms"}},
    "log": {"level": "error"},
}


class Shop:
    """Orders that are placed while something is wrong, and what became of them."""

    def __init__(self, sandbox: Sandbox, data: Path) -> None:
        self._sandbox = sandbox
        self.books = Books(data)
        self._next = _FIRST

    def aim(self, connector: Connector) -> None:
        target = Target(url=connector.url + PATH, api_key=SECRET, test=False)
        self._sandbox.commercetools.notifier.aim(target)

    async def place(self, count: int) -> None:
        """Place orders; return once the service has answered for each."""
        self._sandbox.build("order", range(self._next, self._next + count))
        self._next += count
        assert await self._sandbox.commercetools.notifier.drained()

    async def arrives_once(self) -> None:
        """Wait until all placed is in Fluent, once each, and nothing waits or is dead."""
        wanted = {
            order["orderNumber"]
            for order in self._sandbox.commercetools.project.scan("order")
            if int(order["orderNumber"].rpartition("-")[2]) >= _FIRST
        }
        assert len(wanted) == self._next - _FIRST
        await until(lambda: wanted <= self._created().keys(), self.books.told())
        await until(lambda: not self.books.ledger().waiting, self.books.told())
        ledger = self.books.ledger()
        assert (ledger.dead, ledger.unaccounted) == (0, 0), self.books.told()
        assert {ref: self._created()[ref] for ref in wanted} == dict.fromkeys(wanted, 1)

    def _created(self) -> Mapping[str, int]:
        rows = self._sandbox.fluent.entities.creations("order")
        return {row["ref"]: row["created"] for row in rows}


class Place:
    """Where a connector is started, between the shop and Fluent."""

    def __init__(self, sandbox: Sandbox, environ: Mapping[str, str], folder: Path) -> None:
        self.environ = environ
        self.data = folder / "data"
        self.faults = sandbox.fluent.faults
        self.shop = Shop(sandbox, self.data)
        self._folder = folder

    @asynccontextmanager
    async def connector(
        self, environ: Mapping[str, str] = {}, **more: Any
    ) -> AsyncIterator[Connector]:
        """Run the service, told of by the shop; it ends with 0 when it is asked to."""
        config = configure(self._folder / "config", **{**_SETTINGS, **more})
        given = {**self.environ, **environ}
        async with Connector(self.data, given, config=config) as connector:
            self.shop.aim(connector)
            yield connector
            assert not connector.alive or await connector.stop() == 0

    @property
    def taken(self) -> int:
        """Return how many notifications were accepted."""
        return self.shop.books.ledger().accepted

    @property
    def struck(self) -> int:
        return sum(tally.struck for tally in self.faults)


@pytest.fixture
def place(sandbox: Sandbox, environ: dict[str, str], tmp_path: Path) -> Place:
    return Place(sandbox, environ, tmp_path)


_WIRES: list[tuple[str, State]] = [("FC_FLUENT_URL", "dead"), ("FC_CT_API_URL", "cut")]
_MORE_WIRES: list[tuple[str, State]] = [("FC_FLUENT_URL", "cut"), ("FC_CT_API_URL", "dead")]


@pytest.mark.parametrize(("system", "state"), [*_WIRES, *(_MORE_WIRES if ALL else ())])
async def test_a_wire_that_is_cut_or_dead_costs_nothing_but_time(
    system: str, state: State, place: Place
) -> None:
    shop = place.shop
    async with (
        Wire(place.environ[system]) as wire,
        place.connector({system: wire.url}) as connector,
    ):
        await shop.place(5)
        wire.be(state)
        await shop.place(10)
        await until(lambda: _is_open(connector), "the outage is not noticed")
        assert shop.books.ledger().waiting
        wire.be("whole")
        await shop.arrives_once()


async def _is_open(connector: Connector) -> bool:
    _, health = await connector.get("/actuator/health")
    return any(state != "closed" for state in health["breakers"].values())


async def test_a_fluent_that_takes_30_s_slows_no_sender(place: Place) -> None:
    async with place.connector() as connector:
        place.faults.add(Fault(kind="latency", seconds=30.0))
        await place.shop.place(20)
        await until(lambda: _is_open(connector), "the outage is not noticed")
        took = []
        for number in range(100):
            began = time.monotonic()
            assert await connector.post(change("cart", f"slow-{number}")) == 202
            took.append(time.monotonic() - began)
        assert sorted(took)[98] < 0.5
        assert (await connector.get("/livez"))[0] == 200
        place.faults.clear()
        await place.shop.arrives_once()


_STORM = 6 if ALL else 2
_LIMITED = {
    "seconds": Fault(kind="status", status=429, retry_after="1", times=_STORM),
    "C0011E with 200": Fault(kind="errors", code="C0011E", times=_STORM),
}
_MORE_LIMITED = {
    "no word of when": Fault(kind="status", status=429, times=_STORM),
    "nonsense": Fault(kind="status", status=429, retry_after="soon", times=_STORM),
}
if ALL:
    _LIMITED |= _MORE_LIMITED


@pytest.mark.parametrize("said", _LIMITED)
async def test_a_storm_of_429_ends_with_each_order_once(said: str, place: Place) -> None:
    async with place.connector():
        place.faults.add(_LIMITED[said])
        await place.shop.place(10)
        await until(lambda: not [*place.faults], "no storm")  # a rule that is used up is gone
        await place.shop.arrives_once()


async def test_tokens_that_end_in_the_middle_cost_one_sign_in_each(
    sandbox: Sandbox, place: Place
) -> None:
    async with place.connector():
        expired = Fault(kind="expire-token", operation="mutation", every=20)
        place.faults.add(expired, Fault(kind="status", status=500, operation="token", times=2))
        before = sandbox.fluent.requests["token"]
        await place.shop.place(20)
        await place.shop.arrives_once()
        ended = next(each.struck for each in place.faults if each.fault == expired)
        assert ended > 1
        assert sandbox.fluent.requests["token"] - before <= ended + 3


_BRISK = {"timeouts": {"total": "800ms"}, "breaker": {"failures": 5, "open-for": "500ms"}}


async def test_a_service_that_sleeps_through_its_leases_doubles_nothing(place: Place) -> None:
    lease = 2.0  # no call is begun with less of it left than a call may take
    queues = {"ct-queue": {"lease": f"{lease}s"}, "event-queue": {"lease": f"{lease}s"}}
    async with place.connector(queues=queues, http=_BRISK) as connector:
        for _ in range(REPEAT):
            place.faults.set([Fault(kind="latency", seconds=0.3, operation="createOrder")])
            placing = asyncio.create_task(place.shop.place(10))
            await until(lambda: place.struck > 2, "nothing in flight", 20)
            async with asleep(connector, 3 * lease):
                place.faults.clear()
            await placing
            await place.shop.arrives_once()


@asynccontextmanager
async def asleep(connector: Connector, seconds: float) -> AsyncIterator[None]:
    """Stop the process where it stands, and wake it late."""
    connector.signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        yield
        await until(lambda: time.monotonic() - began > seconds)
    finally:
        connector.signal(signal.SIGCONT)


async def test_a_service_stopped_again_and_again_under_load_loses_nothing(place: Place) -> None:
    took: list[float] = []
    for _ in range(REPEAT):
        before = place.taken
        async with place.connector() as connector:
            place.faults.set([Fault(kind="latency", seconds=0.2)])
            placing = asyncio.create_task(place.shop.place(15))
            await until(lambda: place.taken > before + 3)  # noqa: B023
            began = time.monotonic()
            assert await connector.stop() == 0
            took.append(time.monotonic() - began)
            placing.cancel()
            await asyncio.gather(placing, return_exceptions=True)
    place.faults.clear()
    async with place.connector():
        await place.shop.place(1)
        await place.shop.arrives_once()
    assert max(took) < 25
