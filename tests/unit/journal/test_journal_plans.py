"""How SQLite goes about what operators wait for: by indexes, however many parcels there are."""

import pytest

from fluent_connect.journal.search import EventFilter, events_statement
from fluent_connect.model.fact import Statement
from unit.journal.databases import InSqlite


def plan(statement: Statement) -> str:
    rows = InSqlite().run(f"EXPLAIN QUERY PLAN {statement.text}", statement.values)
    return "\n".join(str(row["detail"]) for row in rows)


@pytest.mark.parametrize(
    "which",
    [
        EventFilter(),
        EventFilter(states=("dead",)),
        EventFilter(type="order"),
        EventFilter(text="1"),
    ],
)
def test_a_page_of_events_reads_no_queue_whole(which: EventFilter) -> None:
    steps = plan(events_statement(which, 0.0))
    assert "parcel_id" in steps
    assert "MATERIALIZE live" not in steps
    assert "SCAN parcel" not in steps


def test_of_units_that_ended_otherwise_only_those_with_such_a_fate_are_judged() -> None:
    unjudged = plan(events_statement(EventFilter(states=("skipped", "done")), 0.0))
    steps = plan(events_statement(EventFilter(states=("skipped", "superseded")), 0.0))
    judged_first = "CORRELATED SCALAR SUBQUERY"
    assert judged_first not in unjudged
    assert steps.index(judged_first) < steps.index("SEARCH x USING PRIMARY KEY (id>? AND id<?)")
    assert steps.index("SEARCH x ") < steps.index("SEARCH m ")
