"""The contract of a Store: guards, fences, facts, writes that fail alone, kept originals."""

from collections.abc import Sequence

import pytest

from contracts.engines import LEASE, OpenStore
from contracts.scene import (
    BREAKS,
    ODD,
    RAISES,
    Clock,
    ids,
    parcel,
    put,
    puts,
    said,
    settle,
    state,
    take_all,
    take_one,
)
from fluent_connect.model.fact import Delivered, Dropped, Fact, Known, Received, Revived, Sent
from fluent_connect.model.outcome import (
    Dead,
    Done,
    Fate,
    Fence,
    Guard,
    Later,
    Newer,
    Outcome,
    Parked,
    Skipped,
    Superseded,
    Unseen,
)
from fluent_connect.model.parcel import CT_QUEUE, Parcel
from fluent_connect.queues.store import Delivery, Depth, Store, Verdict, Write

APPLIED, DUPLICATE = Verdict.APPLIED, Verdict.DUPLICATE
SUPERSEDED, REFUSED = Verdict.SUPERSEDED, Verdict.REFUSED


def _write(
    name: str,
    *guards: Guard,
    delivery: Delivery | None = None,
    facts: Sequence[Fact] = (),
) -> Write:
    """Put the parcel `name` under guards."""
    fate = Done() if delivery else None
    outcome = Outcome(fate=fate, guards=guards, puts=puts(parcel(name)), facts=facts)
    return Write(outcome, delivery)


# --- guards


async def test_a_key_passes_once(store: Store) -> None:
    assert list(await store.commit(_write("p1", Unseen("k")))) == [APPLIED]
    assert list(await store.commit(_write("p2", Unseen("k")))) == [DUPLICATE]
    assert ids(await take_all(store)) == ["p1"]


async def test_a_seen_key_refuses_its_own_write_and_not_its_neighbours(store: Store) -> None:
    await store.commit(_write("p0", Unseen("k")))
    verdicts = await store.commit(
        _write("p1", Unseen("a")), _write("p2", Unseen("k")), _write("p3", Unseen("b"))
    )
    assert list(verdicts) == [APPLIED, DUPLICATE, APPLIED]
    assert ids(await take_all(store)) == ["p0", "p1", "p3"]


async def test_a_key_passes_once_within_one_commit(store: Store) -> None:
    verdicts = await store.commit(
        _write("p1", Unseen("k")), _write("p2", Unseen("k")), _write("p3", Unseen("j"))
    )
    assert list(verdicts) == [APPLIED, DUPLICATE, APPLIED]
    assert ids(await take_all(store)) == ["p1", "p3"]


async def test_one_refused_guard_leaves_the_others_unwritten(store: Store) -> None:
    await store.commit(_write("p0", Unseen("seen")))
    refused = _write("p1", Unseen("new"), Newer("f", Fence(5)), Unseen("seen"))
    assert list(await store.commit(refused)) == [DUPLICATE]
    assert await store.fences("f") == {}
    assert list(await store.commit(_write("p2", Unseen("new")))) == [APPLIED]


async def test_a_refused_fence_leaves_its_keys_unwritten_even_in_the_same_commit(
    store: Store,
) -> None:
    await store.commit(_write("p0", Newer("f", Fence(5))))
    verdicts = await store.commit(
        _write("p1", Unseen("k"), Newer("f", Fence(4))), _write("p2", Unseen("k"))
    )
    assert list(verdicts) == [SUPERSEDED, APPLIED]
    assert ids(await take_all(store)) == ["p0", "p2"]


