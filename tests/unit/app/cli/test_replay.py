"""`replay`: what was chosen is put once, whatever happens meanwhile."""

import asyncio
import re
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import change, told, until
from fluent_connect.app.cli import store
from fluent_connect.app.replay import frozen
from fluent_connect.app.replay.frozen import Head, Item
from fluent_connect.app.replay.paced import Progress, put_paced
from fluent_connect.model.fact import Statement
from fluent_connect.model.message import Message, lane
from fluent_connect.model.notification import Reference
from fluent_connect.testing.clock import FixedClock
from unit.app.cli.scene import Scene
from unit.app.cli.shelf import Shell
from unit.app.conftest import ENVIRON

CUSTOMER = "commercetools.connect.customer.upsert"


PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "replay.md"


def _figures(text: str) -> str:
    """Return the plan without how many calls were counted."""
    return re.sub(r"about \d+ calls", "about N calls", text).strip()


def item(number: int) -> Item:
    about = Reference("customer", f"c-{number}")
    message = Message(
        id=f"replay-x-{number}",
        name=CUSTOMER,
        key=lane("ACME", "1", about),
        account="ACME",
        retailer="1",
        resource=about,
        cause="replay",
    )
    return Item(message=message)


def frozen_run(data: Path, count: int) -> Head:
    head = Head(run="x", at=0.0, what="", count=count, rate=20.0)
    frozen.freeze(data, head, map(item, range(count)))
    return head


def put(scene_or_rows: Sequence[Mapping[str, Any]]) -> Counter[str]:
    return Counter(str(row["id"]) for row in scene_or_rows)


async def test_all_is_put_once_at_the_rate_however_often_it_is_begun(full: Shell) -> None:
    frozen_run(full.data, 50)
    clock, waits = FixedClock(0.0), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(seconds)

    async with store.opened(full.data / store.FILE) as opened:

        async def run(on_progress: Any) -> Progress:
            items = frozen.items_of(full.data, "x")
            return await put_paced(opened, items, 10.0, on_progress, clock=clock, sleep=sleep)

        first = await run(lambda progress: progress.done < 20)
        assert (first.put, first.before) == (20, 0)
        second = await run(lambda _: True)
        assert (second.put, second.before) == (30, 20)
        rows = await opened.read(
            Statement("SELECT id, rank FROM parcel WHERE id LIKE 'replay-%' ORDER BY seq")
        )
    assert put(rows) == Counter(f"replay-x-{number}" for number in range(50))
    assert {row["rank"] for row in rows} == {1}
    assert sum(waits) == pytest.approx(5.0, abs=0.6)


async def test_beside_a_running_service_every_message_comes_to_its_end_and_nothing_is_double(
    scene: Scene,
) -> None:
    categories = [each["id"] for each in scene.project.scan("category")][:3]
    await scene.carry(*(change("category", each) for each in categories), change("cart", "x"))
    before = scene.writes()
    async with scene.serving():
        ran = await scene.run("replay", "--since", "1h", "--yes", "--rate", "200", "--json")
        assert ran.code == 0, ran.err
        plan, result = ran.rows
        # Categories that others needed were asked for as well: they are chosen, too.
        count = plan["plan"]["count"]
        ended = Statement("SELECT id, state, reason FROM fate WHERE id LIKE 'replay-%'")
        rows = await until(lambda: len(found := scene.books.rows(ended)) >= count and found)
    assert count == len(rows) >= 3
    assert result == {"run": plan["run"], "put": len(rows), "before": 0, "left": 0}
    assert {(row["state"], row["reason"]) for row in rows} == {("done", "unchanged")}
    assert scene.writes() == before
    caused = scene.books.rows(
        Statement("SELECT DISTINCT cause FROM message WHERE id LIKE 'replay-%'")
    )
    assert [row["cause"] for row in caused] == ["replay"]
    audit = scene.books.rows(Statement("SELECT action, what FROM audit ORDER BY at"))
    assert [row["action"] for row in audit] == ["replay", "replay"]
    assert f"{len(rows)} put, 0 left" in audit[-1]["what"]


