"""What the questions of the contract are asked with: a clock, a journal, parcels."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from fluent_connect.model.fact import Fact, Known, Recorder, Statement
from fluent_connect.model.outcome import Done, Fate, Guard, Outcome
from fluent_connect.model.parcel import EVENT_QUEUE, Parcel, Put, Rank
from fluent_connect.queues.brokered import BrokeredStore
from fluent_connect.queues.store import Delivery, Store, Verdict, Write

RAISES = "the recorder raises on this value"
BREAKS = "the statement for this value does not run"
ODD = "the statement for this value holds what SQL has no type for"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def record(fact: Fact) -> Sequence[Statement]:
    """Write every fact down as it is; fail on three values of `Known`."""
    value = fact.value if isinstance(fact, Known) else None
    if value == RAISES:
        raise ValueError(value)
    if value == BREAKS:
        return (Statement("INSERT INTO nowhere VALUES", "(?)", values=(1,)),)
    odd = object() if value == ODD else type(fact).__name__
    text = msgspec.json.encode(fact).decode()
    return (Statement("INSERT INTO said (kind, fact) VALUES", "(?, ?)", values=(odd, text)),)


SCRIBE = Recorder(
    record=record,
    migrations=(
        "CREATE TABLE said (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, fact TEXT NOT NULL)",
    ),
)


async def said(store: Store, kind: str) -> list[dict[str, Any]]:
    """Return the facts of one kind that the journal holds."""
    statement = Statement("SELECT fact FROM said WHERE kind = ? ORDER BY n", values=(kind,))
    return [msgspec.json.decode(str(row["fact"])) for row in await store.read(statement)]


def parcel(
    id: str,
    key: str = "",
    *,
    body: bytes = b"{}",
    rank: Rank = "live",
    group: str = "",
    not_before: float = 0.0,
    ordered: bool = False,
    origin: str | None = None,
) -> Parcel:
    return Parcel(
        id=id,
        key=key,
        body=body,
        rank=rank,
        group=group,
        not_before=not_before,
        ordered=ordered,
        origin=origin,
    )


def puts(*parcels: Parcel, queue: str = EVENT_QUEUE) -> list[Put]:
    return [Put(queue, each) for each in parcels]


async def put(store: Store, *parcels: Parcel, queue: str = EVENT_QUEUE) -> None:
    """Put parcels as ingest does: one write each, in one commit."""
    writes = [Write(Outcome(puts=puts(each, queue=queue))) for each in parcels]
    assert list(await store.commit(*writes)) == [Verdict.APPLIED] * len(writes)


async def state(store: Store, *facts: Fact) -> Verdict:
    """Commit facts as an operator does."""
    return (await store.commit(Write(Outcome(facts=facts))))[0]


async def settle(
    store: Store,
    delivery: Delivery,
    fate: Fate | None = None,
    *,
    guards: Sequence[Guard] = (),
    put: Sequence[Put] = (),
    facts: Sequence[Fact] = (),
) -> Verdict:
    """Commit what became of one delivery."""
    outcome = Outcome(fate=fate or Done(), guards=guards, puts=put, facts=facts)
    return (await store.commit(Write(outcome, delivery)))[0]


async def take_one(store: Store, queue: str = EVENT_QUEUE, *, wait: float = 5.0) -> Delivery:
    """Take what is there; fail if nothing is."""
    deliveries = await store.take(queue, 1, wait)
    assert len(deliveries) == 1, f"{queue} hands nothing out"
    return deliveries[0]


async def arrive(store: Store, queue: str = EVENT_QUEUE) -> None:
    """Have a broker hand over all that it holds: until then, what comes first is its choice."""
    while isinstance(store, BrokeredStore) and await store._adopt_now(queue):
        continue


async def take_all(
    store: Store, queue: str = EVENT_QUEUE, *, paused: Collection[str] = ()
) -> list[Delivery]:
    """Take until nothing more is handed out."""
    taken: list[Delivery] = []
    while found := await store.take(queue, 100, 0.0, paused=paused):
        taken.extend(found)
    return taken


async def drain(store: Store, queue: str = EVENT_QUEUE) -> list[str]:
    """Take one at a time, settle each as done; return the ids in that order."""
    ids: list[str] = []
    while found := await store.take(queue, 1, 0.0):
        ids.append(found[0].parcel.id)
        assert await settle(store, found[0]) is Verdict.APPLIED
    return ids


def ids(deliveries: Sequence[Delivery]) -> list[str]:
    return [each.parcel.id for each in deliveries]
