"""Retention and erasure, and what the recorder does with each fact."""

import time
from collections.abc import Mapping
from typing import get_args

import pytest

from fluent_connect.journal.erasure import dead_of_statement, units_of_statement
from fluent_connect.journal.record import record, recorder
from fluent_connect.journal.retention import (
    KEYS_AT_LEAST,
    expired_statement,
    next_references_statement,
    old_keys_statement,
    reference_of,
    stray_references_statement,
)
from fluent_connect.model.fact import (
    Attempted,
    Delivered,
    Erased,
    Expired,
    Fact,
    Known,
    Received,
    Sent,
    Settled,
    Split,
)
from fluent_connect.model.outcome import Done
from unit.journal.books import NOW, Books, queued, told

OLD, CUT = NOW - 90 * 86400, NOW - 30 * 86400
TABLES = ("receipt", "aside", "notification", "message", "fate", "attempt", "reference")


def left(books: Books) -> dict[str, object]:
    counts = {table: books.one(f"SELECT count(*) FROM {table}") for table in TABLES}
    return {table: count for table, count in counts.items() if count}


def live_through(books: Books, id_: str, at: float) -> None:
    books.receive(id_, at)
    books.listen(id_, at=at)
    books.remember(
        Attempted(f"{id_}.0", 1, at, 0.1, "H", "orders", "done", "", b"[]"),
        Known(f"{id_}.0", "sku", "S1"),
    )
    books.settle(f"{id_}.0", "done", at=at)


def strays(books: Books) -> list[tuple[str, str, str]]:
    return [reference_of(row) for row in books.rows(stray_references_statement())]


def test_what_is_settled_and_old_goes_with_all_its_rows(books: Books) -> None:
    live_through(books, "a", OLD)
    assert books.expire(expired_statement(CUT)) == ["a"]
    books.remember(Expired(references=strays(books)))
    assert left(books) == {}


def test_what_is_young_stays(books: Books) -> None:
    live_through(books, "a", OLD)
    live_through(books, "b", NOW)
    books.expire(expired_statement(CUT))
    assert strays(books) == [("S1", "sku", "a.0")]
    assert left(books)["receipt"] == left(books)["message"] == 1


@pytest.mark.parametrize("state", ["dead", "waiting", "recent"])
def test_what_waits_or_is_dead_or_was_settled_lately_stays(books: Books, state: str) -> None:
    books.receive("a", OLD)
    books.listen("a", 2, at=OLD)
    books.settle("a.0", "done", at=OLD)
    if state == "dead":
        books.settle("a.1", "dead", at=OLD)
    if state == "recent":
        books.settle("a.1", "done", at=NOW)
    assert books.expire(expired_statement(CUT)) == []


def test_what_is_unaccounted_stays(books: Books) -> None:
    books.receive("a", OLD)
    books.forget("parcel", "a")
    assert books.expire(expired_statement(CUT)) == []
    assert books.ledger().unaccounted == 1


def test_retention_goes_in_bounded_batches(books: Books) -> None:
    for i in range(5):
        live_through(books, f"a{i}", OLD)
    assert len(books.expire(expired_statement(CUT, limit=2))) == 2
    assert books.ledger().accepted == 3
    assert books.ledger().closes


def test_batches_repeats_and_messages_of_jobs_go_too(books: Books) -> None:
    books.receive("a", OLD)
    books.remember(Split("a", ["a-0"], "default", OLD))
    books.settle("a", "done", at=OLD)
    books.settle("a-0", "skipped", at=OLD)
    books.receive("b", OLD)
    books.settle("b", "superseded", "duplicate of x", at=OLD)
    for job in ("j", "run.1"):
        books.queue(job, None, at=OLD)
        books.settle(job, "done", at=OLD)
    books.expire(expired_statement(CUT))
    assert left(books) == {}


def test_stray_references_are_found_page_by_page(books: Books) -> None:
    live_through(books, "a", NOW)
    books.remember(*(Known(f"x{i}", "sku", f"S{i}") for i in range(3)))
    after = ("", "", "")
    found: list[Mapping[str, object]] = []
    while True:
        found += books.rows(stray_references_statement(after, limit=2))
        last = books.rows(next_references_statement(after, limit=2))
        if not last:
            break
        after = reference_of(last[0])
    assert [row["id"] for row in found] == ["x0", "x1", "x2"]


