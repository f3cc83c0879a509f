"""Missed Messages in the journal: noticed, sought, told of, forgotten, in both databases."""

from fluent_connect.journal import gaps, retention
from fluent_connect.journal.timeline import timeline_from_rows, timeline_statement
from fluent_connect.model.fact import Expired, Missed, Sought, Swept
from fluent_connect.model.parcel import CT_QUEUE
from unit.journal.books import DEAD, NOW, Books, told


def missed(number: int, *, full: bool = True, at: float = NOW) -> Missed:
    return Missed(
        key=f"project|order|r-1|#{number}",
        project_key="project",
        type_id="order",
        resource="r-1",
        sequence=number,
        revealed="a",
        door="default",
        at=at,
        full=full,
    )


def states(books: Books) -> dict[int, str]:
    rows = books.rows(gaps.gaps_statement())
    return {each.sequence: each.state for each in gaps.gaps_from_rows(rows)}


def test_a_sweep_goes_over_what_was_read_in_its_order(books: Books) -> None:
    for id_ in ("a", "b", "c"):
        books.receive(id_)
        books.remember(told(id_))
    assert books.one(gaps.newest_statement().text) == "c"
    assert not books.rows(gaps.place_statement())
    read = gaps.told_from_rows(books.rows(gaps.told_statement("a")))
    assert [(each.id, each.sequence, each.door) for each in read] == [
        ("b", 3, "default"),
        ("c", 3, "default"),
    ]
    books.remember(Swept("gaps", "b", NOW), Swept("gaps", "c", NOW))
    assert books.rows(gaps.place_statement()) == [{"place": "c"}]


def test_what_came_is_known_by_its_key_or_waits(books: Books) -> None:
    books.one("INSERT INTO seen VALUES (?, ?)", "k1", NOW)
    assert books.rows(gaps.seen_statement(["k1", "k2"])) == [{"key": "k1"}]
    books.receive("a")
    books.remember(told("a"))
    assert not gaps.held_from_rows(books.rows(gaps.held_statement()))
    books.move("a", DEAD)
    held = gaps.held_from_rows(books.rows(gaps.held_statement()))
    assert held == {("project", "order", "r-1", 3)}


def test_a_missed_message_is_told_once_and_what_became_of_it(books: Books) -> None:
    books.receive("a")
    books.remember(
        missed(2), missed(3, full=False), Sought(missed(2).key, "fetched", NOW, "so", "u")
    )
    books.remember(missed(2))
    assert states(books) == {2: "fetched", 3: "possible"}
    (fetched,) = gaps.gaps_from_rows(books.rows(gaps.gaps_statement(states=("fetched",))))
    assert (fetched.unit, fetched.why, fetched.looks, fetched.looked_at) == ("u", "so", 1, NOW)
    steps = timeline_from_rows(books.rows(timeline_statement("a", NOW)))
    assert [(each.sequence, each.state, each.name) for each in steps if each.what == "gap"] == [
        (2, "fetched", "u"),
        (3, "possible", ""),
    ]
    counted = {row["state"]: row["count"] for row in books.rows(gaps.counts_statement())}
    assert counted == {"fetched": 1, "possible": 1}


def test_what_is_missing_is_sought_again_after_a_while(books: Books) -> None:
    books.remember(missed(2), missed(3, full=False), Sought(missed(2).key, "missing", NOW))
    assert not books.rows(gaps.unsought_statement(NOW))
    (due,) = gaps.gaps_from_rows(books.rows(gaps.unsought_statement(NOW + 1)))
    assert due.sequence == 2


def test_what_came_late_is_found_and_of_possible_ones_not_for_ever(books: Books) -> None:
    for each in (missed(2), missed(3, full=False), missed(4, full=False, at=NOW - 100)):
        books.remember(each)
        books.one("INSERT INTO seen VALUES (?, ?)", each.key, NOW)
    rows = books.rows(gaps.arrived_statement(NOW - 50))
    assert [each.sequence for each in gaps.gaps_from_rows(rows)] == [2, 3]


def test_old_ones_are_forgotten(books: Books) -> None:
    books.remember(missed(2, at=NOW - 10), missed(3))
    keys = [str(row["key"]) for row in books.rows(retention.old_gaps_statement(NOW - 5))]
    books.remember(Expired(gaps=keys))
    assert list(states(books)) == [3]
    assert CT_QUEUE == "ct-queue", "the searches name it"
