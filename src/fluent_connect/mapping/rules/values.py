"""What rules do with single values: whether they say something, and what they are as text."""

import functools
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from fluent_connect.mapping.text import clean
from fluent_connect.mapping.values import Typed
from fluent_connect.model.errors import UnprocessableError

_NUMBERS = frozenset({int, float, bool, Decimal})
_PLAIN = frozenset({str, int, float, bool})
_INTEGER = 2**31
_DIGITS = 40


def says(value: Any) -> bool:
    """Say whether a value says something: not None, "", blank, or an empty list or table."""
    if value:
        return not (value.__class__ is str and value.isspace())
    return value.__class__ in _NUMBERS


def as_text(value: Any) -> str | None:
    """Return a single value as clean text. Raise UnprocessableError for lists and tables."""
    if value is None:
        return None
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        return format(as_decimal(value), "f")
    if isinstance(value, Typed):
        return as_text(value.value)
    raise UnprocessableError(f"a {_kind(value)} is no single text")


def as_decimal(value: Any) -> Decimal:
    """Return a number exactly as it is written. Raise UnprocessableError for what is none."""
    if isinstance(value, Typed):
        value = value.value
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        written = str(value).strip()
        try:
            made = Decimal(written if written.isascii() and "_" not in written else "NaN")
        except InvalidOperation:
            made = Decimal("NaN")
        if made.is_finite() and abs(made.adjusted()) <= _DIGITS:
            return made
    raise UnprocessableError(f"a {_kind(value)} is no number")


def as_list(value: Any) -> Sequence[Any]:
    """Return the elements; of None, none. Raise UnprocessableError for what is no list."""
    if value is None or value == "":
        return ()
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, Typed):
        return as_list(value.value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    raise UnprocessableError(f"a {_kind(value)} is no list")


def as_number(value: Decimal) -> int | float:
    """Return a number as JSON writes it, whole ones without decimals."""
    return int(value) if value == value.to_integral_value() else float(value)


def plain(value: Any) -> Any:
    """Return a value as plain JSON: structs become tables, without what they do not say."""
    if value is None or value.__class__ in _PLAIN:
        return value
    if isinstance(value, msgspec.Struct):
        return plain(value.value) if isinstance(value, Typed) else _object(value)
    if isinstance(value, Mapping):
        made = ((str(key), plain(each)) for key, each in value.items())
        return {key: each for key, each in made if each is not None}
    if isinstance(value, Decimal):
        return as_number(value)
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str):
        return [plain(each) for each in value]
    return value


def _object(value: msgspec.Struct) -> dict[str, Any]:
    named = ((name, plain(getattr(value, each))) for name, each in _fields(type(value)))
    return {name: each for name, each in named if says(each)}


@functools.lru_cache(maxsize=256)
def _fields(kind: type[msgspec.Struct]) -> Sequence[tuple[str, str]]:
    """Return the fields of a struct: commercetools' name, and the attribute."""
    return [(each.encode_name, each.name) for each in msgspec.structs.fields(kind)]


def as_type(kind: str, value: Any) -> Any:
    """Return a value as the attribute type says. Raise UnprocessableError if it is no such."""
    if kind == "JSON":
        return value
    if kind == "STRING":
        nested = isinstance(value, Mapping | list)
        return msgspec.json.encode(value).decode() if nested else as_text(value)
    if kind == "BOOLEAN":
        return _flag(value)
    if kind == "FLOAT":
        return float(as_decimal(value))
    number = as_decimal(value)
    if number != number.to_integral_value() or not -_INTEGER <= number < _INTEGER:
        raise UnprocessableError("a number is not whole, or is beyond 32 bits: no INTEGER")
    return int(number)


def _flag(value: Any) -> bool:
    flag = {"true": True, "false": False}.get(str(value).lower())
    if flag is None:
        raise UnprocessableError(f"a {_kind(value)} is neither true nor false")
    return flag


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int | float | Decimal):
        return "number"
    if isinstance(value, Mapping | msgspec.Struct):
        return "table"
    return "list" if isinstance(value, Sequence) else type(value).__name__
