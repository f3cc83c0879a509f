"""Random histories: the ledger says of each unit what plain Python says."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from fluent_connect.journal.search import EventFilter, events_from_rows, events_statement
from fluent_connect.journal.states import STATES, WAITING
from fluent_connect.model.fact import Split
from fluent_connect.model.parcel import CT_QUEUE
from unit.journal.books import BLOCKED, LEASED, NOW, PARKED, READY, Books

MOVES = {
    "queued": (READY, 0, NOW),
    "scheduled": (READY, 0, NOW + 60),
    "retrying": (READY, 2, NOW + 60),
    "running": (LEASED, 1, NOW),
    "parked": (PARKED, 1, NOW + 60),
}
FATES = ("done", "skipped", "superseded", "dead")


class Oracle:
    """What each receipt and message is, kept beside the books."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.state: dict[str, str] = {}
        self.messages: dict[str, list[str]] = {}
        self.jobs: list[str] = []
        self.repeats = 0
        self.made = 0

    def new(self) -> str:
        self.made += 1
        return f"{self.made:032x}"

    def receive(self, _: int, __: int) -> None:
        id_ = self.new()
        self.books.receive(id_)
        self.state[id_], self.messages[id_] = "received", []

    def split(self, pick: int, size: int) -> None:
        unit = self.choose(pick, {"received"}, self.messages)
        if unit is None or "-" in unit:
            return
        parts = [f"{unit}-{i}" for i in range(size + 1)]
        self.books.remember(Split(unit, parts, "default", NOW))
        self.books.settle(unit, "done", "split")
        del self.state[unit], self.messages[unit]
        for part in parts:
            self.books.put(CT_QUEUE, part)
            self.state[part], self.messages[part] = "received", []

    def listen(self, pick: int, size: int) -> None:
        unit = self.choose(pick, {"received"}, self.messages)
        if unit is not None:
            for message in self.books.listen(unit, size):
                self.state[message] = "queued"
                self.messages[unit].append(message)
            self.state[unit] = "done"

    def repeat(self, pick: int, _: int) -> None:
        unit = self.choose(pick, {"received"}, self.messages)
        if unit is not None:
            self.books.settle(unit, "superseded", "duplicate of x")
            del self.state[unit], self.messages[unit]
            self.repeats += 1

    def job(self, _: int, __: int) -> None:
        id_ = self.new()
        self.books.queue(id_, None)
        self.state[id_] = "queued"
        self.jobs.append(id_)

    def follow(self, pick: int, _: int) -> None:
        """Let a message emit another one of the same notification."""
        unit = self.choose(pick, {"done"}, self.messages)
        if unit is not None and self.messages[unit]:
            id_ = f"{self.messages[unit][-1]}.0"
            self.books.queue(id_, unit)
            self.state[id_] = "queued"
            self.messages[unit].append(id_)

    def move(self, pick: int, how: int) -> None:
        id_ = self.choose(pick, set(WAITING) - {"received"}, self.state)
        if id_ is not None and id_ not in self.messages:
            self.state[id_] = sorted(MOVES)[how % len(MOVES)]
            state, tries, due = MOVES[self.state[id_]]
            blocked = self.state[id_] == "queued" and how % 2
            self.books.move(id_, BLOCKED if blocked else state, tries=tries, due=due)

    def settle(self, pick: int, how: int) -> None:
        id_ = self.choose(pick, set(WAITING), self.state)
        if id_ is not None:
            self.state[id_] = FATES[how % len(FATES)]
            self.books.settle(id_, self.state[id_], "why")

    def revive(self, pick: int, _: int) -> None:
        id_ = self.choose(pick, {"dead"}, self.state)
        if id_ is not None:
            self.books.revive(id_)
            self.state[id_] = "received" if id_ in self.messages else "queued"

    def drop(self, pick: int, _: int) -> None:
        id_ = self.choose(pick, {"dead"}, self.state)
        if id_ is not None:
            self.books.drop(id_)
            self.state[id_] = "skipped"

    def lose(self, pick: int, how: int) -> None:
        """Delete a row that somebody needs."""
        id_ = self.choose(pick, set(STATES) - {"unaccounted"}, self.state)
        if id_ is not None:
            dead = self.state[id_] == "dead"
            waits = self.state[id_] in WAITING
            self.books.forget("parcel" if waits or (dead and how % 2) else "fate", id_)
            self.state[id_] = "unaccounted"

    def choose(self, pick: int, states: set[str], among: object) -> str | None:
        assert isinstance(among, dict)
        ids = sorted(id_ for id_ in among if self.state[id_] in states)
        return ids[pick % len(ids)] if ids else None

    def unit(self, id_: str) -> str:
        messages = [self.state[message] for message in self.messages[id_]]
        own = self.state[id_]
        if not messages or own == "unaccounted":
            return own
        return max(messages, key=STATES.index)


ACTS = (
    "receive",
    "receive",
    "split",
    "listen",
    "listen",
    "repeat",
    "job",
    "follow",
    "move",
    "settle",
    "settle",
    "revive",
    "drop",
    "lose",
)
histories = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, 50), st.integers(0, 11)), max_size=60
)


@settings(max_examples=150)
@given(histories)
def test_the_ledger_agrees_with_plain_python_over_any_history(
    history: list[tuple[str, int, int]],
) -> None:
    oracle = Oracle(Books())
    for act, pick, how in history:
        getattr(oracle, act)(pick, how)
    units = {id_: oracle.unit(id_) for id_ in oracle.messages}
    counts = Counter(units.values())
    ledger = oracle.books.ledger()
    assert ledger.accepted == len(units)
    assert {state: getattr(ledger, state) for state in (*FATES, "unaccounted")} == {
        state: counts[state] for state in (*FATES, "unaccounted")
    }
    assert ledger.by_state == {state: counts[state] for state in WAITING if counts[state]}
    assert ledger.repeats == oracle.repeats
    assert ledger.jobs == Counter(oracle.state[id_] for id_ in oracle.jobs)
    assert set(oracle.books.unaccounted()) == {
        id_
        for id_ in (*units, *oracle.jobs)
        if (units.get(id_) or oracle.state[id_]) == "unaccounted"
    }
    rows = oracle.books.rows(events_statement(EventFilter(limit=1000), NOW))
    assert {event.id: event.state for event in events_from_rows(rows)} == units
