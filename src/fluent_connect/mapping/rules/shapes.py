"""What can stand at a path: the types of msgspec structs, step by step."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import msgspec.inspect as mi

Shape = mi.Type
"""What is known of a value before there is one."""
ANYTHING: Shape = mi.AnyType()
TEXT: Shape = mi.StrType()
NUMBER: Shape = mi.FloatType()
_LISTS = (mi.ListType, mi.VarTupleType, mi.SetType, mi.FrozenSetType, mi.CollectionType)
_OBJECTS = (mi.StructType, mi.DataclassType, mi.NamedTupleType, mi.TypedDictType)
_SINGLE = (mi.StrType, mi.IntType, mi.FloatType, mi.BoolType, mi.DecimalType, mi.EnumType)
_MONEY = frozenset({"currencyCode", "centAmount"})
_NAMES = ("name", "key", "id")


@functools.lru_cache(maxsize=256)
def shape_of(kind: Any) -> Shape:
    """Return the shape of a type."""
    return mi.type_info(kind)


def parts(shape: Shape) -> Sequence[Shape]:
    """Return what a value may be, None aside."""
    if isinstance(shape, mi.Metadata):
        return parts(shape.type)
    if isinstance(shape, mi.UnionType):
        return [deep for each in shape.types for deep in parts(each)]
    return () if isinstance(shape, mi.NoneType) else (shape,)


def may_lack(shape: Shape) -> bool:
    """Say whether the value may be None, or of a type that nothing is known of."""
    if isinstance(shape, mi.Metadata):
        return may_lack(shape.type)
    if isinstance(shape, mi.UnionType):
        return any(may_lack(each) for each in shape.types)
    return isinstance(shape, mi.NoneType) or is_free(shape)


def is_free(shape: Shape) -> bool:
    """Say whether nothing is known of the value, so that any path may go on below it."""
    inner = parts(shape)
    return not inner or any(
        isinstance(each, mi.AnyType | mi.CustomType | mi.RawType) for each in inner
    )


def fields(shape: Shape) -> Mapping[str, tuple[str, Shape]]:
    """Return the fields of an object by commercetools' names: the attribute, and its shape."""
    found: dict[str, tuple[str, Shape]] = {}
    for each in parts(shape):
        if isinstance(each, mi.StructType | mi.DataclassType):
            found.update({one.encode_name: (one.name, one.type) for one in each.fields})
    return found


def spelled(known: Mapping[str, tuple[str, Shape]], step: str) -> tuple[str, Shape] | None:
    """Return the field of that name, kebab-case being as good as snake_case."""
    return known.get(step) or known.get(step.replace("-", "_"))


def either_none(shape: Shape) -> Shape:
    """Return the shape of a value that may be missing."""
    return mi.UnionType((shape, mi.NoneType()))


def list_of(shape: Shape) -> Shape:
    """Return the shape of a list of such values."""
    return mi.ListType(shape)


def is_object(shape: Shape) -> bool:
    """Say whether the value is an object of known fields."""
    return any(isinstance(each, _OBJECTS) for each in parts(shape))


def element(shape: Shape) -> Shape | None:
    """Return the shape of a list's elements; None if it is no list."""
    for each in parts(shape):
        if isinstance(each, mi.TupleType):
            return ANYTHING
        if isinstance(each, _LISTS):
            return each.item_type
    return ANYTHING if is_free(shape) else None


def entry(shape: Shape) -> Shape | None:
    """Return the shape of a table's values; None if it is no table."""
    for each in parts(shape):
        if isinstance(each, mi.DictType):
            return each.value_type
    return ANYTHING if is_free(shape) else None


def is_single(shape: Shape) -> bool:
    """Say whether the value surely is one text, number or flag."""
    inner = parts(shape)
    single = (*_SINGLE, mi.LiteralType)
    return bool(inner) and all(isinstance(each, single) for each in inner)


def may_be_money(shape: Shape) -> bool:
    """Say whether the value can be an amount of commercetools."""
    return is_free(shape) or entry(shape) is not None or fields(shape).keys() >= _MONEY


def label(shape: Shape) -> str | None:
    """Return the attribute by which elements of a list are told apart by name."""
    known = fields(shape)
    return next((known[name][0] for name in _NAMES if name in known), None)


def told(shape: Shape) -> str:
    """Return what the value is, in a word."""
    if is_free(shape):
        return "anything"
    if is_object(shape):
        return "an object"
    if entry(shape) is not None:
        return "a table"
    if element(shape) is not None:
        return "a list"
    first = parts(shape)[0]
    words = {mi.IntType: "a number", mi.FloatType: "a number", mi.BoolType: "true or false"}
    return words.get(type(first), "a single text")


def dynamic(name: str) -> Callable[[Any], Any]:
    """Return a step to `name` below a value of which nothing is known before it is there."""

    def step(value: Any) -> Any:
        if isinstance(value, Mapping):
            return value.get(name)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return next(_named(value, name), None)
        known = _attributes(type(value)) if isinstance(value, msgspec.Struct) else {}
        return getattr(value, known.get(name, name), None)

    return step


@functools.lru_cache(maxsize=256)
def _attributes(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    return {one.encode_name: one.name for one in msgspec.structs.fields(kind)}


def _named(values: Sequence[Any], name: str) -> Iterator[Any]:
    for each in values:
        for key in _NAMES:
            held = each.get(key) if isinstance(each, Mapping) else getattr(each, key, None)
            if held == name:
                yield each
