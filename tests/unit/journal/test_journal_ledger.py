import time

import pytest

from fluent_connect.journal.ledger import Ledger
from fluent_connect.model.fact import Queued, Received, Settled, Split
from fluent_connect.model.parcel import CT_QUEUE
from unit.journal.books import BLOCKED, LEASED, NOW, PARKED, READY, Books, queued


def test_an_empty_journal_closes(books: Books) -> None:
    assert books.ledger() == Ledger()
    assert books.ledger().closes


def test_an_accepted_request_waits_as_received(books: Books) -> None:
    books.receive("a")
    assert books.ledger() == Ledger(accepted=1, waiting=1, by_state={"received": 1})


@pytest.mark.parametrize(
    ("state", "tries", "due", "seen"),
    [
        (READY, 0, NOW, "queued"),
        (READY, 0, NOW + 9, "scheduled"),
        (READY, 1, NOW + 9, "retrying"),
        (LEASED, 1, NOW, "running"),
        (BLOCKED, 0, NOW, "queued"),
        (PARKED, 1, NOW + 9, "parked"),
    ],
)
def test_a_waiting_message_says_what_it_waits_for(
    books: Books, state: int, tries: int, due: float, seen: str
) -> None:
    books.receive("a")
    books.listen("a")
    books.move("a.0", state, tries=tries, due=due)
    assert books.ledger().by_state == {seen: 1}


@pytest.mark.parametrize(
    ("fates", "worst"),
    [
        (["done", "skipped"], "skipped"),
        (["done", "superseded", "skipped"], "superseded"),
        (["dead", "superseded", "done"], "dead"),
        (["done", "done"], "done"),
    ],
)
def test_a_notification_has_the_worst_fate_of_its_messages(
    books: Books, fates: list[str], worst: str
) -> None:
    books.receive("a")
    for id_, fate in zip(books.listen("a", len(fates)), fates, strict=True):
        books.settle(id_, fate)
    ledger = books.ledger()
    assert (ledger.accepted, getattr(ledger, worst)) == (1, 1)
    assert ledger.closes


def test_one_waiting_message_keeps_its_notification_waiting(books: Books) -> None:
    books.receive("a")
    books.listen("a", 2)
    books.settle("a.0", "dead")
    assert books.ledger().waiting == 1


def test_a_notification_without_messages_has_its_own_fate(books: Books) -> None:
    books.receive("a")
    books.settle("a", "skipped", "filtered")
    assert books.ledger().skipped == 1


def test_a_repeat_is_no_unit_but_is_counted_beside(books: Books) -> None:
    books.receive("a")
    books.settle("a", "skipped", "filtered")
    books.receive("b")
    books.settle("b", "superseded", "duplicate of project/1")
    assert books.ledger() == Ledger(accepted=1, skipped=1, repeats=1)
    assert books.one("SELECT count(*) FROM fate") == 1


def test_a_redelivery_of_what_is_settled_keeps_its_receipt_and_fate(books: Books) -> None:
    books.receive("a")
    books.settle("a", "done")
    books.settle("a", "superseded", "duplicate of project/1")
    assert books.ledger() == Ledger(accepted=1, done=1)


def test_a_message_superseded_at_the_fence_is_superseded(books: Books) -> None:
    books.receive("a")
    books.listen("a")
    books.settle("a.0", "superseded", "version 8 was applied")
    assert books.ledger().superseded == 1


def test_a_message_with_a_known_key_keeps_a_fate_of_its_own(books: Books) -> None:
    books.receive("a")
    books.listen("a")
    books.settle("a.0", "superseded", "duplicate of something")
    assert books.ledger() == Ledger(accepted=1, superseded=1)


def test_a_batch_counts_as_its_parts_once_split(books: Books) -> None:
    books.receive("a")
    parts = [f"a-{i}" for i in range(11)]
    for part in parts:
        books.put(CT_QUEUE, part)
    books.remember(Split("a", parts, "default", NOW))
    books.settle("a", "done", "11 parts")
    assert books.ledger().accepted == 11
    for part in parts:
        books.settle(part, "done")
    assert books.ledger() == Ledger(accepted=11, done=11)


