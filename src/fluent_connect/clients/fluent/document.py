"""Takes a GraphQL document apart, so that its fields can stand beside others' in one request."""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

Weight = Callable[[Mapping[str, object]], int]
"""The complexity of a document with these variables, as Fluent is understood to count it."""

_TOKEN = re.compile(
    r'"""|"(?:\\.|[^"\\\n])*"|\.\.\.|[$@]?[A-Za-z_]\w*|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|#[^\n]*|[^\s,]'
)
_NAME = re.compile(r"[A-Za-z_]\w*")
_NUMBER = "\x00"
"""Stands in a text wherever the number of a part goes."""
_DEFAULT_PAGE = 10
_LARGEST_PAGE = 5000
_WRAPPERS = frozenset({"edges", "node", "pageInfo"})


class Part(msgspec.Struct, frozen=True):
    """A document of one operation in a form that can be numbered and joined with others.

    fields:   its root fields, by their names in the schema.
    roots:    what they are called in the answer.
    required: those roots that must stand in any answer: they have no `@include` or `@skip`.
    """

    kind: str
    fields: Sequence[str]
    roots: Sequence[str]
    required: Sequence[str]
    weight: Weight
    declarations: str
    selection: str

    def numbered(self, number: int) -> tuple[str, str]:
        """Return declarations and selection with this number at each variable and root."""
        end = f"_{number}"
        return self.declarations.replace(_NUMBER, end), self.selection.replace(_NUMBER, end)


def take_apart(document: str) -> Part | None:
    """Return the parts of a document; None for what cannot stand beside others (fragments)."""
    try:
        return _Reader(document).part()
    except (IndexError, ValueError):
        return None


def together(part: Part, name: str, count: int) -> str:
    """Return the document that holds `part` so many times: each root and variable numbered."""
    declared, selected = zip(*(part.numbered(number) for number in range(count)), strict=True)
    return f"{part.kind} {name}({' '.join(declared)}) {{ {' '.join(selected)} }}"


class _Field(msgspec.Struct):
    name: str
    page: Weight
    weight: Weight


class _Reader:
    """Reads one document from its first token to its last. Raises ValueError at what is foreign."""

    def __init__(self, document: str) -> None:
        found: list[str] = _TOKEN.findall(document)
        self._tokens = [token for token in found if not token.startswith("#")]
        self._at = 0
        self._fields: list[str] = []
        self._roots: list[str] = []
        self._required: list[str] = []

    def part(self) -> Part:
        """Return the document's parts."""
        kind = self._next()
        if kind not in {"query", "mutation"} or '"""' in self._tokens:
            raise ValueError(kind)
        if self._peek() not in "({":
            self._next()
        declarations = self._declarations() if self._peek() == "(" else ""
        if self._peek() != "{":
            raise ValueError("directives of an operation cannot be shared")
        start = self._at
        fields = self._selections(root=True)
        if self._at != len(self._tokens):
            raise ValueError("more than one definition")
        return Part(
            kind=kind,
            fields=tuple(self._fields),
            roots=tuple(self._roots),
            required=tuple(self._required),
            weight=_sum([field.weight for field in fields]),
            declarations=declarations,
            selection=_written(self._tokens[start + 1 : -1]),
        )

    def _next(self) -> str:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else " "

    def _declarations(self) -> str:
        start = self._at
        self._skip("(", ")")
        return _written(self._tokens[start + 1 : self._at - 1])

    def _skip(self, opening: str, closing: str) -> None:
        """Go past a bracket and all that stands in it."""
        depth = 0
        while True:
            token = self._next()
            depth += (token == opening) - (token == closing)
            if depth == 0:
                return

    def _selections(self, *, root: bool = False) -> list[_Field]:
        found: list[_Field] = []
        self._next()
        while self._peek() != "}":
            found.append(self._field(root=root))
        self._next()
        return found

    def _field(self, *, root: bool) -> _Field:
        start = self._at
        alias = name = self._named()
        if self._peek() == ":":
            self._next()
            name = self._named()
        page = self._arguments() if self._peek() == "(" else _page(None)
        conditional = self._directives()
        inner = self._selections() if self._peek() == "{" else None
        if root:
            self._fields.append(name)
            self._roots.append(alias)
            if not conditional:
                self._required.append(alias)
            own = f"{alias}{_NUMBER}"
            named = self._tokens[start + 1] == ":"
            self._tokens[start] = own if named else f"{own} : {name}"
        return _Field(name, page, _weight(name, page, inner))

    def _named(self) -> str:
        token = self._next()
        if not _NAME.fullmatch(token):
            raise ValueError(token)
        return token

    def _arguments(self) -> Weight:
        start = self._at
        self._skip("(", ")")
        inside = self._tokens[start : self._at]
        for at, token in enumerate(inside[:-2]):
            if token in {"first", "last"} and inside[at + 1] == ":":
                return _page(inside[at + 2])
        return _page(None)

    def _directives(self) -> bool:
        found = False
        while self._peek().startswith("@"):
            found = True
            self._next()
            if self._peek() == "(":
                self._skip("(", ")")
        return found


def _written(tokens: Sequence[str]) -> str:
    return " ".join(f"{token}{_NUMBER}" if token[0] == "$" else token for token in tokens)


def _page(told: str | None) -> Weight:
    """Return how many a connection may read, as its `first` or `last` says."""
    if told is None:
        return lambda _: _DEFAULT_PAGE
    if told.startswith("$"):
        return lambda variables: _bounded(variables.get(told[1:]))
    size = _bounded(int(told))
    return lambda _: size


def _bounded(size: object) -> int:
    return min(size, _LARGEST_PAGE) if isinstance(size, int) else _DEFAULT_PAGE


def _weight(name: str, page: Weight, inner: Sequence[_Field] | None) -> Weight:
    """Return the weight of a field: what is read is one, a page of nested reads multiplies."""
    if not inner:
        return lambda _: 0
    rest = _sum([field.weight for field in inner])
    if any(field.name == "edges" for field in inner):
        return lambda variables: page(variables) * (1 + rest(variables))
    own = 0 if name in _WRAPPERS else 1
    return lambda variables: own + rest(variables)


def _sum(weights: Sequence[Weight]) -> Weight:
    return lambda variables: sum(weight(variables) for weight in weights)
