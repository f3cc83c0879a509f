"""Leaves out of a change what the account's schema does not know."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from fluent_connect.clients.fluent.lookup import KINDS
from fluent_connect.clients.fluent.model import Mutation, Ref, Upsert
from fluent_connect.clients.fluent.schema.account import AccountSchema
from fluent_connect.clients.fluent.schema.check import created_by
from fluent_connect.clients.fluent.schema.table import shipped

C = TypeVar("C")


def fitted(change: C, schema: AccountSchema) -> C:
    """Return the change as the account can take it; the same object if it knows all of it.

    An update that it has no mutation for is no update: what exists is left alone.
    """
    if isinstance(change, Upsert):
        kind = KINDS[change.entity]
        update = None if kind.update in schema.without else change.update
        create = _input(kind.create, change.create, schema)
        update = _input(kind.update, update, schema)
        if create is change.create and update is change.update:
            return change
        return msgspec.structs.replace(change, create=create, update=update)
    if isinstance(change, Mutation):
        given = _input(change.name, change.input, schema)
        return change if given is change.input else Mutation(change.name, given or {})  # type: ignore[return-value]
    return change


def _input(
    mutation: str, given: Mapping[str, object] | None, schema: AccountSchema
) -> Mapping[str, object] | None:
    type_ = shipped().mutations.get(mutation)
    if given is None or type_ is None:
        return given
    found: Mapping[str, object] = _value(given, type_, schema)  # type: ignore[assignment]
    return found


def _value(value: object, type_: str, schema: AccountSchema) -> object:
    if isinstance(value, Mapping):
        return _object(value, type_, schema)
    if isinstance(value, list | tuple):
        items = [_value(each, type_, schema) for each in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else items
    if isinstance(value, Ref):
        create = _input(created_by(value), value.create, schema)
        same = create is value.create
        return value if same else msgspec.structs.replace(value, create=create)
    return value


def _object(given: Mapping[str, object], type_: str, schema: AccountSchema) -> Mapping[str, object]:
    fields, lacks = shipped().inputs.get(type_, {}), schema.lacks.get(type_, frozenset())
    found = {
        name: _value(each, fields[name].type, schema) if name in fields else each
        for name, each in given.items()
        if name not in lacks
    }
    same = len(found) == len(given) and all(found[name] is given[name] for name in given)
    return given if same else found