async def test_the_plan_tells_how_many_orders_would_start_fulfilment(scene: Scene) -> None:
    await scene.catalogue()
    order = scene.order(paymentState="Failed")
    await scene.carry(told("OrderCreated", "order", order["id"], version=2))
    words = ("replay", "--since", "1h", "--type", "order", "--state", "skipped", "--dry-run")
    assert (await scene.run(*words, "--json")).rows[0]["plan"]["starts"]["orders"] == 0
    scene.order(paymentState="Paid")
    before = scene.writes()
    ran = await scene.run(*words)
    assert ran.code == 0, ran.err
    page = PAGE.read_text().partition("```text\n")[2].partition("```")[0]
    assert _figures(ran.out) == _figures(page)
    assert "1 orders would start fulfilment" in ran.out
    assert "at most 1 orders would start" in (await scene.run(*words, "--offline")).out
    assert scene.writes() == before
    refused = await scene.run(*words[:-1])
    assert refused.code == 2
    assert "CLI003" in refused.err
    async with scene.serving():
        assert (await scene.run(*words[:-1], "--yes")).code == 0
        await until(lambda: scene.fluent.creations("order"))


async def test_what_is_newer_by_then_supersedes_what_is_replayed(scene: Scene) -> None:
    (customer,) = scene.project.scan("customer")
    await scene.carry(change("customer", customer["id"]))
    ran = await scene.run("replay", "--since", "1h", "--dry-run", "--json")
    assert ran.rows[0]["plan"]["by_route"] == {CUSTOMER: {"done": 1}}
    run = await scene.run("replay", "--since", "1h", "--yes", "--json")
    assert run.code == 0, run.err
    newer = scene.project.change("customer", {**customer, "firstName": "New"})
    async with scene.serving() as service:
        # The newer one is live, so it goes first; what is replayed finds it applied.
        assert await service.post(
            change("customer", customer["id"], newer["version"], "ResourceUpdated")
        )
        ended = Statement("SELECT state FROM fate WHERE id LIKE 'replay-%'")
        await until(lambda: scene.books.rows(ended))
    (held,) = scene.fluent.listing("customer")
    assert held["firstName"] == "New"


async def test_ctrl_c_stops_it_and_resume_puts_the_rest_once(
    full: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen_run(full.data, 12)
    words = [sys.executable, "-m", "fluent_connect", "replay", "--data", str(full.data)]
    process = await asyncio.create_subprocess_exec(
        *words, "--resume", "x", "--rate", "2", stdout=-1, stderr=-1, env={"PATH": "/usr/bin"}
    )
    counting = Statement("SELECT id FROM parcel WHERE id LIKE 'replay-%'")

    async def rows() -> Sequence[Mapping[str, Any]]:
        async with store.opened(full.data / store.FILE) as opened:
            return await opened.read(counting)

    await until(rows)
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130, err.decode()
    assert "replay --resume x" in err.decode()
    assert b" left" in out
    assert len(await rows()) < 12
    resumed = await asyncio.to_thread(
        full.there, "replay", "--resume", "x", "--rate", "500", "--json"
    )
    assert (resumed.code, resumed.rows[0]["left"]) == (0, 0)
    assert put(await rows()) == Counter(f"replay-x-{number}" for number in range(12))


def test_what_was_cancelled_never_goes_on(full: Shell) -> None:
    frozen_run(full.data, 3)
    assert full.there("replay", "--cancel", "x").code == 0
    ran = full.there("replay", "--resume", "x")
    assert ran.code == 6
    assert "was cancelled" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "CLI005"),
        (("--since", "soon"), 2, "CLI004"),
        (("--since", "1h", "--state", "parked"), 2, "it has not ended"),
        (("--since", "1h", "--route", "x"), 6, "CLI014"),
        (("--resume", "nothing"), 6, "there is no replay 'nothing'"),
        (("--resume", "a", "--cancel", "b"), 2, "CLI002"),
    ],
)
def test_what_cannot_be_is_told(
    full: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, said: str
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    ran = full.there("replay", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
