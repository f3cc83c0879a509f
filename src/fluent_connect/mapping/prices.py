# ruff: noqa: D102 - the properties of a port say it by their names
"""Which prices of a variant Fluent gets, under which type, and when that changes."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from fluent_connect.mapping.text import cut
from fluent_connect.model.errors import UnprocessableError

_EVER = 10 * 366 * 86400
_PARTS = ("currency", "country", "channel", "group", "tier", "recurrence")


class Offer(msgspec.Struct, frozen=True):
    """Whom a price is for. `name` is how a person finds it.

    tier: the quantity from which it holds; recurrence: the policy of repeated orders it is for.
    """

    name: str
    currency: str
    country: str = ""
    channel: str = ""
    group: str = ""
    tier: str = ""
    recurrence: str = ""


class Dated(Protocol):
    """What is read of a price for its validity."""

    @property
    def valid_from(self) -> str | None: ...
    @property
    def valid_until(self) -> str | None: ...
    @property
    def active(self) -> bool: ...


D = TypeVar("D", bound=Dated)


def valid(price: Dated, at: str) -> bool:
    """Say whether a price holds at a time (both UTC, as commercetools writes them)."""
    begun = not price.valid_from or _instant(price.valid_from) <= _instant(at)
    over = bool(price.valid_until) and _instant(price.valid_until or "") <= _instant(at)
    return price.active and begun and not over


def _instant(text: str) -> str:
    """Return a UTC time so that text compares as time does, with or without milliseconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return f"{whole}.{fraction:0<6}"


def limited(price: Dated) -> bool:
    """Say whether a price holds for a time only: of two for the same people, such a one counts."""
    return bool(price.valid_from or price.valid_until)


def next_change(prices: Iterable[Dated], at: str) -> float | None:
    """Return the first time after `at` (seconds since the epoch) at which a price begins or ends.

    None: no price of these does within ten years; "until 9999" means for ever.
    """
    now = _seconds(at)
    if now is None:
        return None
    texts = (text for price in prices for text in (price.valid_from, price.valid_until))
    times = (_seconds(text) for text in texts if text)
    soon = (time for time in times if time is not None and now < time <= now + _EVER)
    return min(soon, default=None)


def _seconds(text: str) -> float | None:
    """Return a UTC time in seconds since the epoch; None if it is none."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return aware.timestamp()


def price_type(offer: Offer, table: Mapping[str, str]) -> str | None:
    """Return the type under which the table keeps the price; None: it is not kept.

    A pattern is `currency/country/channel/group/tier/recurrence`: "*" takes any value and none, a
    part left empty or left out takes none; the pattern "*" alone takes every price. The first that
    fits decides; {currency} {country} {channel} {group} {tier} {recurrence} in the type are filled
    in.
    """
    parts = [getattr(offer, name) for name in _PARTS]
    for pattern, name in table.items():
        if pattern == "*" or _fits(pattern, parts):
            return _fill(name, offer)
    return None


def _fits(pattern: str, parts: Sequence[str]) -> bool:
    wanted = [*pattern.split("/"), *[""] * len(parts)][: len(parts)]
    return all(want in ("*", part) for want, part in zip(wanted, parts, strict=True))


def _fill(name: str, offer: Offer) -> str | None:
    for part in _PARTS:
        name = name.replace(f"{{{part}}}", getattr(offer, part))
    return cut(name, 255)


def asks_for(part: str, *tables: Mapping[str, str]) -> bool:
    """Say whether a table tells prices apart by this part, so that its key must be known."""
    place = _PARTS.index(part)
    for pattern, name in (each for table in tables for each in table.items()):
        parts = pattern.split("/")
        if f"{{{part}}}" in name or (len(parts) > place and parts[place] not in ("", "*")):
            return True
    return False


class Row(msgspec.Struct, frozen=True):
    """One of Fluent's price rows, and the name of the price that it was made of."""

    name: str
    fields: Mapping[str, object]

    @property
    def key(self) -> str:
        """Return by what Fluent tells rows apart, as "TYPE/CURRENCY"."""
        return f"{self.fields.get('type', '')}/{self.fields.get('currency', '')}"


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Return the rows, sorted. Raise UnprocessableError if two would be one, naming both."""
    kept: dict[str, Row] = {}
    for row in rows:
        other = kept.setdefault(row.key, row)
        if other is not row:
            kind, _, currency = row.key.rpartition("/")
            raise UnprocessableError(
                f"prices {other.name} and {row.name} are both type {kind} in {currency}:"
                " tell them apart in price-types"
            )
    return [kept[key] for key in sorted(kept)]


SENT, REMOVED = "sent", "removed"


def record(rows: Iterable[Row], before: Mapping[str, str]) -> dict[str, str]:
    """Return, by "TYPE/CURRENCY", which rows are ours: those sent now, and those removed since.

    Fluent cannot delete a price row, so that one that was ours once is ours for ever.
    """
    now = {row.key: SENT for row in rows}
    gone = {key: REMOVED for key in sorted(before) if key not in now}
    return {**now, **gone}
