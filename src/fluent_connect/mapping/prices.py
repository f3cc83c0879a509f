# ruff: noqa: D102 - the properties of a port say it by their names
"""Which prices of a variant Fluent gets, under which type."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from fluent_connect.mapping import money
from fluent_connect.mapping.text import cut
from fluent_connect.model.errors import UnprocessableError


class Offer(msgspec.Struct, frozen=True):
    """A price and whom it is for. `name` is how a person finds it."""

    name: str
    amount: float
    currency: str
    country: str = ""
    channel: str = ""
    group: str = ""


class Row(Protocol):
    """What is read of a price for its validity."""

    @property
    def valid_from(self) -> str | None: ...
    @property
    def valid_until(self) -> str | None: ...
    @property
    def active(self) -> bool: ...


def valid(row: Row, at: str) -> bool:
    """Say whether a price holds at a time (both UTC, as commercetools writes them)."""
    begun = not row.valid_from or _instant(row.valid_from) <= _instant(at)
    over = bool(row.valid_until) and _instant(row.valid_until or "") <= _instant(at)
    return row.active and begun and not over


def _instant(text: str) -> str:
    """Return a UTC time so that text compares as time does, with or without milliseconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return f"{whole}.{fraction:0<6}"


def price_type(offer: Offer, table: Mapping[str, str]) -> str | None:
    """Return the type under which the table keeps the price; None: it is not kept.

    A pattern is `currency/country/channel/group`: "*" takes any value and none, a part left empty
    or left out takes none; the pattern "*" alone takes every price. The first that fits decides;
    {currency} {country} {channel} {group} in the type are filled in.
    """
    parts = (offer.currency, offer.country, offer.channel, offer.group)
    for pattern, name in table.items():
        if pattern == "*" or _fits(pattern, parts):
            return _fill(name, offer)
    return None


def _fits(pattern: str, parts: tuple[str, ...]) -> bool:
    wanted = [*pattern.split("/"), "", "", ""][: len(parts)]
    return all(want in ("*", part) for want, part in zip(wanted, parts, strict=True))


def _fill(name: str, offer: Offer) -> str | None:
    for field in ("currency", "country", "channel", "group"):
        name = name.replace(f"{{{field}}}", getattr(offer, field))
    return cut(name, 255)


def price_rows(offers: Iterable[Offer], table: Mapping[str, str]) -> list[dict[str, object]]:
    """Return Fluent's price rows, sorted. Raise UnprocessableError if two would be one."""
    kept: dict[tuple[str, str], Offer] = {}
    for offer in offers:
        name = price_type(offer, table)
        if not name:
            continue
        other = kept.setdefault((name, offer.currency), offer)
        if other is not offer:
            raise UnprocessableError(
                f"prices {other.name} and {offer.name} are both type {name} in {offer.currency}:"
                " tell them apart in price-types"
            )
    return [
        {"type": name, "currency": currency, "value": kept[name, currency].amount}
        for name, currency in sorted(kept)
    ]


def amount(value: money.Money) -> float:
    """Return the value of a price to its own decimals. Raise UnprocessableError if negative."""
    number = money.price(value)
    if number < 0:
        raise UnprocessableError("a price is negative")
    return number
