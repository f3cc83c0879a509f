import pytest

from fluent_connect.journal.dead import (
    DeadFilter,
    dead_from_rows,
    dead_groups_from_rows,
    dead_groups_statement,
    dead_ids_statement,
    dead_one_statement,
    dead_statement,
)
from fluent_connect.journal.overview import (
    AuditEntry,
    MessageCount,
    Pause,
    audit_from_rows,
    audit_statement,
    message_counts_from_rows,
    message_counts_statement,
    pauses_from_rows,
    pauses_statement,
    progress_from_rows,
    progress_statement,
)
from fluent_connect.journal.search import EventFilter, EventRow, events_from_rows, events_statement
from fluent_connect.journal.states import STATES
from fluent_connect.journal.timeline import Step, timeline_from_rows, timeline_statement
from fluent_connect.model.fact import Attempted, Audited, Known, Paused, Resumed, Settled, Split
from unit.journal.books import NOW, PARKED, Books, queued, told


@pytest.fixture
def shop(books: Books) -> Books:
    """An order that is done, one that is dead, one that waits, one that was filtered out."""
    for place, id_ in enumerate(("a", "b", "c", "d")):
        books.receive(id_, NOW + place)
    for id_ in ("a", "b", "c"):
        books.listen(id_)
    books.settle("a.0", "done", "created", NOW + 10)
    books.settle("b.0", "dead", "C0120E location X", NOW + 11)
    books.move("c.0", PARKED, tries=3)
    books.one("UPDATE parcel SET reason = 'no product yet' WHERE id = 'c.0'")
    books.remember(told("d", resource="r-2", type_id="payment"))
    books.settle("d", "skipped", "filtered", NOW + 12)
    books.remember(
        Known("a.0", "order-number", "1234"),
        Attempted("a.0", 1, NOW + 9, 0.2, "OrderCreateHandler", "orders", "done", "", b"[1]"),
    )
    return books


def found(books: Books, **which: object) -> list[EventRow]:
    statement = events_statement(EventFilter(**which), NOW)  # type: ignore[arg-type]
    return list(events_from_rows(books.rows(statement)))


def test_events_are_listed_newest_first_with_their_fates(shop: Books) -> None:
    events = found(shop)
    assert [(e.id, e.state, e.reason) for e in events] == [
        ("d", "skipped", "filtered"),
        ("c", "parked", "no product yet"),
        ("b", "dead", "C0120E location X"),
        ("a", "done", "created"),
    ]


def test_an_event_tells_what_tools_rely_on(shop: Books) -> None:
    event = found(shop, text="a")[0]
    assert (event.notification_id, event.resource, event.version) == ("n-a", "r-1", 7)
    assert (event.route, event.account, event.received_at) == ("orders", "acme", NOW)
    assert (event.settled_at, event.tries, event.messages) == (NOW + 10, 1, 1)


@pytest.mark.parametrize(
    ("which", "ids"),
    [
        ({"states": ["dead"]}, ["b"]),
        ({"states": ["waiting", "done"]}, ["c", "a"]),
        ({"route": "orders", "limit": 2}, ["c", "b"]),
        ({"route": "other"}, []),
        ({"account": "acme"}, ["c", "b", "a"]),
        ({"type": "payment"}, ["d"]),
        ({"since": NOW + 1, "until": NOW + 3}, ["c", "b"]),
        ({"text": "1234"}, ["a"]),
        ({"text": "r-2"}, ["d"]),
        ({"text": "n-c"}, ["c"]),
        ({"text": "b.0"}, ["b"]),
        ({"text": "nothing"}, []),
        ({"reason": "C0120E"}, ["b"]),
        ({"reason": "product"}, ["c"]),
        ({"after": "c", "limit": 1}, ["b"]),
        ({"text": "r-1", "states": ["done"], "since": NOW}, ["a"]),
    ],
)
def test_events_are_filtered(shop: Books, which: dict[str, object], ids: list[str]) -> None:
    assert [event.id for event in found(shop, **which)] == ids


def test_a_state_finds_the_events_that_are_told_to_be_in_it(shop: Books) -> None:
    told = found(shop)
    for state in STATES:
        ids = [event.id for event in told if event.state == state]
        assert [event.id for event in found(shop, states=[state])] == ids
    rare = [event.id for event in told if event.state in {"dead", "parked", "retrying"}]
    assert [e.id for e in found(shop, states=["dead", "parked", "retrying"])] == rare
    assert rare


def test_the_worst_of_several_messages_speaks_for_the_event(books: Books) -> None:
    books.receive("a")
    books.remember(told("a"), queued("a.0", "a"), queued("a.1", "a", name="worse"))
    books.settle("a", "done")
    books.settle("a.0", "done", "created")
    books.remember(Settled("a.1", "superseded", "version 9 was applied", NOW, 1))
    event = found(books)[0]
    assert (event.state, event.route, event.messages) == ("superseded", "worse", 2)
    assert event.reason == "version 9 was applied"


