"""What the tests of mapping rules share: a made-up source, and one call to fill a target."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.rules.blocks import Blocks, parsed
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Given, Mapper
from fluent_connect.mapping.rules.target import Target


class Money(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    currency_code: str = "EUR"
    cent_amount: int = 0
    fraction_digits: int | None = 2
    precise_amount: int | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    value: Money = Money()


class Custom(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    fields: Mapping[str, Any] = {}


class Named(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    name: str
    value: Any = None


class Line(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str = ""
    quantity: int = 1
    name: Mapping[str, str] = {}
    total_price: Money | None = None
    price: Price | None = None
    attributes: Sequence[Named] = ()
    custom: Custom | None = None


class Order(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str = "o-1"
    order_number: str | None = None
    origin: str | None = None
    completed_at: str | None = None
    total_price: Money = Money()
    line_items: Sequence[Line] = ()
    custom: Custom | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    line: Line
    net: Money | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    order: Order = Order()
    items: Sequence[Item] = ()


TARGETS = {"order": Target(Source), "item": Target(Item)}


def rules(*texts: str, **more: Any) -> Rules:
    """Return the rules of files `1.yml`, `2.yml`, …, each over the one before."""
    blocks = Blocks()
    for number, text in enumerate(texts, 1):
        blocks = parsed(text, f"{number}.yml").over(blocks)
    return Rules(blocks, more.pop("targets", TARGETS), settings=Settings, **more)


def mapper(*texts: str, settings: Settings | None = None) -> Mapper:
    given = Given(settings or Settings(), "ACME", "5", "shop", {"season": "SS26"})
    return Mapper(rules(*texts), given)


def order(**fields: Any) -> Source:
    """Return a source whose order is this, in commercetools' JSON."""
    return Source(order=msgspec.convert(fields, Order))


def filled(fields: str, source: Source | None = None, settings: Settings | None = None) -> Any:
    """Return what the lines make of a source, as fields of the target `order`."""
    indented = "\n".join(f"    {line}" for line in fields.strip().splitlines())
    return mapper(f"order:\n  fields:\n{indented}\n", settings=settings).fill(
        "order", source or Source()
    )


def attributed(lines: str, source: Source | None = None, settings: Settings | None = None) -> Any:
    """Return the attributes that the lines make of a source, by name: (type, value)."""
    indented = "\n".join(f"    {line}" for line in lines.strip().splitlines())
    made = mapper(f"order:\n  attributes:\n{indented}\n", settings=settings).fill(
        "order", source or Source()
    )
    listed: Any = made.get("attributes", ())
    return {each["name"]: (each["type"], each["value"]) for each in listed}


def mistakes(*texts: str, **more: Any) -> list[str]:
    """Return what is wrong with the files, a line each."""
    return [f"{one.place}: {one.what}; {one.fix}" for one in rules(*texts, **more).faults()]
