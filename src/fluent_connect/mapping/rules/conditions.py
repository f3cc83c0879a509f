"""When a rule holds: comparisons of paths, with not, all and any."""

import re
from collections.abc import Callable
from typing import Any

from fluent_connect.mapping.rules import options
from fluent_connect.mapping.rules.compiling import Compiling
from fluent_connect.mapping.rules.mistakes import hint
from fluent_connect.mapping.rules.paths import Scope
from fluent_connect.mapping.rules.rule import Condition, Frame, MistakenError
from fluent_connect.mapping.rules.values import as_decimal, as_text, says
from fluent_connect.model.yaml import Leaf, Listing, Node, Table

_COMPARED = ("at-least", "at-most", "matches")
Test = Callable[[Any], bool]


def condition(compiling: Compiling, node: Node, frame: Frame) -> Condition:
    """Return the condition. Raise MistakenError if it is none. Several keys: all must hold."""
    if not isinstance(node, Table) or not node.entries:
        fix = "write { order.origin: Merchant } or { exists: order.store }"
        raise MistakenError(node.place, "a condition is a table", fix)
    held = [_one(compiling, node, key, frame.deeper()) for key in node.entries]
    return held[0] if len(held) == 1 else _all(held)


def _one(compiling: Compiling, table: Table, key: str, frame: Frame) -> Condition:
    node = table.entries[key]
    if key == "exists":
        found = compiling.rule(node, frame).run
        return lambda scope: says(found(scope))
    if key == "not":
        inner = condition(compiling, node, frame)
        return lambda scope: not inner(scope)
    if key in ("all", "any"):
        if not isinstance(node, Listing) or not node.items:
            fix = f"write {key}: [{{ … }}, {{ … }}]"
            raise MistakenError(table.keys[key], f"`{key}` takes a list of conditions", fix)
        several = [condition(compiling, item, frame) for item in node.items]
        return _all(several) if key == "all" else _any(several)
    value = compiling.path(key, table.keys[key], frame).run
    return _compared(value, _test(node))


def _compared(value: Callable[[Scope], Any], test: Test) -> Condition:
    def holds(scope: Scope) -> bool:
        found = value(scope)
        if isinstance(found, list | tuple | set | frozenset):
            return any(test(each) for each in found)
        return test(found)

    return holds


def _all(held: list[Condition]) -> Condition:
    return lambda scope: all(each(scope) for each in held)


def _any(held: list[Condition]) -> Condition:
    return lambda scope: any(each(scope) for each in held)


def _test(node: Node) -> Test:
    if isinstance(node, Table):
        tests = [_comparison(node, key) for key in node.entries]
        if not tests:
            raise MistakenError(node.place, "nothing to compare with", "write { at-least: 5 }")
        return lambda value: all(test(value) for test in tests)
    if isinstance(node, Listing):
        if not node.items or any(not isinstance(item, Leaf) for item in node.items):
            raise MistakenError(node.place, "a list of single values", "write [A, B]")
        wanted = {_text(item) for item in node.items if isinstance(item, Leaf)}
    else:
        wanted = {_text(node)}
    return lambda value: _as_compared(value) in wanted


def _text(leaf: Leaf) -> str | None:
    return as_text(options.constant(leaf)) if leaf.text is not None else None


def _as_compared(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    return None if isinstance(value, dict) else as_text(value)


def _comparison(table: Table, key: str) -> Test:
    if key == "matches":
        pattern = options.text(table, key) or ""
        try:
            match = re.compile(pattern).search
        except re.error as error:
            what = f"{pattern!r} is no regular expression: {error}"
            raise MistakenError(table.entries[key].place, what, "correct it") from error
        return lambda value: value is not None and match(as_text(value) or "") is not None
    if key not in _COMPARED:
        fix = hint(key, _COMPARED, f"use one of {', '.join(_COMPARED)}")
        raise MistakenError(table.keys[key], f"no comparison is called {key!r}", fix)
    bound = options.decimal(table, key)
    assert bound is not None  # noqa: S101 - the key is there
    if key == "at-least":
        return lambda value: says(value) and as_decimal(value) >= bound
    return lambda value: says(value) and as_decimal(value) <= bound