def test_messages_of_jobs_are_counted_apart(books: Books) -> None:
    books.queue("j", None)
    books.queue("k", None)
    books.settle("k", "dead")
    ledger = books.ledger()
    assert (ledger.accepted, ledger.jobs, ledger.closes) == (0, {"queued": 1, "dead": 1}, True)


def test_a_revived_parcel_waits_again(books: Books) -> None:
    books.receive("a")
    books.settle("a", "dead", "malformed")
    books.revive("a")
    assert books.ledger().waiting == 1


def test_a_dropped_parcel_ends_skipped(books: Books) -> None:
    books.receive("a")
    books.settle("a", "dead", "malformed")
    books.drop("a")
    assert books.ledger().skipped == 1
    assert books.one("SELECT reason FROM fate") == "dropped by operator"


def test_a_final_fate_is_not_overwritten(books: Books) -> None:
    books.receive("a")
    books.settle("a", "done")
    books.settle("a", "skipped")
    assert books.ledger().done == 1


class TestARowDeletedBehindItsBack:
    @pytest.fixture(autouse=True)
    def _settled(self, books: Books) -> None:
        books.receive("a")
        books.listen("a", 2)
        books.settle("a.0", "done")
        books.settle("a.1", "done")
        assert books.ledger() == Ledger(accepted=1, done=1)

    @pytest.mark.parametrize(
        ("table", "id_"),
        [
            ("fate", "a"),
            ("fate", "a.1"),
            ("receipt", "a"),
            ("message", "a.1"),
            ("parcel", "c"),
        ],
    )
    def test_shows_as_unaccounted(self, books: Books, table: str, id_: str) -> None:
        books.receive("c")
        books.forget(table, id_)
        ledger = books.ledger()
        assert (ledger.accepted, ledger.unaccounted, ledger.closes) == (2, 1, False)
        assert books.unaccounted() == [id_.partition(".")[0]]

    def test_shows_for_a_message_that_waits(self, books: Books) -> None:
        books.receive("c")
        books.listen("c", 2)
        books.forget("parcel", "c.1")
        assert books.unaccounted() == ["c"]

    def test_shows_for_all_rows_of_a_message(self, books: Books) -> None:
        for table in ("message", "fate", "attempt"):
            books.forget(table, "a.0")
        assert books.unaccounted() == ["a"]
        books.forget("message", "a.1")
        assert (books.ledger().unaccounted, books.unaccounted()) == (1, ["a"])

    def test_shows_though_a_message_of_a_message_is_there(self, books: Books) -> None:
        refresh = Queued("a.0.0", None, "orders", "acme", "1", "order", "r-1", 7, "refresh", NOW)
        books.remember(refresh, Settled("a.0.0", "done", "", NOW, 1))
        assert books.ledger().closes
        books.forget("message", "a.1")
        assert books.unaccounted() == ["a"]

    def test_shows_for_what_could_no_longer_be_revived(self, books: Books) -> None:
        books.receive("c")
        books.settle("c", "dead")
        books.forget("parcel", "c")
        assert books.unaccounted() == ["c"]

    def test_shows_for_the_fate_of_what_is_dead(self, books: Books) -> None:
        books.receive("c")
        books.settle("c", "dead")
        books.forget("fate", "c")
        assert books.unaccounted() == ["c"]

    def test_shows_for_a_message_of_a_job(self, books: Books) -> None:
        books.queue("j", None)
        books.forget("parcel", "j")
        assert books.ledger().jobs == {"unaccounted": 1}
        assert not books.ledger().closes
        assert books.unaccounted() == ["j"]


def test_what_a_broker_keeps_counts_as_queued_there(books: Books) -> None:
    books.receive("a")
    books.listen("a")
    books.forget("parcel", "a.0")
    assert books.ledger(brokered=True).by_state == {"queued": 1}


def test_twenty_thousand_units_are_counted_within_a_quarter_of_a_second() -> None:
    books = Books()
    for i in range(20_000):
        id_ = f"{i:032x}"
        books.remember(
            Received(id_, "default", NOW, 1),
            queued(f"{id_}.0", id_),
            Settled(id_, "done", "", NOW, 1),
            Settled(f"{id_}.0", "done", "", NOW, 1),
        )
    started = time.perf_counter()
    assert books.ledger() == Ledger(accepted=20_000, done=20_000)
    assert time.perf_counter() - started < 0.25
