"""Leaves out of a document the fields that an account's schema does not know."""

import re
from collections.abc import Mapping

import msgspec

from fluent_connect.clients.fluent.schema.introspect import Selected, Told

_TOKEN = re.compile(
    r'"""|"(?:\\.|[^"\\\n])*"|\.\.\.|[$@]?[A-Za-z_]\w*|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|#[^\n]*|[^\s,]'
)
_NAME = re.compile(r"[A-Za-z_]\w*")


class Trimmed(msgspec.Struct, frozen=True):
    """A document without what an account lacks.

    dropped:  `Type.field` of what was left out.
    demanded: `Type.field(argument)` that the account requires and the document does not give.
    absent:   `Type.field` that cannot be left out: a root, or all that was asked of something.
    """

    text: str
    dropped: tuple[str, ...] = ()
    demanded: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


def trimmed(document: str, told: Told) -> Trimmed:
    """Return a document of one operation as the account knows it; with fragments, as it is."""
    try:
        return _Reader(document, told).trimmed()
    except (IndexError, ValueError):
        return Trimmed(document)


class _Reader:
    """Walks a document along the types of its fields."""

    def __init__(self, document: str, told: Told) -> None:
        self._document = document
        self._told = told
        tokens: list[str] = _TOKEN.findall(document)
        self._tokens = [token for token in tokens if not token.startswith("#")]
        self._at = 0
        self._out: list[tuple[int, int]] = []
        self._dropped: list[str] = []
        self._demanded: list[str] = []
        self._absent: list[str] = []

    def trimmed(self) -> Trimmed:
        kind = self._next()
        if kind not in {"query", "mutation"} or '"""' in self._tokens:
            raise ValueError(kind)
        while self._peek() not in "({":
            self._next()
        declared = self._bracket() if self._peek() == "(" else (0, 0)
        root = self._told.query if kind == "query" else self._told.mutation
        self._selections(root, root=True)
        if self._at != len(self._tokens):
            raise ValueError("more than one definition")
        told = tuple(self._dropped), tuple(self._demanded), tuple(self._absent)
        return Trimmed(self._written(declared) if self._out else self._document, *told)

    def _next(self) -> str:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else " "

    def _bracket(self) -> tuple[int, int]:
        """Go past what stands in round brackets; return where it begins and ends."""
        start, depth = self._at, 0
        while True:
            depth += {"(": 1, ")": -1}.get(self._next(), 0)
            if depth == 0:
                return start, self._at

    def _selections(self, type_: str, *, root: bool = False) -> int:
        """Go past a selection; return how many fields of it stay. A type not told of keeps all."""
        fields = self._told.objects.get(type_)
        kept = 0
        self._next()
        while self._peek() != "}":
            kept += self._field(type_, fields, root=root)
        self._next()
        return kept

    def _field(self, type_: str, fields: Mapping[str, Selected] | None, *, root: bool) -> bool:
        start = self._at
        name = self._named()
        if self._peek() == ":":
            self._next()
            name = self._named()
        known = fields is None or name in fields or name == "__typename"
        field = (fields or {}).get(name, Selected(""))
        given = self._tokens[slice(*self._bracket())] if self._peek() == "(" else []
        while self._peek().startswith("@"):
            self._next()
            if self._peek() == "(":
                self._bracket()
        kept = self._selections(field.type) if self._peek() == "{" else 1
        where = f"{type_}.{name}"
        self._demanded += [f"{where}({each})" for each in field.demanded if each not in given]
        if known and kept:
            return True
        if root:
            self._absent.append(where)
            return True
        if not known:
            self._dropped.append(where)
        self._out.append((start, self._at))
        return False

    def _named(self) -> str:
        token = self._next()
        if not _NAME.fullmatch(token):
            raise ValueError(token)
        return token

    def _written(self, declared: tuple[int, int]) -> str:
        """Return the tokens that stay; a variable that nobody uses any more is not declared."""
        gone = {at for start, end in self._out for at in range(start, end)}
        body = range(declared[1] or 1, len(self._tokens))
        used = {self._tokens[at] for at in body if at not in gone}
        start, end = declared
        at = start + 1
        while at < end - 1:
            after = next((n for n in range(at + 1, end - 1) if self._is_declared(n)), end - 1)
            if self._tokens[at] not in used:
                gone |= set(range(at, after))
            at = after
        if end and all(at in gone for at in range(start + 1, end - 1)):
            gone |= {start, end - 1}
        return " ".join(token for at, token in enumerate(self._tokens) if at not in gone)

    def _is_declared(self, at: int) -> bool:
        return self._tokens[at].startswith("$") and self._tokens[at + 1] == ":"