def test_inbox_keys_are_kept_for_two_weeks_at_least(books: Books) -> None:
    for key, age in (("old", KEYS_AT_LEAST + 1), ("young", KEYS_AT_LEAST - 1)):
        books.one("INSERT INTO seen VALUES (?, ?)", key, NOW - age)
    keys = [str(row["key"]) for row in books.rows(old_keys_statement(NOW, 0))]
    books.remember(Expired(keys=keys))
    assert books.column("SELECT key FROM seen") == ["young"]


@pytest.fixture
def person(books: Books) -> Books:
    """A customer's own notification, dead, and an order of theirs, done."""
    books.receive("a")
    books.remember(
        told("a", resource="cust-1", type_id="customer"),
        Attempted("a", 1, NOW, 0.1, "H", "customers", "dead", "ann@x.org", b'["ann"]'),
    )
    books.settle("a", "dead", "ann@x.org is taken")
    live_through(books, "b", NOW)
    books.remember(
        Known("b.0", "customer", "cust-1"),
        Attempted("b.0", 2, NOW + 1, 0.1, "H", "orders", "done", "", b'["ann"]'),
    )
    live_through(books, "c", NOW)
    for id_ in ("a", "b", "c"):
        books.one("INSERT INTO body VALUES (?, '{}', 'ann', 0)", id_)
    return books


def test_an_erasure_clears_bodies_and_attempts_of_what_is_known(person: Books) -> None:
    person.drop("a")
    person.remember(Erased("customer", "cust-1"))
    assert person.column("SELECT id FROM body") == ["c"]
    assert person.one("SELECT count(*) FROM attempt WHERE calls LIKE '%ann%'") == 0
    assert person.one("SELECT count(*) FROM attempt WHERE error <> ''") == 0
    assert person.ledger().closes


def test_an_erasure_empties_dead_letters_and_names_them(person: Books) -> None:
    dead = [row["id"] for row in person.rows(dead_of_statement("customer", "cust-1"))]
    person.remember(Erased("customer", "cust-1"))
    assert dead == ["a"]
    assert person.one("SELECT length(body) FROM parcel WHERE id = 'a'") == 0
    assert person.one("SELECT count(*) FROM fate WHERE reason LIKE '%ann%'") == 0
    assert person.ledger().dead == 1


def test_an_erasure_leaves_what_waits_able_to_go_on(books: Books) -> None:
    books.receive("a")
    books.one("INSERT INTO body VALUES ('a', '{}', 'x', 0)")
    books.remember(Known("a", "customer", "cust-1"), Erased("customer", "cust-1"))
    assert books.one("SELECT id FROM body") == "a"


def test_an_erasure_says_what_it_is_about(person: Books) -> None:
    rows = person.rows(units_of_statement("customer", "cust-1"))
    assert [row["unit"] for row in rows] == ["a", "b"]


def test_every_fact_has_a_record_or_is_the_stores_own() -> None:
    mute = {Delivered, Sent}
    writers = {kind for kind in get_args(Fact) if kind not in mute}
    assert len(writers) == len(get_args(Fact)) - 2
    assert record(Delivered("acme/1/order/x")) == ()
    assert record(Sent("q", ["x"])) == ()


def test_a_kind_of_fact_has_one_text_whatever_it_says() -> None:
    for one, other in (
        (Received("a", "d", 1.0, 1), Received("b", "e", 2.0, 2)),
        (Settled("a", "done", "", 1.0, 1), Settled("b", "dead", "x", 2.0, 9)),
        (queued("a.0", "a"), queued("j", None)),
        (told("a"), told("b")),
    ):
        (first,), (second,) = record(one), record(other)
        assert (first.head, first.row, first.suffix) == (second.head, second.row, second.suffix)
        assert first.row.count("?") == len(first.values)


def test_facts_are_recorded_once_however_often_they_come(books: Books) -> None:
    facts: list[Fact] = [
        Received("a", "d", NOW, 1),
        told("a"),
        queued("a.0", "a"),
        Known("a.0", "sku", "S"),
        Attempted("a.0", 1, NOW, 0.1, "H", "orders", "done", "", b"[]"),
        Settled("a", "done", "", NOW, 1),
    ]
    books.remember(*facts, *facts)
    assert set(left(books).values()) == {1}


def test_a_fact_costs_a_few_microseconds() -> None:
    fact = Settled("a" * 32, "done", "created", NOW, 1)
    started = time.perf_counter()
    for _ in range(10_000):
        record(fact)
    assert time.perf_counter() - started < 10_000 * 10e-6


def test_the_recorder_brings_its_schema() -> None:
    assert recorder().migrations
    assert Done().note == ""