@pytest.mark.parametrize(
    ("version", "or_equal", "verdict"),
    [
        (6, False, APPLIED),
        (5, False, SUPERSEDED),
        (5, True, APPLIED),
        (4, False, SUPERSEDED),
        (4, True, SUPERSEDED),
        (10, False, APPLIED),
    ],
)
async def test_a_fence_lets_only_what_is_newer_pass(
    store: Store, version: int, or_equal: bool, verdict: Verdict
) -> None:
    await store.commit(_write("p0", Newer("f", Fence(5, "old"))))
    newer = Newer("f", Fence(version, "new"), or_equal=or_equal)
    assert list(await store.commit(_write("p1", newer))) == [verdict]
    stands = Fence(version, "new") if verdict is APPLIED else Fence(5, "old")
    assert await store.fences("f") == {"f": stands}
    assert ids(await take_all(store)) == ["p0", "p1"][: 2 if verdict is APPLIED else 1]


async def test_a_fence_rises_from_write_to_write_of_one_commit(store: Store) -> None:
    verdicts = await store.commit(
        _write("p1", Newer("f", Fence(2))),
        _write("p2", Newer("f", Fence(2))),
        _write("p3", Newer("f", Fence(2), or_equal=True)),
        _write("p4", Newer("f", Fence(3))),
        _write("p5", Newer("f", Fence(2), or_equal=True)),
        _write("p6", Newer("g", Fence(1))),
    )
    assert list(verdicts) == [APPLIED, SUPERSEDED, APPLIED, APPLIED, SUPERSEDED, APPLIED]
    assert await store.fences("f", "g") == {"f": Fence(3), "g": Fence(1)}
    assert ids(await take_all(store)) == ["p1", "p3", "p4", "p6"]


async def test_a_fence_reads_back_whole(store: Store) -> None:
    whole = Fence(
        7, fingerprint="m-1", output="sha-ß", deleted=True, dependencies={"price/1": 3, "ü": 4}
    )
    await store.commit(Write(Outcome(guards=(Newer("acme/1/H/order/ö", whole),))))
    assert await store.fences("acme/1/H/order/ö", "absent") == {"acme/1/H/order/ö": whole}
    assert await store.fences() == {}


async def test_guards_survive_a_reopening(reopen: OpenStore) -> None:
    first = await reopen()
    fence = Fence(3, "m", "o", deleted=True, dependencies={"a": 1})
    await first.commit(_write("p1", Unseen("k"), Newer("f", fence)))
    await first.close()
    second = await reopen()
    assert await second.fences("f") == {"f": fence}
    verdicts = await second.commit(_write("p2", Unseen("k")), _write("p3", Newer("f", Fence(3))))
    assert list(verdicts) == [DUPLICATE, SUPERSEDED]


@pytest.mark.parametrize(
    ("guard", "verdict"), [(Unseen("k"), DUPLICATE), (Newer("f", Fence(1)), SUPERSEDED)]
)
async def test_a_refused_guard_settles_its_delivery_and_drops_the_rest(
    store: Store, clock: Clock, guard: Guard, verdict: Verdict
) -> None:
    await store.commit(Write(Outcome(guards=(Unseen("k"), Newer("f", Fence(1))))))
    await put(store, parcel("c1"), queue=CT_QUEUE)
    delivery = await take_one(store, CT_QUEUE)
    write = _write("p1", guard, delivery=delivery, facts=(Received("r", "d", 1.0, 1),))
    assert list(await store.commit(write)) == [verdict]
    clock.advance(LEASE + 1)
    assert await take_all(store, CT_QUEUE) == []
    assert await take_all(store) == []
    assert await said(store, "Received") == []
    settled = await said(store, "Settled")
    assert [(each["id"], each["state"]) for each in settled] == [("c1", "superseded")]


async def test_a_lost_lease_writes_no_guards(store: Store, clock: Clock) -> None:
    await put(store, parcel("c1"), queue=CT_QUEUE)
    lost = await take_one(store, CT_QUEUE)
    clock.advance(LEASE + 1)
    await take_one(store, CT_QUEUE)
    facts = (Received("r", "d", 1.0, 1), Delivered("ref"))
    write = _write("p1", Unseen("k"), Newer("f", Fence(9)), delivery=lost, facts=facts)
    before = await store.delivered()
    verdicts = await store.commit(write, _write("p2", Unseen("k"), Newer("f", Fence(9))))
    assert list(verdicts) == [Verdict.LEASE_LOST, APPLIED]
    assert ids(await take_all(store)) == ["p2"]
    assert await said(store, "Received") == []
    assert await said(store, "Settled") == []
    assert await store.delivered() == before


