"""What a replay would come to, told before anything is put."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from fluent_connect.app.replay.frozen import Item
from fluent_connect.app.shadow.editions import Edition
from fluent_connect.app.shadow.recorded import Records
from fluent_connect.app.shadow.studio import Studio
from fluent_connect.journal.messages import (
    MessageRow,
    calls_statement,
    fates_statement,
)
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.message import Cause, Message
from fluent_connect.queues.store import Store

_AT_ONCE = 8
_IDS = 500
_USUAL_CALLS = 3.0
"""Calls that a message takes where the journal has no attempt on its route."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the journal that is to be put again, and how it ended."""

    item: Item
    state: str


class Starts(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders would start fulfilment; of `unknown` ones nobody can tell now."""

    orders: int = 0
    unknown: int = 0
    asked: bool = True


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The blast radius: how many by route and state, fulfilments, calls, minutes at the rate."""

    count: int
    by_route: Mapping[str, Mapping[str, int]]
    starts: Starts
    calls: int
    minutes: float


async def choose(
    store: Store, rows: Sequence[MessageRow], edition: Edition, run: str, cause: Cause = "replay"
) -> list[Chosen]:
    """Return the messages as they will be put, oldest first, each under an id of the run."""
    records = Records(store, edition.config, edition.handlers)
    states = await _states(store, [row.id for row in rows])
    chosen: list[Chosen] = []
    for number, row in enumerate(reversed(rows)):
        recorded = await records.message(row)
        message = msgspec.structs.replace(
            recorded.message, id=f"{cause}-{run}-{number}", cause=cause, notification=None
        )
        known = row.name in edition.routes
        item = Item(
            message=message,
            origin=row.unit if recorded.body else None,
            ordered=known and edition.routes.find(row.name).ordered,
        )
        chosen.append(Chosen(item=item, state=states.get(row.id, "")))
    return chosen


async def _states(store: Store, ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(ids), _IDS):
        rows = await store.read(fates_statement(ids[start : start + _IDS]))
        found.update((str(row["id"]), str(row["state"])) for row in rows)
    return found


async def plan_of(store: Store, chosen: Sequence[Chosen], starts: Starts, rate: float) -> Plan:
    """Return what putting the chosen messages would come to."""
    by_route: dict[str, Counter[str]] = {}
    for each in chosen:
        by_route.setdefault(each.item.message.name, Counter())[each.state] += 1
    calls = 0.0
    for route, states in by_route.items():
        calls += states.total() * await _calls_each(store, route)
    return Plan(
        count=len(chosen),
        by_route=by_route,
        starts=starts,
        calls=round(calls),
        minutes=round(len(chosen) / rate / 60, 1),
    )


async def _calls_each(store: Store, route: str) -> float:
    """Return how many calls a message of a route took lately."""
    rows = await store.read(calls_statement(route))
    counts = [len(msgspec.json.decode(str(row["calls"]) or "[]")) for row in rows]
    return sum(counts) / len(counts) if counts else _USUAL_CALLS


async def count_starts(
    reading: Studio,
    edition: Edition,
    messages: Sequence[Message],
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> Starts:
    """Return how many of these messages would create an order: each is mapped, none is sent."""
    route = edition.routes.upserting("order")
    orders = {
        (each.account, each.retailer, str(each.resource)): each
        for each in messages
        if route is not None and each.name == route.name
    }
    asked = list(orders.values())
    found: Counter[bool | None] = Counter()
    for start in range(0, len(asked), _AT_ONCE):
        some = asked[start : start + _AT_ONCE]
        found.update(await asyncio.gather(*(_starts(reading, edition, each) for each in some)))
        on_progress(start + len(some), len(asked))
    return Starts(orders=found[True], unknown=found[None])


async def _starts(reading: Studio, edition: Edition, message: Message) -> bool | None:
    """Say whether a message would create an order; None: it cannot be told now."""

    async def payload() -> None:
        return None

    (drawn,) = await reading.drawn(message, payload, edition)
    if drawn.outcome == "unread":
        return None
    if drawn.outcome != "mapped":
        return False
    try:
        held = await reading.held(edition, message, drawn)
    except ConnectError:
        return None
    return any(each.entity == "order" and each.how == "missing" for each in held)
