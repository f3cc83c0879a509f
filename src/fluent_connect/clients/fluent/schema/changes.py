"""Checks what a handler wants done in Fluent before anything of it is sent."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from fluent_connect.clients.fluent.lookup import KINDS
from fluent_connect.clients.fluent.model import Mutation, Ref, Upsert
from fluent_connect.clients.fluent.schema.check import Checker, Path, written
from fluent_connect.clients.fluent.schema.table import Table
from fluent_connect.model.errors import UnprocessableError

_TOLD = 12
_ADDED: Mapping[str, frozenset[str]] = {
    entity: frozenset({"id"} if entity == "order" else {kind.key, "catalogue"})
    for entity, kind in KINDS.items()
}
"""What an update is addressed by, where the handler has not said it."""


class Fault(msgspec.Struct, frozen=True):
    """What Fluent would not take of a change.

    change:   which of the changes it is about, counted from 0.
    mutation: the mutation whose input it is.
    path:     the place in that input.
    problem:  what is wrong there; nothing of the value itself.
    """

    change: int
    mutation: str
    path: Path
    problem: str

    def __str__(self) -> str:
        """Return it as a line: `createOrder.items[3].productRef is missing`."""
        return f"{written((self.mutation, *self.path))} {self.problem}"


Origin = Callable[[Fault], str]
"""Return where a fault comes from, as a person reads it; "" if nobody can tell."""


class FaultyInputError(UnprocessableError):
    """Fluent would refuse it, so it was not sent. `faults` holds all that is wrong."""

    def __init__(self, faults: Sequence[Fault], origin: Origin = lambda _: "") -> None:
        self.faults = tuple(faults)
        lines = [_line(each, origin(each)) for each in self.faults[:_TOLD]]
        if len(self.faults) > _TOLD:
            lines.append(f"and {len(self.faults) - _TOLD} more")
        super().__init__(f"not sent, Fluent would refuse it: {'; '.join(lines)}")


class Inspector:
    """Checks changes against one table of inputs. Long-lived: what it compiled it keeps."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._checker = Checker(table)

    def faults(self, changes: Sequence[object]) -> list[Fault]:
        """Return all that Fluent would not take. What goes elsewhere is not looked at."""
        return [
            fault
            for number, change in enumerate(changes)
            if isinstance(change, Upsert | Mutation)
            for fault in self._of(number, change)
        ]

    def _of(self, number: int, change: Upsert | Mutation) -> Iterator[Fault]:
        for mutation, given, body in inputs(change):
            type_ = self._table.mutations.get(mutation)
            if type_ is None:
                yield Fault(number, mutation, (), "is no mutation of Fluent's schema")
                continue
            for one in self._checker.input(type_, body, given):
                yield Fault(number, mutation, one.path, one.problem)


def inputs(change: Upsert | Mutation) -> Iterator[tuple[str, frozenset[str], Mapping[str, object]]]:
    """Yield each mutation that a change may come to, what `Fluent.push` adds, and the input."""
    if isinstance(change, Mutation):
        yield change.name, frozenset(), change.input
        return
    kind = KINDS[change.entity]
    if change.create is not None:
        yield kind.create, frozenset(), change.create
    if change.update is not None:
        added = _ADDED[change.entity]
        if "catalogue" not in (change.create or {}):
            added -= {"catalogue"}
        yield kind.update, added, change.update


def place(change: object, fault: Fault) -> tuple[Mapping[str, object], Path] | None:
    """Return the input in which a fault stands, and the path of the fault in there.

    What a `Ref` would create is an input of its own.
    """
    if not isinstance(change, Upsert | Mutation):
        return None
    body = next((body for name, _, body in inputs(change) if name == fault.mutation), None)
    if body is None:
        return None
    value: object = body
    start = 0
    for at, step in enumerate(fault.path):
        if isinstance(value, Ref):
            if value.create is None:
                return None
            body = value = value.create
            start = at + 1
        else:
            value = _below(value, step)
    return body, fault.path[start:]


def _below(value: object, step: str | int) -> object:
    if isinstance(value, Mapping):
        return value.get(str(step))
    if isinstance(value, list | tuple) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _line(fault: Fault, origin: str) -> str:
    return f"{fault} ({origin})" if origin else str(fault)