# --- facts


async def test_facts_of_applied_writes_reach_the_journal_once(store: Store) -> None:
    await store.commit(_write("p0", Unseen("k")))
    first, second = Received("r1", "main", 1.5, 10), Known("r1", "sku", "ß-✓")
    verdicts = await store.commit(
        _write("p1", facts=(first, second)),
        _write("p2", Unseen("k"), facts=(Received("r2", "main", 2.0, 10),)),
    )
    assert list(verdicts) == [APPLIED, DUPLICATE]
    assert await said(store, "Received") == [{"id": "r1", "door": "main", "at": 1.5, "size": 10}]
    assert await said(store, "Known") == [{"id": "r1", "kind": "sku", "value": "ß-✓"}]


@pytest.mark.parametrize(
    ("fate", "word", "reason"),
    [
        (Done("created"), "done", "created"),
        (Skipped("filtered"), "skipped", "filtered"),
        (Superseded("version 7"), "superseded", "version 7"),
        (Dead("no such store", "traceback"), "dead", "no such store"),
    ],
)
async def test_an_end_is_told_by_the_store_itself(
    store: Store, clock: Clock, fate: Fate, word: str, reason: str
) -> None:
    await put(store, parcel("p1"))
    delivery = await take_one(store)
    clock.advance(3)
    await settle(store, delivery, fate)
    expected = {"id": "p1", "state": word, "reason": reason, "at": clock(), "tries": 1}
    assert await said(store, "Settled") == [expected]


@pytest.mark.parametrize("fate", [Later(1.0, "busy"), Parked("no parent", "x")])
async def test_what_still_waits_is_not_told_as_settled(store: Store, fate: Fate) -> None:
    await put(store, parcel("p1"))
    await settle(store, await take_one(store), fate)
    assert await said(store, "Settled") == []


async def test_a_dropped_parcel_ends_skipped(store: Store) -> None:
    await put(store, parcel("p1"))
    await settle(store, await take_one(store), Dead("broken"))
    await state(store, Dropped(("p1", "unknown")))
    settled = [(each["id"], each["state"]) for each in await said(store, "Settled")]
    assert settled == [("p1", "dead"), ("p1", "skipped")]


async def test_a_revived_parcel_ends_anew(store: Store) -> None:
    await put(store, parcel("p1"))
    await settle(store, await take_one(store), Dead("broken"))
    await state(store, Revived(("p1",)))
    await settle(store, await take_one(store))
    assert [each["state"] for each in await said(store, "Settled")] == ["dead", "done"]


async def test_sent_parcels_of_an_outbox_go_without_an_end(store: Store) -> None:
    outbox = "other!outbox"
    await put(store, *(parcel(name, "lane") for name in ("p1", "p2", "p3")), queue=outbox)
    held = await take_one(store, outbox)
    await put(store, parcel("p2"))
    await state(store, Sent(outbox, ("p1", "p2", "unknown")))
    assert await settle(store, held) is Verdict.LEASE_LOST
    assert ids(await take_all(store, outbox)) == ["p3"]
    assert ids(await take_all(store)) == ["p2"]
    assert await said(store, "Settled") == []


async def test_a_search_finds_nothing_where_nothing_is(store: Store) -> None:
    assert await said(store, "Received") == []


# --- a write that cannot be stored


