"""A Message that commercetools sent and nobody delivered: noticed, fetched, accounted for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2e.harness import Books, Inside, configure, until
from fluent_connect.app.playground import SECRET
from fluent_connect.ingest.webhook import PATH
from fluent_connect.journal.gaps import Gap, gaps_from_rows, gaps_statement
from fluent_connect.sandbox.commercetools.envelopes import Target
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Options, Sandbox
from unit.app.cli.shelf import Shell

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
SHOPS = ({"action": "changeOrderState", "orderState": "Confirmed"},
         {"action": "changePaymentState", "paymentState": "Paid"})  # fmt: skip


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(Options(customers=1, orders=1)) as sandbox:
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration of an installation that takes all Messages of orders."""
    gaps = {"after": "400ms", "every": "100ms"}
    return configure(tmp_path / "config", gaps=gaps, subscriptions={"order": []})


async def lose_one(sandbox: Sandbox, connector: Inside) -> str:
    """Send the Messages of an order, of which the second gets lost; return the order's id."""
    commercetools = sandbox.commercetools
    target = Target(url=connector.url + PATH, api_key=SECRET, changes=(), test=False)
    commercetools.notifier.aim(target)
    lost = Fault(kind="lose", operation="OrderStateChanged", times=1)
    commercetools.faults.set([lost])
    (order,) = sandbox.build("order", range(40, 41))
    for action in SHOPS:
        commercetools.update("orders", order, action)
    assert await commercetools.notifier.drained()
    return order


async def test_what_was_lost_on_the_way_is_fetched_and_ends_like_the_others(
    sandbox: Sandbox, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    books, shell = Books(data), Shell(data, capsys)
    async with Inside(sandbox, data, folder=folder) as connector:
        order = await lose_one(sandbox, connector)
        (gap,) = await until(lambda: gaps(books, "fetched"))
        assert (gap.resource, gap.sequence) == (order, 2)
        await until(lambda: not books.ledger().waiting)
        events = {each.sequence: each for each in books.events(text=order)}
        assert sorted(number for number in events if number) == [1, 2, 3]
        assert (events[2].kind, events[2].id) == ("OrderStateChanged", gap.unit)
        assert events[2].state in {"done", "superseded"}
        assert (books.ledger().unaccounted, books.ledger().dead) == (0, 0)
        _, metrics = await connector.get("/metrics")
        assert 'sequence_gaps{state="fetched"} 1.0' in metrics
    listed = await asyncio.to_thread(shell.there, "events", "gaps")
    assert f"fetched order {order} 2 {gap.revealed}" in " ".join(listed.out.split())
    assert f"{gap.unit} from commercetools" in listed.out
    shown = await asyncio.to_thread(shell.there, "events", "show", gap.revealed)
    assert f"sequence 2 of order {order} fetched" in shown.out
    rest = await asyncio.to_thread(shell.there, "events", "gaps", "--state", "missing", "--json")
    assert (rest.code, rest.rows) == (0, [])
    assert (await asyncio.to_thread(shell.there, "events", "gaps", "--state", "lost")).code == 2


async def test_where_nobody_may_ask_the_gap_stays_and_the_traffic_goes_on(
    sandbox: Sandbox, folder: Path, tmp_path: Path
) -> None:
    books = Books(tmp_path / "data")
    async with Inside(sandbox, tmp_path / "data", folder=folder) as connector:
        order = await lose_one(sandbox, connector)
        sandbox.commercetools.faults.set([Fault(kind="status", operation="messages", status=403)])
        (gap,) = await until(lambda: [each for each in gaps(books, "missing") if each.why])
        assert "answered 403" in gap.why
        assert gap.resource == order
        await until(lambda: not books.ledger().waiting)
        assert books.ledger().unaccounted == 0
        assert not connector.service.clients.breakers.paused()
        assert (await connector.get("/readyz"))[0] == 200


def gaps(books: Books, state: str) -> list[Gap]:
    return list(gaps_from_rows(books.rows(gaps_statement(states=(state,)))))
