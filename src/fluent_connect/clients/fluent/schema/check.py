"""Checks the inputs of mutations before they are sent, by closures compiled once for each type."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.fluent.model import Ref
from fluent_connect.clients.fluent.schema.scalars import (
    NOT_NEGATIVE,
    enum,
    identity,
    kind,
    leaf,
    plainly,
)
from fluent_connect.clients.fluent.schema.table import Field, Table
from fluent_connect.clients.fluent.schema.usual import Usual, several

Step = str | int
Path = tuple[Step, ...]


class Violation(msgspec.Struct, frozen=True):
    """One thing that Fluent would not take: where in the input, and what is wrong there."""

    path: Path
    problem: str


Found = list[Violation] | str | None
_Check = Callable[[object], Found]
"""Return what is wrong (a text, if the value itself is); None, and nothing made, if all is well."""


class Checker:
    """Checks inputs by one table. Long-lived: what it compiled it keeps."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._objects: dict[str, _Check] = {}
        self._compiling: set[str] = set()
        self._usual = Usual(table)
        self._roots: dict[tuple[str, frozenset[str]], _Check] = {}

    def input(
        self, type_: str, value: object, given: frozenset[str] = frozenset()
    ) -> Sequence[Violation]:
        """Return all that is wrong with an input. `given`: required fields that others add."""
        check = self._roots.get((type_, given))
        if check is None:
            check = self._roots[type_, given] = self._fields_of(type_, given)
        found = check(value)
        return () if found is None else _below((), found)

    def _fields_of(self, type_: str, given: Collection[str] = ()) -> _Check:
        fields = self._table.inputs[type_]
        checks = {name: self._field(type_, name, each) for name, each in fields.items()}
        return _object(type_, fields, checks, given)

    def _inner(self, type_: str) -> _Check:
        """Return the check of an input type; of one that holds itself, by a detour."""
        if type_ in self._compiling:
            return self._later(type_)
        if type_ not in self._objects:
            self._compiling.add(type_)
            self._objects[type_] = _surely(self._usual.type(type_), self._fields_of(type_))
            self._compiling.discard(type_)
        return self._objects[type_]

    def _later(self, type_: str) -> _Check:
        def check(value: object) -> Found:
            return self._objects[type_](value)

        return check

    def _field(self, owner: str, name: str, field: Field) -> _Check:
        if field.type in self._table.inputs:
            check = self._inner(field.type)
            if field.most is not None:
                check = _with_short_ref(check, field.most)
        else:
            check = self._leaf(owner, name, field)
        usual = self._usual.type(field.type) if field.type in self._table.inputs else None
        for _ in range(field.depth):
            check = _list(check, filled=field.required)
        if field.depth == 1 and field.most is None and usual is not None:
            return _surely(several(usual), check)
        return check

    def _leaf(self, owner: str, name: str, field: Field) -> _Check:
        if field.type in self._table.enums:
            return enum(self._table.enums[field.type])
        if field.type == "ID":
            return self._id
        amount = name in NOT_NEGATIVE or (owner, name) == ("PriceInput", "value")
        return leaf(field.type, most=field.most, required=field.required, negative=not amount)

    def _id(self, value: object) -> Found:
        """Check an id. What a `Ref` would create in place of it is an input too."""
        if not isinstance(value, Ref) or value.create is None:
            return identity(value)
        mutation = created_by(value)
        type_ = self._table.mutations[mutation]
        found = self._inner(type_)(value.create)
        return None if found is None else _below((mutation,), found)


def created_by(ref: Ref) -> str:
    """Return the mutation that brings about what a `Ref` names."""
    return f"create{ref.entity[:1].upper()}{ref.entity[1:]}"


def _object(
    type_: str,
    fields: Mapping[str, Field],
    checks: Mapping[str, _Check],
    given: Collection[str],
) -> _Check:
    never_null = frozenset(name for name, each in fields.items() if each.required)
    required = never_null.difference(given)
    unknown = f"is no field of {type_}"
    # Most of what an input holds are short texts: they are not worth a call each.
    short = {name: size for name, each in fields.items() if (size := plainly(each.type, each.most))}

    def check(value: object) -> Found:
        if value.__class__ is not dict and not isinstance(value, Mapping):
            return f"is {kind(value)}, and must be an object ({type_})"
        found: list[Violation] | None = None
        for name, each in value.items():
            if each.__class__ is str and 0 < len(each) <= short.get(name, 0):
                continue
            inner = checks.get(name)
            if inner is None:
                wrong: Found = unknown
            elif each is None:
                wrong = "is null, and is required" if name in never_null else None
            else:
                wrong = inner(each)
            if wrong is not None:
                found = [*(found or ()), *_below((name,), wrong)]
        if not required <= value.keys():
            found = found or []
            found += [
                Violation((name,), f"is missing: {type_} requires it ({fields[name].type}!)")
                for name in sorted(required - value.keys())
            ]
        return found

    return check


def _surely(usual: Any, check: _Check) -> _Check:
    """Return a check of the same promise that is fast for what is as usual."""
    if usual is None:
        return check

    def surely(value: object) -> Found:
        try:
            msgspec.convert(value, usual)
        except (msgspec.ValidationError, RecursionError):
            return check(value)
        return None

    return surely


def _list(inner: _Check, *, filled: bool) -> _Check:
    """Return the check of a list. GraphQL takes a single value for a list of one."""

    def check(value: object) -> Found:
        if not isinstance(value, list | tuple):
            return inner(value)
        if filled and not value:
            return "is an empty list, and is required"
        found: list[Violation] | None = None
        for number, each in enumerate(value):
            wrong = inner(each)
            if wrong is not None:
                found = [*(found or ()), *_below((number,), wrong)]
        return found

    return check


def _with_short_ref(inner: _Check, most: int) -> _Check:
    """Return the check of a key whose ref may not be as long as a ref elsewhere."""
    ref = leaf("String", most=most, required=True, negative=False)

    def check(value: object) -> Found:
        found = inner(value)
        if found is None and isinstance(value, Mapping) and value.get("ref") is not None:
            problem = ref(value["ref"])
            return None if problem is None else [Violation(("ref",), problem)]
        return found

    return check


def _below(path: Path, found: list[Violation] | str) -> list[Violation]:
    if isinstance(found, str):
        return [Violation(path, found)]
    return [Violation((*path, *one.path), one.problem) for one in found]


def written(path: Path) -> str:
    """Return a path as it is read: `items[3].productRef`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