@pytest.mark.parametrize("value", [RAISES, BREAKS, ODD])
async def test_a_write_whose_facts_cannot_be_stored_is_refused_alone(
    store: Store, value: str
) -> None:
    await put(store, parcel("c1"), parcel("c2"), queue=CT_QUEUE)
    good, bad = await take_all(store, CT_QUEUE)
    verdicts = await store.commit(
        _write("p1", Unseen("a"), delivery=good, facts=(Received("r1", "d", 1.0, 1),)),
        _write(
            "p2",
            Unseen("b"),
            Newer("f", Fence(1)),
            delivery=bad,
            facts=(Received("r2", "d", 1.0, 1), Known("r2", "sku", value)),
        ),
        _write("p3", Unseen("c")),
    )
    assert list(verdicts) == [APPLIED, REFUSED, APPLIED]
    assert ids(await take_all(store)) == ["p1", "p3"]
    assert [each["id"] for each in await said(store, "Received")] == ["r1"]
    assert await store.fences("f") == {}
    assert list(await store.commit(_write("p4", Unseen("b")))) == [APPLIED]
    assert await settle(store, bad, Dead("cannot be stored")) is APPLIED


async def test_a_parcel_that_cannot_be_written_is_refused_alone(store: Store) -> None:
    odd = Parcel(id="p2", key="", body=b"", headers={"door": "\ud800"})
    verdicts = await store.commit(
        _write("p1"), Write(Outcome(guards=(Unseen("k"),), puts=puts(odd))), _write("p3")
    )
    assert list(verdicts) == [APPLIED, REFUSED, APPLIED]
    assert ids(await take_all(store)) == ["p1", "p3"]
    assert list(await store.commit(_write("p4", Unseen("k")))) == [APPLIED]


# --- originals


async def _carry_on(store: Store, messages: int) -> None:
    """Do what the listener does: settle c1, put messages that come from it."""
    await put(store, Parcel("c1", "", b'{"raw": 1}', headers={"door": "main"}), queue=CT_QUEUE)
    made = [parcel(f"c1.{i}", f"lane{i}", origin="c1") for i in range(messages)]
    assert await settle(store, await take_one(store, CT_QUEUE), put=puts(*made)) is APPLIED


async def _original(store: Store) -> tuple[str, bytes, object] | None:
    found = await store.original("c1")
    return None if found is None else (found.id, found.body, found.headers)


ORIGINAL = ("c1", b'{"raw": 1}', {"door": "main"})


async def test_an_original_is_readable_once_it_was_taken(store: Store) -> None:
    await put(store, Parcel("c1", "", b'{"raw": 1}', headers={"door": "main"}), queue=CT_QUEUE)
    delivery = await take_one(store, CT_QUEUE)
    assert await _original(store) == ORIGINAL
    await settle(store, delivery, Dead("malformed"))
    assert await _original(store) == ORIGINAL
    assert await store.original("absent") is None


async def test_an_original_stays_while_messages_refer_to_it(store: Store) -> None:
    await _carry_on(store, 2)
    assert await _original(store) == ORIGINAL
    first, second = await take_all(store)
    await settle(store, first)
    assert await _original(store) == ORIGINAL
    child = parcel("c1.1.0", "other", origin="c1")
    await settle(store, second, put=puts(child))
    assert await _original(store) == ORIGINAL
    await settle(store, await take_one(store))
    assert await _original(store) is None


async def test_an_original_of_a_dead_message_stays_until_it_is_dropped(store: Store) -> None:
    await _carry_on(store, 1)
    await settle(store, await take_one(store), Dead("broken"))
    assert await _original(store) == ORIGINAL
    await state(store, Dropped(("c1.0",)))
    assert await _original(store) is None


async def test_an_original_that_nobody_refers_to_goes_with_its_parcel(store: Store) -> None:
    await _carry_on(store, 0)
    assert await _original(store) is None
    assert await store.depth(CT_QUEUE) == Depth()


async def test_an_original_is_kept_where_all_is_recorded(open_store: OpenStore) -> None:
    store = await open_store(record="all")
    await _carry_on(store, 1)
    await settle(store, await take_one(store))
    assert await _original(store) == ORIGINAL
