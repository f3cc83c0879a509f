"""Reads what an account of Fluent says of its own schema, and compares it with the shipped one."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.fluent.schema.table import Field, Table

# The usual shape of an introspection: servers refuse what asks for `__type` again and again.
QUERY = """\
query schemaOfThisAccount {
  __schema {
    queryType { name }
    mutationType { name }
    types {
      kind name
      fields(includeDeprecated: true) {
        name type { ...T } args { name defaultValue type { ...T } }
      }
      inputFields { name defaultValue type { ...T } }
      enumValues(includeDeprecated: true) { name }
    }
  }
}
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
"""
_SCALARS = frozenset({"SCALAR", "ENUM"})


class _Type(msgspec.Struct, rename="camel"):
    kind: str = ""
    name: str | None = None
    of_type: "_Type | None" = None


class _Given(msgspec.Struct, rename="camel"):
    """An argument, or a field of an input."""

    name: str
    type: _Type
    default_value: str | None = None


class _Field(msgspec.Struct):
    name: str
    type: _Type
    args: list[_Given] | None = None


class _Name(msgspec.Struct):
    name: str


class _Described(msgspec.Struct, rename="camel"):
    name: str
    kind: str = ""
    fields: list[_Field] | None = None
    input_fields: list[_Given] | None = None
    enum_values: list[_Name] | None = None


class _Schema(msgspec.Struct, rename="camel"):
    query_type: _Name
    types: list[_Described]
    mutation_type: _Name | None = None


class Selected(msgspec.Struct, frozen=True):
    """A field that can be selected: its type without lists, and the arguments that it demands."""

    type: str
    demanded: Sequence[str] = ()


class Told(msgspec.Struct, frozen=True):
    """What an account says of its schema: `query` and `mutation` are names among `objects`."""

    inputs: Mapping[str, Mapping[str, Field]]
    enums: Mapping[str, frozenset[str]]
    objects: Mapping[str, Mapping[str, Selected]]
    query: str
    mutation: str


def understood(data: Mapping[str, Any]) -> Told | None:
    """Return what the answer to QUERY says; None if it is no such answer."""
    try:
        schema = msgspec.convert(data.get("__schema"), _Schema)
    except msgspec.ValidationError:
        return None
    inputs, enums, objects = {}, {}, {}
    for each in schema.types:
        if each.input_fields is not None:
            inputs[each.name] = {one.name: _field(one) for one in each.input_fields}
        elif each.enum_values is not None:
            enums[each.name] = frozenset(one.name for one in each.enum_values)
        elif each.fields is not None:
            objects[each.name] = {one.name: _selected(one) for one in each.fields}
    mutation = schema.mutation_type.name if schema.mutation_type else ""
    if schema.query_type.name not in objects or not inputs:
        return None
    return Told(inputs, enums, objects, schema.query_type.name, mutation)


def effective(told: Told, shipped: Table) -> Table:
    """Return the table of an account: its own fields and types, with the lengths that we know."""
    inputs: dict[str, Mapping[str, Field]] = {}
    for type_, fields in told.inputs.items():
        known = shipped.inputs.get(type_, {})
        inputs[type_] = {
            name: msgspec.structs.replace(field, most=known[name].most) if name in known else field
            for name, field in fields.items()
        }
    mutations = told.objects.get(told.mutation, {})
    return Table(
        mutations={
            name: type_
            for name, type_ in shipped.mutations.items()
            if name in mutations and type_ in inputs
        },
        inputs=inputs,
        enums=told.enums,
    )


def _field(given: _Given) -> Field:
    name, depth, required = _unwrapped(given.type)
    required = required and given.default_value is None
    return Field(type=name, depth=depth, required=required)


def _selected(field: _Field) -> Selected:
    demanded = [one.name for one in field.args or () if _field(one).required]
    return Selected(_unwrapped(field.type)[0], tuple(demanded))


def _unwrapped(type_: _Type) -> tuple[str, int, bool]:
    """Return the name of a type, how many lists stand around it, and whether it is required."""
    required, depth = type_.kind == "NON_NULL", 0
    inner: _Type | None = type_
    while inner is not None and inner.name is None:
        depth += inner.kind == "LIST"
        inner = inner.of_type
    return (inner.name if inner else "") or "", depth, required
