# ruff: noqa: D102 - the properties of a port say it by their names
"""One way to carry commercetools' typed values: of attributes and of custom fields, to Fluent."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, Protocol

import msgspec

from fluent_connect.mapping.localized import localized
from fluent_connect.mapping.money import digits, text, units
from fluent_connect.mapping.text import clean

_INTEGER = 2**31
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_NESTED = frozenset({"name", "value"})


class Choices(Protocol):
    """How an account wants values carried; `Settings` says it."""

    @property
    def locales(self) -> Sequence[str]: ...
    @property
    def enum_attributes(self) -> Literal["key", "label"]: ...
    @property
    def localized_attributes(self) -> Literal["first", "all"]: ...
    @property
    def money_attributes(self) -> Literal["text", "json"]: ...
    @property
    def reference_attributes(self) -> Literal["id", "key"]: ...
    @property
    def decimal_attributes(self) -> Literal["json", "float", "text"]: ...


class Typed(msgspec.Struct, frozen=True):
    """A value that is converted already, with Fluent's name for its type."""

    type: str
    value: object


class _Amount(msgspec.Struct, frozen=True, rename="camel"):
    currency_code: str
    cent_amount: int
    fraction_digits: int | None = None
    precise_amount: int | None = None


class _Defaults(msgspec.Struct, frozen=True):
    locales: Sequence[str] = ()
    enum_attributes: Literal["key", "label"] = "key"
    localized_attributes: Literal["first", "all"] = "first"
    money_attributes: Literal["text", "json"] = "text"
    reference_attributes: Literal["id", "key"] = "id"
    decimal_attributes: Literal["json", "float", "text"] = "json"


DEFAULTS: Choices = _Defaults()
"""What holds where nobody chose."""


def typed(
    value: object, choices: Choices = DEFAULTS, kind: Mapping[str, Any] | None = None
) -> Typed | None:
    """Return a value as Fluent takes it; None if it says nothing.

    kind: what the product type says of it (`{"name": "set", "elementType": {...}}`); without it, a
    value is what it looks like.
    """
    made = converted(value, choices, kind)
    name = _type(made)
    if name is None:
        return None
    if _is_decimal(made, kind):
        return _decimal(made, choices)
    return Typed(name, made)


def converted(
    value: object, choices: Choices = DEFAULTS, kind: Mapping[str, Any] | None = None
) -> object:
    """Return a value as plain JSON: text, number, flag, or a list or table of such."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return _table(value, choices, kind)
    if isinstance(value, Sequence):
        return _several(value, choices, kind)
    return value


def _several(values: Sequence[object], choices: Choices, kind: Mapping[str, Any] | None) -> object:
    """Return a set as a list, and nested attributes as a table by their names."""
    if values and all(isinstance(each, Mapping) and each.keys() == _NESTED for each in values):
        named = ((each["name"], each["value"]) for each in values if isinstance(each, Mapping))
        made = ((str(name), converted(value, choices)) for name, value in named)
        return {name: value for name, value in made if _type(value) is not None}
    inner = kind.get("elementType") if kind else None
    several = (converted(each, choices, inner) for each in values)
    return [each for each in several if _type(each) is not None]


def _table(value: Mapping[str, Any], choices: Choices, kind: Mapping[str, Any] | None) -> object:
    made = _KINDS.get(kind.get("name", "")) if kind else None
    if made is not None and (kind is None or _fits(kind, value)):
        return made(value, choices)
    for fits, make in _SHAPES:
        if fits(value):
            return make(value, choices)
    return {name: converted(each, choices) for name, each in value.items()}


def _enum(value: Mapping[str, Any], choices: Choices) -> object:
    label = value.get("label")
    if choices.enum_attributes == "key" or label is None:
        return converted(value.get("key"), choices)
    return localized(label, choices.locales) if isinstance(label, Mapping) else clean(str(label))


def _localized(value: Mapping[str, Any], choices: Choices) -> object:
    if choices.localized_attributes == "first":
        return localized(value, choices.locales)
    texts = ((locale, clean(text)) for locale, text in value.items())
    return {locale: text for locale, text in texts if text is not None}


def _money(value: Mapping[str, Any], choices: Choices) -> object:
    if choices.money_attributes == "json":
        return dict(value)
    amount = msgspec.convert(value, _Amount)
    own = digits(amount)
    return f"{text(units(amount, own), own)} {amount.currency_code}".strip()


def _reference(value: Mapping[str, Any], choices: Choices) -> object:
    target = value.get("obj")
    key = (target.get("key") if isinstance(target, Mapping) else None) or value.get("key")
    if choices.reference_attributes == "key" or not value.get("id"):
        return key or value.get("id")
    return value["id"]


_Make = Callable[[Mapping[str, Any], Choices], object]


def _is_money(value: Mapping[str, Any]) -> bool:
    numbers = (value.get(name, 0) for name in ("centAmount", "fractionDigits", "preciseAmount"))
    whole = all(isinstance(each, int) and not isinstance(each, bool) for each in numbers)
    return whole and "centAmount" in value and isinstance(value.get("currencyCode"), str)


def _is_reference(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("typeId"), str) and ("id" in value or "key" in value)


def _is_enum(value: Mapping[str, Any]) -> bool:
    label = value.get("label")
    texts = isinstance(label, str) or (isinstance(label, Mapping) and _is_localized(label))
    return value.keys() == {"key", "label"} and isinstance(value["key"], str) and texts


def _is_localized(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(
        isinstance(text, str) and _LOCALE.fullmatch(locale) for locale, text in value.items()
    )


def _is_texts(value: Mapping[str, Any]) -> bool:
    return all(isinstance(text, str) for text in value.values())


_SHAPES: Sequence[tuple[Callable[[Mapping[str, Any]], bool], _Make]] = (
    (_is_money, _money),
    (_is_reference, _reference),
    (_is_enum, _enum),
    (_is_localized, _localized),
)
"""By what a table is known where nobody says what it is; the first that fits."""
_KINDS: Mapping[str, _Make] = {
    "ltext": _localized,
    "enum": _enum,
    "lenum": _enum,
    "money": _money,
    "reference": _reference,
}
_FITS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "ltext": _is_texts,
    "enum": _is_enum,
    "lenum": _is_enum,
    "money": _is_money,
    "reference": _is_reference,
}


def _fits(kind: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    """Say whether a value is what its type says: types change, values stay."""
    return _FITS[kind["name"]](value)


def _type(value: object) -> str | None:
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "INTEGER" if -_INTEGER <= value < _INTEGER else "JSON"
    if isinstance(value, str):
        return "STRING" if value else None
    if value is None or value in ({}, [], ()):
        return None
    return "JSON"


def _is_decimal(value: object, kind: Mapping[str, Any] | None) -> bool:
    """Say whether a number may have decimals: as it has, or as its type says."""
    if isinstance(value, bool):
        return False
    told = kind is not None and kind.get("name") == "number"
    return isinstance(value, float) or (told and isinstance(value, int))


def _decimal(value: object, choices: Choices) -> Typed | None:
    if choices.decimal_attributes == "float":
        return Typed("FLOAT", value)
    if choices.decimal_attributes == "text":
        return Typed("STRING", format(Decimal(str(value)), "f"))
    name = _type(value)
    return None if name is None else Typed(name, value)
