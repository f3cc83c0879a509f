"""What of an output Fluent's schema would not take."""

from collections.abc import Iterator, Mapping

from fluent_connect.clients.fluent.lookup import KINDS
from fluent_connect.clients.fluent.model import Mutation, Upsert
from fluent_connect.clients.fluent.schema.check import Checker, written
from fluent_connect.clients.fluent.schema.table import shipped
from fluent_connect.handlers.message_handler import Change

_ADDED = frozenset({"id", "ref", "username", "catalogue"})
"""Fields of an update that name the entity; what is not given is added when it is pushed."""


def problems(change: Change) -> Mapping[tuple[str, str], str]:
    """Return what is wrong, by part and path of the change ("create", "items[0].ref")."""
    return {(part, path): told for part, path, told in _problems(change)}


def wrong(mutation: str, input: Mapping[str, object]) -> list[str]:
    """Return what is wrong with the whole input of a mutation; nothing of an unknown one."""
    table = shipped()
    type_ = table.mutations.get(mutation)
    found = Checker(table).input(type_, input) if type_ is not None else ()
    return [f"{written(one.path)}: {one.problem}" for one in found]


def _problems(change: Change) -> Iterator[tuple[str, str, str]]:
    table = shipped()
    checker = Checker(table)
    for part, mutation, value, given in _inputs(change):
        type_ = table.mutations.get(mutation)
        if type_ is None:
            yield part, "", f"Fluent's schema has no mutation {mutation}"
            continue
        for one in checker.input(type_, value, given):
            yield part, written(one.path), one.problem


def _inputs(
    change: Change,
) -> Iterator[tuple[str, str, Mapping[str, object], frozenset[str]]]:
    if isinstance(change, Mutation):
        yield "input", change.name, change.input, frozenset()
    if isinstance(change, Upsert):
        kind = KINDS[change.entity]
        if change.create is not None:
            yield "create", kind.create, change.create, frozenset()
        if change.update is not None:
            yield "update", kind.update, change.update, _ADDED