@pytest.mark.parametrize("id_", ["a", "a.0", "n-a", "1234"])
def test_any_id_leads_to_the_whole_story(shop: Books, id_: str) -> None:
    steps = timeline_from_rows(shop.rows(timeline_statement(id_, NOW)))
    assert [(step.what, step.id) for step in steps] == [
        ("receipt", "a"),
        ("notification", "a"),
        ("message", "a.0"),
        ("fate", "a"),
        ("attempt", "a.0"),
        ("fate", "a.0"),
    ]
    assert steps[4].calls == "[1]"
    assert steps[5].state == "done"


def test_a_story_ends_with_where_things_stand(shop: Books) -> None:
    steps = timeline_from_rows(shop.rows(timeline_statement("c", NOW)))
    assert steps[-1] == Step(
        what="parcel",
        unit="c",
        id="c.0",
        at=NOW,
        name="event-queue",
        state="parked",
        reason="no product yet",
        tries=3,
    )


def test_a_resource_leads_to_the_newest_of_its_units(shop: Books) -> None:
    steps = timeline_from_rows(shop.rows(timeline_statement("r-1", NOW, limit=2)))
    assert [step.unit for step in steps if step.what == "receipt"] == ["c", "b"]


def test_a_batch_leads_to_its_parts(books: Books) -> None:
    books.receive("a")
    books.remember(Split("a", ["a-0", "a-1"], "default", NOW))
    books.settle("a", "done", "2 parts")
    steps = timeline_from_rows(books.rows(timeline_statement("a", NOW)))
    assert [(s.what, s.id) for s in steps] == [
        ("receipt", "a-1"),
        ("receipt", "a-0"),
        ("aside", "a"),
        ("fate", "a"),
    ]


def test_a_repeat_tells_of_what_it_is_one(shop: Books) -> None:
    shop.receive("e")
    shop.settle("e", "superseded", "duplicate of n-a")
    steps = timeline_from_rows(shop.rows(timeline_statement("e", NOW)))
    assert [(s.what, s.kind, s.reason) for s in steps] == [("aside", "repeat", "duplicate of n-a")]


def test_a_message_of_a_job_has_a_story(books: Books) -> None:
    books.queue("j", None)
    steps = timeline_from_rows(books.rows(timeline_statement("r-1", NOW)))
    assert [(s.what, s.id) for s in steps] == [("message", "j"), ("parcel", "j")]


def test_an_unknown_id_has_no_story(shop: Books) -> None:
    assert timeline_from_rows(shop.rows(timeline_statement("nobody", NOW))) == []


def test_dead_letters_are_listed_grouped_and_shown(shop: Books) -> None:
    shop.receive("e")
    shop.settle("e", "dead", "malformed", NOW + 20)
    listed = dead_from_rows(shop.rows(dead_statement(DeadFilter())))
    assert [(d.id, d.reason, d.route, d.original) for d in listed] == [
        ("e", "malformed", None, "e"),
        ("b.0", "C0120E location X", "orders", "b"),
    ]
    groups = dead_groups_from_rows(shop.rows(dead_groups_statement()))
    assert [(g.reason, g.count, g.example, g.last) for g in groups] == [
        ("C0120E location X", 1, "b.0", NOW + 11),
        ("malformed", 1, "e", NOW + 20),
    ]
    shown = dead_from_rows(shop.rows(dead_one_statement("b.0")))
    assert (shown[0].notification_id, shown[0].resource, shown[0].version) == ("n-b", "r-1", 7)


def test_dead_letters_are_filtered(shop: Books) -> None:
    for which, ids in (
        (DeadFilter(route="orders", account="acme", type="order", reason="C0120E"), ["b.0"]),
        (DeadFilter(queue="ct-queue"), []),
        (DeadFilter(after="b.0"), []),
    ):
        assert [row["id"] for row in shop.rows(dead_ids_statement(which))] == ids


def test_pauses_stand_until_they_are_resumed(books: Books) -> None:
    books.remember(Paused("acme/*", NOW, "ann"), Paused("*", NOW, "bob"), Resumed("*"))
    books.remember(Paused("acme/*", NOW + 1, "cy"))
    assert pauses_from_rows(books.rows(pauses_statement())) == [Pause("acme/*", NOW + 1, "cy")]


def test_the_audit_is_told_newest_first(books: Books) -> None:
    books.remember(Audited(NOW, "ann", "pause", "*"), Audited(NOW + 1, "ann", "resume", "*"))
    entries = audit_from_rows(books.rows(audit_statement(limit=1)))
    assert entries == [AuditEntry(NOW + 1, "ann", "resume", "*")]
    older = audit_from_rows(books.rows(audit_statement(before=NOW + 1)))
    assert [entry.action for entry in older] == ["pause"]


def test_progress_is_the_time_of_the_last_fate(shop: Books) -> None:
    assert progress_from_rows(shop.rows(progress_statement())) == NOW + 12
    assert progress_from_rows(Books().rows(progress_statement())) is None
    assert progress_from_rows([]) is None


def test_messages_are_counted_by_account_route_and_state(shop: Books) -> None:
    counts = message_counts_from_rows(shop.rows(message_counts_statement(NOW)))
    assert counts == [
        MessageCount("acme", "orders", "done", 1),
        MessageCount("acme", "orders", "dead", 1),
        MessageCount("acme", "orders", "parked", 1),
    ]
