"""Operators that reckon, in Decimal: number, money, count, sum."""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import msgspec

from fluent_connect.mapping import money as amounts
from fluent_connect.mapping.rules import options, shapes
from fluent_connect.mapping.rules.compiling import Compiling
from fluent_connect.mapping.rules.paths import Scope
from fluent_connect.mapping.rules.rule import Frame, MistakenError, Rule
from fluent_connect.mapping.rules.shapes import NUMBER
from fluent_connect.mapping.rules.values import as_decimal, as_list, as_number
from fluent_connect.mapping.values import Typed
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.yaml import Table

_AS = ("number", "cents", "text", "currency")
_EXACT = Context(prec=60)


class _Amount(msgspec.Struct, frozen=True, rename="camel"):
    currency_code: str
    cent_amount: int
    fraction_digits: int | None = None
    precise_amount: int | None = None


def number(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return a number, times and plus constants, rounded half up to so many digits."""
    found = compiling.option(table, "number", frame)
    _not_below(table, "number", found, "a number")
    times, plus = options.decimal(table, "times"), options.decimal(table, "plus")
    digits = options.integer(table, "digits")
    step = None if digits is None else Decimal((0, (1,), -digits))
    inner = found.run

    def run(scope: Scope) -> Any:
        value = inner(scope)
        if value is None or value == "":
            return None
        made = as_decimal(value)
        if times is not None:
            made = _EXACT.multiply(made, times)
        if plus is not None:
            made = _EXACT.add(made, plus)
        if step is not None:
            made = made.quantize(step, ROUND_HALF_UP, _EXACT)
        return as_number(made)

    return Rule(run, found.reads, NUMBER)


def money(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return an amount as a number, as cents, as text, or its currency."""
    found = compiling.option(table, "money", frame)
    if not shapes.may_be_money(found.shape):
        what = f"`money` takes an amount, and this is {shapes.told(found.shape)}"
        known = shapes.fields(found.shape)
        inside = next((name for name, (_, deep) in known.items() if _is_money(deep)), None)
        fix = f"did you mean {found.reads[0]}.{inside}?" if inside else "name a path to an amount"
        raise MistakenError(table.entries["money"].place, what, fix)
    told = _WRITTEN[options.one_of(table, "as", _AS) or "number"]
    inner = found.run

    def run(scope: Scope) -> Any:
        value = inner(scope)
        return None if value is None else told(amount(value))

    return Rule(run, found.reads)


def _is_money(shape: shapes.Shape) -> bool:
    return not shapes.is_free(shape) and shapes.may_be_money(shape)


def amount(value: Any) -> amounts.Money:
    """Return what has been read as an amount. Raise UnprocessableError if it is none."""
    if isinstance(value, Typed):
        value = value.value
    if isinstance(value, Mapping):
        try:
            return msgspec.convert(value, _Amount)
        except msgspec.ValidationError as error:
            raise UnprocessableError("a table is no amount of money") from error
    if hasattr(value, "cent_amount"):
        made: amounts.Money = value
        return made
    raise UnprocessableError("this is no amount of money")


def _text(value: amounts.Money) -> str:
    own = amounts.digits(value)
    return amounts.text(amounts.units(value, own), own)


_WRITTEN: Mapping[str, Callable[[amounts.Money], Any]] = {
    "number": amounts.price,
    "cents": lambda value: value.cent_amount,
    "text": _text,
    "currency": lambda value: value.currency_code or None,
}


def count(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return how many elements or entries there are."""
    found = compiling.option(table, "count", frame)
    if shapes.element(found.shape) is None and shapes.entry(found.shape) is None:
        what = f"`count` takes a list or a table, and this is {shapes.told(found.shape)}"
        raise MistakenError(table.entries["count"].place, what, "name a path to a list")
    inner = found.run

    def run(scope: Scope) -> Any:
        values = inner(scope)
        return len(values) if hasattr(values, "__len__") and not isinstance(values, str) else 0

    return Rule(run, found.reads, NUMBER)


def sum_(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return the exact sum of a list of numbers, or of amounts of one currency."""
    found = compiling.option(table, "sum", frame)
    inside = shapes.element(found.shape)
    if inside is None:
        what = f"`sum` takes a list, and this is {shapes.told(found.shape)}"
        fix = "write a path with [*], such as order.lineItems[*].quantity"
        raise MistakenError(table.entries["sum"].place, what, fix)
    word = options.one_of(table, "as", _AS)
    inner = found.run

    def run(scope: Scope) -> Any:
        values = [each for each in as_list(inner(scope)) if each is not None]
        if any(isinstance(each, Mapping) or hasattr(each, "cent_amount") for each in values):
            return _WRITTEN[word or "number"](_added([amount(each) for each in values]))
        total = Decimal(0)
        for each in values:
            total = _EXACT.add(total, as_decimal(each))
        return format(total, "f") if word == "text" else as_number(total)

    return Rule(run, found.reads, NUMBER)


def _added(values: Sequence[amounts.Money]) -> amounts.Money:
    currencies = {each.currency_code for each in values}
    if len(currencies) > 1:
        told = ", ".join(sorted(currencies))
        raise UnprocessableError(f"amounts of several currencies have no sum: {told}")
    finest = max(amounts.digits(each) for each in values)
    total = sum(amounts.units(each, finest) for each in values)
    cents = sum(each.cent_amount for each in values)
    return _Amount(currencies.pop(), cents, finest, total)


def _not_below(table: Table, key: str, found: Rule, expected: str) -> None:
    shape = found.shape
    if shapes.is_free(shape) or shapes.is_single(shape):
        return
    what = f"`{key}` takes {expected}, and this is {shapes.told(shape)}"
    raise MistakenError(table.entries[key].place, what, "name a path to a single value")


MAKERS = {"number": number, "money": money, "count": count, "sum": sum_}
