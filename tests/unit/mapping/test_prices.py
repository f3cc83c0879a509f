import msgspec
import pytest

from fluent_connect.mapping.prices import (
    Offer,
    Row,
    asks_for,
    distinct,
    next_change,
    price_type,
    record,
    valid,
)
from fluent_connect.model.errors import UnprocessableError


class Dated(msgspec.Struct, frozen=True):
    valid_from: str | None = None
    valid_until: str | None = None
    active: bool = True


def row(kind: str, currency: str = "EUR", name: str = "a") -> Row:
    return Row(name, {"type": kind, "currency": currency, "value": 1.0})


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*", True),
        ("*/*/*", True),
        ("EUR/DE/store", True),
        ("EUR", False),
        ("*/", False),
        ("USD/*/*", False),
    ],
)
def test_a_pattern_takes_what_it_names(pattern: str, fits: bool) -> None:
    offer = Offer("p", "EUR", "DE", "store")
    assert (price_type(offer, {pattern: "T-{country}"}) == "T-DE") is fits


@pytest.mark.parametrize(
    ("offer", "kind"),
    [
        (Offer("p", "EUR"), "ALL"),
        (Offer("p", "EUR", tier="10"), "FROM_10"),
        (Offer("p", "EUR", recurrence="monthly"), "EACH_monthly"),
        (Offer("p", "EUR", "DE", tier="10"), None),
        (Offer("p", "EUR", group="b2b"), "B2B"),
    ],
)
def test_the_first_pattern_that_fits_decides(offer: Offer, kind: str | None) -> None:
    table = {
        "*/": "ALL",
        "*////*/": "FROM_{tier}",
        "*/////*": "EACH_{recurrence}",
        "*///b2b": "B2B",
        "*/DE": "never for tiers",
    }
    assert price_type(offer, table) == kind


def test_a_table_says_which_keys_it_needs() -> None:
    assert asks_for("channel", {"*/*/store": "T"})
    assert asks_for("channel", {}, {"*": "{channel}"})
    assert not asks_for("channel", {"*/*/*": "T", "EUR": "U"})
    assert asks_for("group", {"*/*/*/b2b": "T"})


def test_rows_are_sorted_and_two_that_are_one_are_both_named() -> None:
    rows = [row("B"), row("A", "USD"), row("A")]
    assert [each.key for each in distinct(rows)] == ["A/EUR", "A/USD", "B/EUR"]
    with pytest.raises(UnprocessableError, match="prices a and c are both type A in EUR"):
        distinct([*rows, row("A", name="c")])


@pytest.mark.parametrize(
    ("price", "holds"),
    [
        (Dated(), True),
        (Dated(active=False), False),
        (Dated("2026-01-01T00:00:00Z"), True),
        (Dated("2026-01-01T00:00:00.001Z"), False),
        (Dated(None, "2026-01-01T00:00:00.000Z"), False),
        (Dated("2025-12-31T00:00:00Z", "2026-01-02T00:00:00Z"), True),
    ],
)
def test_a_price_holds_within_its_time(price: Dated, holds: bool) -> None:
    assert valid(price, "2026-01-01T00:00:00.000000Z") is holds


def test_the_next_change_is_the_nearest_time_to_come() -> None:
    now = "1970-01-01T00:01:00.000000Z"
    prices = [
        Dated("1970-01-01T00:00:30Z", "1970-01-01T00:02:00.500Z"),
        Dated("1970-01-01T00:03:00Z"),
        Dated("1970-01-01T00:01:00Z", "no time"),
    ]
    assert next_change(prices, now) == 120.5
    assert next_change(prices[2:], now) is None
    assert next_change(prices, "") is None
    assert next_change([Dated(None, "9999-12-31T23:59:59.999Z")], now) is None
    assert next_change([Dated("1970-01-01T00:02:00")], now) == 120.0


def test_a_row_that_was_ours_is_ours_for_ever() -> None:
    held = {"A/EUR": "sent", "B/EUR": "removed", "C/EUR": "sent"}
    assert record([row("A"), row("B")], held) == {
        "A/EUR": "sent",
        "B/EUR": "sent",
        "C/EUR": "removed",
    }
