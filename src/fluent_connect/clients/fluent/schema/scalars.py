"""What may stand in a scalar of Fluent's schema. Nothing of a value is told but its kind and size.

Sources: fluent-api.md 2, "Limits" (255 where nothing else is stated), the code C0122E (no negative
amounts), the lengths that the schema states; GraphQL for the 32 bits of an Int.
"""

import datetime as dt
import math
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal

from fluent_connect.clients.fluent.model import Ref

NOT_STATED = 255
"""The longest text where the schema states none."""
NOT_NEGATIVE = frozenset(
    {
        *("amount", "price", "paidPrice", "taxPrice", "totalPrice", "totalTaxPrice"),
        *("fulfilmentPrice", "fulfilmentTaxPrice", "quantity", "unscaledValue"),
    }
)
"""Fields in which Fluent refuses less than zero (C0122E); of a PriceInput, its `value` too."""
LARGEST, SMALLEST = 2**31 - 1, -(2**31)
_DEEPEST = 64

Leaf = Callable[[object], str | None]
"""Return what is wrong with a value; None if nothing is."""


def leaf(type_: str, *, most: int | None, required: bool, negative: bool) -> Leaf:
    """Return the check of a scalar; of a type that is not known, one that lets all pass."""
    if type_ == "String":
        return _text(NOT_STATED if most is None else most, required=required)
    if type_ in {"Int", "Float"}:
        return _number(whole=type_ == "Int", negative=negative)
    return _LEAVES.get(type_, _anything)


def plainly(type_: str, most: int | None) -> int:
    """Return up to which `len` any text that is not empty may stand in a scalar."""
    if type_ == "String":
        return (NOT_STATED if most is None else most) // 2
    return sys.maxsize if type_ in {"ID", "Json"} else 0


def enum(values: frozenset[str]) -> Leaf:
    """Return the check of a value that must be one of these."""
    wanted = f"is none of {', '.join(sorted(values))}"

    def check(value: object) -> str | None:
        return None if isinstance(value, str) and value in values else wanted

    return check


def kind(value: object) -> str:
    """Return what a value is, and no more of it: it may be somebody's name."""
    if isinstance(value, str):
        return f"a text of {units(value)} characters"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float | Decimal):
        return f"a number ({type(value).__name__})"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return f"a {type(value).__name__}"


def units(text: str) -> int:
    """Return the length of a text as Fluent counts it: in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _text(most: int, *, required: bool) -> Leaf:
    surely, least = most // 2, 1 if required else 0

    def check(value: object) -> str | None:
        if value.__class__ is str and least <= len(value) <= surely:
            return None
        if not isinstance(value, str):
            return f"is {kind(value)}, and must be a text"
        if len(value) < least:
            return "is empty, and is required"
        length = units(value)
        return None if length <= most else f"is too long: {length} characters, at most {most}"

    return check


def _number(*, whole: bool, negative: bool) -> Leaf:
    must = "must be a whole number" if whole else "must be a number"
    least = SMALLEST if negative else 0

    def check(value: object) -> str | None:
        plain = value.__class__ is int or (value.__class__ is float and not whole)
        if plain and least <= value <= LARGEST:  # type: ignore[operator]
            return None
        if not isinstance(value, int | float | Decimal) or value is True or value is False:
            return f"is {kind(value)}, and {must}"
        if not math.isfinite(value):
            return "is not a finite number"
        if value < 0 and not negative:
            return "is negative, which Fluent refuses (C0122E)"
        return _whole(value) if whole else None

    return check


def _whole(value: float | Decimal) -> str | None:
    if value % 1:
        return "is a fraction, and must be a whole number"
    return None if SMALLEST <= value <= LARGEST else "does not fit into 32 bits"


def identity(value: object) -> str | None:
    """Return what is wrong with an id; a `Ref` stands for one."""
    if isinstance(value, Ref):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return f"is {kind(value)}, and must be an id"
    return "is empty, and must be an id" if value == "" else None


def _boolean(value: object) -> str | None:
    return (
        None if value is True or value is False else f"is {kind(value)}, and must be true or false"
    )


def _moment(value: object) -> str | None:
    if isinstance(value, dt.datetime):
        return None
    if not isinstance(value, str):
        return f"is {kind(value)}, and must be the text of a date and time"
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return f"is {kind(value)}, and must be a date and time in ISO 8601"
    return None if "T" in value else "is a date without a time"


def _json(value: object) -> str | None:
    if value.__class__ is str or value.__class__ is int or value is True or value is False:
        return None
    return _json_within(value, 0)


def _json_within(value: object, depth: int) -> str | None:
    """Return what of a value cannot be written as JSON. Null may stand in it, not for it."""
    if isinstance(value, Mapping | list | tuple):
        if depth >= _DEEPEST:
            return f"is nested deeper than {_DEEPEST}"
        if isinstance(value, Mapping) and not all(isinstance(key, str) for key in value):
            return "has a key that is no text"
        each = value.values() if isinstance(value, Mapping) else value
        found = (None if one is None else _json_within(one, depth + 1) for one in each)
        return next((one for one in found if one), None)
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return "holds a number that is not finite"
    if isinstance(value, str | int | float | Decimal | dt.date | Ref):
        return None
    return f"is {kind(value)}, which JSON cannot hold"


def _anything(value: object) -> str | None:
    del value
    return None


_LEAVES: Mapping[str, Leaf] = {
    "ID": identity,
    "Boolean": _boolean,
    "DateTime": _moment,
    "Json": _json,
}
