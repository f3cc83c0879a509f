"""What any rule may add: upper, lower, table, default, cut, whole, required; in this order."""

from typing import Any

from fluent_connect.mapping.rules import options
from fluent_connect.mapping.rules.cuts import Cut
from fluent_connect.mapping.rules.paths import Run, Scope
from fluent_connect.mapping.rules.rule import Frame, MistakenError, Rule
from fluent_connect.mapping.rules.shapes import ANYTHING, TEXT
from fluent_connect.mapping.rules.values import as_text, says
from fluent_connect.mapping.text import clean, cut, units
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.yaml import Leaf, Place, Table


def modified(rule: Rule, table: Table, frame: Frame) -> Rule:
    """Return the rule with the modifiers that stand beside its operator."""
    run, shape, has = rule.run, rule.shape, table.entries
    for key, make in (("upper", str.upper), ("lower", str.lower)):
        if options.flag(table, key):
            run, shape = _cased(run, make), TEXT
    if "table" in has:
        run, shape = _looked_up(run, options.tabled(table, "table")), ANYTHING
    if "default" in has:
        run, shape = _defaulted(run, options.constant(has["default"])), ANYTHING
    if "cut" in has and "whole" in has:
        raise MistakenError(table.keys["whole"], "`cut` and `whole` exclude each other", "keep one")
    limit = options.integer(table, "cut", 1)
    if limit is not None:
        run, shape = _cut(run, limit, frame.label, table.place), TEXT
    limit = options.integer(table, "whole", 1)
    if limit is not None:
        run, shape = _whole(run, limit), TEXT
    if options.flag(table, "required"):
        run = _required(run, rule.reads)
    return Rule(run, rule.reads, shape)


def _cased(inner: Run, make: Any) -> Run:
    def run(scope: Scope) -> Any:
        found = as_text(inner(scope))
        return None if found is None else make(found)

    return run


def _looked_up(inner: Run, table: Table) -> Run:
    held = {key: options.constant(node) for key, node in table.entries.items()}
    other = held.get("*")

    def run(scope: Scope) -> Any:
        found = as_text(inner(scope))
        return None if found is None and "" not in held else held.get(found or "", other)

    return run


def _defaulted(inner: Run, default: Any) -> Run:
    def run(scope: Scope) -> Any:
        found = inner(scope)
        return found if says(found) else default

    return run


def _cut(inner: Run, limit: int, label: str, place: Place) -> Run:
    at = str(place)

    def run(scope: Scope) -> Any:
        found = inner(scope)
        if found is None:
            return None
        kept = clean(found) if found.__class__ is str else as_text(found)
        if kept is None or (len(kept) <= limit and kept.isascii()):
            return kept
        before = units(kept)
        if before <= limit:
            return kept
        short = cut(kept, limit)
        scope[0].cuts.append(Cut(label, at, before, units(short or "")))
        return short

    return run


def _whole(inner: Run, limit: int) -> Run:
    def run(scope: Scope) -> Any:
        found = as_text(inner(scope))
        if found is not None and units(found) > limit:
            raise UnprocessableError(
                f"a text of {units(found)} characters where {limit} fit, and it must not be cut"
            )
        return found

    return run


def _required(inner: Run, reads: tuple[str, ...]) -> Run:
    source = ", ".join(reads) or "its rule"

    def run(scope: Scope) -> Any:
        found = inner(scope)
        if not says(found):
            raise UnprocessableError(f"required, but {source} says nothing")
        return found

    return run


def is_null(node: object) -> bool:
    """Say whether a rule is `~`, which removes the field."""
    return isinstance(node, Leaf) and node.text is None
