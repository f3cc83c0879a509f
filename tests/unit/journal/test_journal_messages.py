"""The search for messages that are to be looked at once more."""

import pytest

from fluent_connect.journal.messages import (
    MessageFilter,
    MessageRow,
    messages_from_rows,
    messages_statement,
)
from fluent_connect.model.fact import Known, Queued, Received, Told
from unit.journal.books import NOW, Books


def notify(
    books: Books,
    id_: str,
    resource: str,
    at: float,
    *,
    kind: str = "ResourceUpdated",
    name: str = "orders",
    version: int = 1,
) -> None:
    books.remember(
        Received(id_, "default", at, 10),
        Told(id_, f"n-{id_}", kind, "shop", "order", resource, version, version, at),
        Queued(f"{id_}.0", id_, name, "ACME", "1", "order", resource, version, "notification", at),
    )


@pytest.fixture
def shop(books: Books) -> Books:
    """Order A told twice and deleted, order B told once, an event about B, a refresh of A."""
    notify(books, "01", "A", NOW)
    notify(books, "02", "A", NOW + 1, version=2)
    notify(books, "03", "B", NOW + 2)
    notify(books, "04", "A", NOW + 3, kind="ResourceDeleted", version=2)
    notify(books, "05", "B", NOW + 4, name="events")
    notify(books, "06", "B", NOW + 5, name="events")
    books.remember(
        Queued("06.0.r", "06", "orders", "ACME", "2", "order", "A", None, "refresh", NOW + 6),
        Known("03.0", "order-number", "1234"),
    )
    return books


def found(books: Books, **which: object) -> list[MessageRow]:
    statement = messages_statement(MessageFilter(**which))  # type: ignore[arg-type]
    return list(messages_from_rows(books.rows(statement)))


def ids(books: Books, **which: object) -> list[tuple[str, int]]:
    return [(row.id, row.repeats) for row in found(books, **which)]


def test_the_newest_about_a_resource_stands_for_its_like(shop: Books) -> None:
    told = ids(shop)
    assert told == [("06.0.r", 1), ("06.0", 2), ("04.0", 1), ("03.0", 1), ("02.0", 2)]


def test_of_some_names_each_message_counts(shop: Books) -> None:
    assert ids(shop, each=("events",), route="events") == [("06.0", 1), ("05.0", 1)]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({"route": "events"}, ["06.0"]),
        ({"account": "ACME/2"}, ["06.0.r"]),
        ({"account": "OTHER"}, []),
        ({"since": NOW + 3}, ["06.0.r", "06.0", "04.0"]),
        ({"until": NOW + 1}, ["01.0"]),
        ({"text": "1234"}, ["03.0"]),
        ({"text": "02"}, ["02.0"]),
        ({"text": "06"}, ["06.0"]),
        ({"text": "n-06"}, ["06.0"]),
        ({"text": "06.0.r"}, ["06.0.r"]),
        ({"text": "nothing"}, []),
        ({"text": "A", "route": "orders", "account": "ACME/1"}, ["04.0", "02.0"]),
        ({"limit": 1}, ["06.0.r"]),
    ],
)
def test_messages_are_found_by(shop: Books, which: dict[str, object], expected: list[str]) -> None:
    assert [row.id for row in found(shop, **which)] == expected


def test_a_row_tells_what_the_message_said(shop: Books) -> None:
    row = found(shop, text="1234")[0]
    assert (row.unit, row.kind, row.version, row.sequence) == ("03", "ResourceUpdated", 1, 1)
    assert (row.type_id, row.resource, row.project_key) == ("order", "B", "shop")


def test_what_a_message_made_necessary_is_of_no_kind(shop: Books) -> None:
    row = found(shop, account="ACME/2")[0]
    assert (row.kind, row.cause, row.sequence, row.unit) == ("", "refresh", None, "06")
