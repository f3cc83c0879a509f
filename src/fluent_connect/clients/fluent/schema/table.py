"""The inputs of Fluent's mutations as plain data: read from a table, never from GraphQL text."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("inputs.json")
SCALARS = frozenset({"String", "ID", "Int", "Float", "Boolean", "DateTime", "Json"})
_TYPE = re.compile(r"(?P<open>\[*)(?P<name>\w+)(?P<item>!?)(?P<close>[\]!]*)(?: <= (?P<most>\d+))?")


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an input type.

    type:     a scalar, or the name of another input type or enum.
    depth:    how many lists stand around it.
    required: it must be given, and not be null.
    most:     the longest text, in UTF-16 units; of an input type: of its `ref`. None: not stated.
    """

    type: str
    depth: int = 0
    required: bool = False
    most: int | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an input may be checked by.

    mutations: mutation -> the type of its `input`.
    inputs:    input type -> field -> what may stand there.
    enums:     enum -> its values.
    """

    mutations: Mapping[str, str]
    inputs: Mapping[str, Mapping[str, Field]]
    enums: Mapping[str, frozenset[str]]


class _Written(msgspec.Struct, frozen=True):
    mutations: dict[str, str]
    inputs: dict[str, dict[str, str]]
    enums: dict[str, list[str]]


@cache
def shipped() -> Table:
    """Return the table of the schema that this package was built against."""
    return read(FILE.read_bytes())


def read(body: bytes) -> Table:
    """Return the table that a file of `bench/write_inputs.py` holds."""
    written = msgspec.json.decode(body, type=_Written)
    fields = cache(field)
    return Table(
        mutations=written.mutations,
        inputs={
            name: {key: fields(text) for key, text in each.items()}
            for name, each in written.inputs.items()
        },
        enums={name: frozenset(values) for name, values in written.enums.items()},
    )


def field(text: str) -> Field:
    """Return the field that is written so: a type as in GraphQL, then ` <= ` its longest text."""
    found = _TYPE.fullmatch(text)
    if found is None:
        raise ValueError(f"no type of an input: {text!r}")
    depth = len(found["open"])
    outermost = found["close"] if depth else found["item"]
    return Field(
        type=found["name"],
        depth=depth,
        required=outermost.endswith("!"),
        most=int(found["most"]) if found["most"] else None,
    )


def fields_of(input_type: str) -> Mapping[str, str] | None:
    """Return the fields of an input type with the types of their values; None: no such type."""
    found = shipped().inputs.get(input_type)
    return None if found is None else {name: each.type for name, each in found.items()}
