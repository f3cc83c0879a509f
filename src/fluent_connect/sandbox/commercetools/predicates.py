"""Query predicates: `where` expressions that jobs and handlers use, parsed once, then tested."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from fluent_connect.sandbox.commercetools.errors import invalid, not_implemented
from fluent_connect.sandbox.commercetools.kinds import Json

Variables = Mapping[str, Sequence[str]]
Test = Callable[[Any, Variables], bool]
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<variable>:[\w-]+)"""
    r"""|(?P<word>`[^`]+`|[A-Za-z_][\w-]*)|(?P<sign><>|!=|<=|>=|[=<>(),]))""",
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "<>": lambda left, right: bool(left != right),
    "!=": lambda left, right: bool(left != right),
    ">": lambda left, right: left is not None and bool(left > right),
    ">=": lambda left, right: left is not None and bool(left >= right),
    "<": lambda left, right: left is not None and bool(left < right),
    "<=": lambda left, right: left is not None and bool(left <= right),
}
Value = Callable[[Variables], list[Any]]


class Fact(msgspec.Struct, frozen=True):
    """One comparison that must hold for the whole to hold: what an index can be asked."""

    path: tuple[str, ...]
    sign: str
    value: Value


class Predicate(msgspec.Struct, frozen=True):
    """A parsed predicate: a test, and the facts that it implies."""

    test: Test
    facts: tuple[Fact, ...]


@lru_cache(maxsize=512)
def parse(text: str) -> Predicate:
    """Parse a predicate. Raise InvalidInput where it is malformed, 501 where it is beyond us."""
    parser = _Parser(text)
    predicate = parser.either(())
    if parser.peek() is not None:
        raise invalid(f"Malformed parameter: where: unexpected '{parser.peek()}' in {text}")
    return predicate


class _Parser:
    """Recursive descent: or, and, not, comparison, nested field."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0

    def peek(self) -> str | None:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else None

    def take(self, expected: str | None = None) -> str:
        token = self.peek()
        if token is None or (expected is not None and token.lower() != expected):
            raise invalid(
                f"Malformed parameter: where: syntax error near '{token}' in {self._text}"
            )
        self._at += 1
        return token

    def accept(self, word: str) -> bool:
        token = self.peek()
        if token is not None and token.lower() == word:
            self._at += 1
            return True
        return False

    def either(self, path: tuple[str, ...]) -> Predicate:
        parts = [self.both(path)]
        while self.accept("or"):
            parts.append(self.both(path))
        if len(parts) == 1:
            return parts[0]
        tests = [part.test for part in parts]
        return Predicate(lambda value, names: any(test(value, names) for test in tests), ())

    def both(self, path: tuple[str, ...]) -> Predicate:
        parts = [self.single(path)]
        while self.accept("and"):
            parts.append(self.single(path))
        if len(parts) == 1:
            return parts[0]
        tests = [part.test for part in parts]
        facts = tuple(fact for part in parts for fact in part.facts)
        return Predicate(lambda value, names: all(test(value, names) for test in tests), facts)

    def single(self, path: tuple[str, ...]) -> Predicate:
        if self.accept("not"):
            inner = self.single(path).test
            return Predicate(lambda value, names: not inner(value, names), ())
        if self.accept("("):
            grouped = self.either(path)
            self.take(")")
            return grouped
        return self.field(self.take().strip("`"), path)

    def field(self, name: str, path: tuple[str, ...]) -> Predicate:
        here = (*path, name)
        if self.accept("("):
            inner = self.either(here)
            self.take(")")
            return Predicate(_nested(name, inner.test), inner.facts)
        if self.accept("is"):
            return self._is(name)
        if self.accept("contains"):
            word = self.take().lower()
            return Predicate(_contains(name, word, self._list()), ())
        wanted = True
        if self.accept("not"):
            wanted = False
        if self.accept("in"):
            values = self._list()
            facts = (Fact(here, "in", values),) if wanted else ()
            return Predicate(_within(name, values, wanted=wanted), facts)
        sign = self.take()
        if sign not in _COMPARISONS:
            raise not_implemented(f"predicate operator '{sign}'")
        value = self._value()
        return Predicate(_compared(name, sign, value), (Fact(here, sign, value),))

    def _is(self, name: str) -> Predicate:
        wanted = not self.accept("not")
        word = self.take().lower()
        if word not in {"defined", "empty"}:
            raise not_implemented(f"predicate 'is {word}'")
        if word == "empty":
            return Predicate(lambda value, _: (not _get(value, name)) == wanted, ())
        return Predicate(lambda value, _: (_get(value, name) is not None) == wanted, ())

    def _list(self) -> Value:
        if not self.accept("("):
            return self._value()
        values = [self._value()]
        while self.accept(","):
            values.append(self._value())
        self.take(")")
        return lambda names: [item for value in values for item in value(names)]

    def _value(self) -> Value:
        kind, token = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        self._at += 1
        if kind == "variable":
            name = token[1:]
            return lambda names: _variable(name, names)
        constant = _constant(kind, token)
        return lambda _: [constant]


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise invalid(f"Malformed parameter: where: syntax error at {position} in {text}")
        tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        position = match.end()
    return tokens


def _constant(kind: str, token: str) -> Any:
    if kind == "text":
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if kind == "number":
        return float(token) if "." in token else int(token)
    if token.lower() in {"true", "false"}:
        return token.lower() == "true"
    raise invalid(f"Malformed parameter: where: a value was expected, not '{token}'")


def _variable(name: str, names: Variables) -> list[Any]:
    if name not in names:
        raise invalid(f"Malformed parameter: where: variable '{name}' is not given")
    return [value.strip('"') for value in names[name]]


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _compared(name: str, sign: str, right: Value) -> Test:
    compare = _COMPARISONS[sign]

    def test(value: Any, names: Variables) -> bool:
        left = _get(value, name)
        for wanted in right(names):
            expected: Any = wanted
            if isinstance(left, int | float):
                expected = _alike(left, wanted)
            if compare(left, expected):
                return True
        return False

    return test


def _alike(left: Any, right: Any) -> Any:
    """Read a variable's text as what it is compared with."""
    if not isinstance(right, str):
        return right
    return right == "true" if isinstance(left, bool) else float(right)


def _within(name: str, values: Value, *, wanted: bool) -> Test:
    return lambda value, names: (_get(value, name) in values(names)) == wanted


def _contains(name: str, word: str, values: Value) -> Test:
    quantify = any if word == "any" else all

    def test(value: Any, names: Variables) -> bool:
        held = _get(value, name) or ()
        return quantify(item in held for item in values(names))

    return test


def _nested(name: str, inner: Test) -> Test:
    def test(value: Any, names: Variables) -> bool:
        held = _get(value, name)
        if isinstance(held, list):
            return any(inner(item, names) for item in held)
        return held is not None and inner(held, names)

    return test


def matches(predicates: Sequence[Predicate], resource: Json, variables: Variables) -> bool:
    """Say whether a resource meets all predicates."""
    return all(predicate.test(resource, variables) for predicate in predicates)
