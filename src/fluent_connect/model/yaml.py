"""YAML 1.2 with the place of every key and value: the one file that reads YAML."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

_TAG = "tag:yaml.org,2002:"
_OURS = frozenset(_TAG + kind for kind in ("str", "int", "float", "bool", "null", "timestamp"))

_KINDS = {_TAG + kind: kind for kind in ("int", "float", "bool")}


class Place(msgspec.Struct, frozen=True):
    """Where something stands: a file with line and column (from 1), or a name without them."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Leaf(msgspec.Struct, frozen=True):
    """A single value, as it was written: `text` keeps the zeros of 007. None: nothing (null).

    `source` is where the text came from if not from its place ("env NAME"). `kind` is what YAML 1.2
    takes it for: "int", "float", "bool"; "" is text, or what was quoted.
    """

    text: str | None
    place: Place
    source: str = ""
    kind: str = ""


class Listing(msgspec.Struct, frozen=True):
    """A list of nodes."""

    items: Sequence["Node"]
    place: Place


class Table(msgspec.Struct, frozen=True):
    """Nodes by name, in the order in which they were written, and the place of each name."""

    entries: Mapping[str, "Node"]
    keys: Mapping[str, Place]
    place: Place


Node = Leaf | Listing | Table


class Fault(msgspec.Struct, frozen=True):
    """Why a text is not what it should be, and where."""

    place: Place
    what: str
    fix: str
    duplicate: bool = False


class Document(msgspec.Struct, frozen=True):
    """What was read: the root (None: empty or unreadable) and everything that is wrong with it."""

    root: Node | None
    faults: Sequence[Fault]


def read(text: str, file: str) -> Document:
    """Return the one document in `text`; `file` is what its places are called by."""
    yaml = YAML(typ="safe", pure=True)
    try:
        composed = yaml.compose(text)
    except MarkedYAMLError as error:
        return Document(None, (_unreadable(error, file),))
    except YAMLError as error:
        fix = "save the file as UTF-8 text without control characters"
        return Document(None, (Fault(Place(file, 1, 1), str(error).splitlines()[0], fix),))
    faults: list[Fault] = []
    root = None if composed is None else _Reader(file, faults).node(composed)
    return Document(root, tuple(faults))


def plain(node: Node | None) -> Any:
    """Return the node as dicts, lists and texts."""
    match node:
        case Table():
            return {key: plain(value) for key, value in node.entries.items()}
        case Listing():
            return [plain(item) for item in node.items]
        case Leaf():
            return node.text
    return None


class _Reader:
    """Turns what ruamel composed into nodes of our own, and collects what is wrong."""

    def __init__(self, file: str, faults: list[Fault]) -> None:
        self._file = file
        self._faults = faults
        self._open: set[int] = set()
        self._read: dict[int, Node] = {}

    def node(self, composed: Any) -> Node:
        known = self._read.get(id(composed))
        if known is not None:
            return known
        place = self._place(composed)
        if id(composed) in self._open:
            self._fault(place, "this anchor contains itself", "write the value out")
            return Leaf(None, place)
        self._open.add(id(composed))
        try:
            read = self._read[id(composed)] = self._convert(composed, place)
            return read
        finally:
            self._open.discard(id(composed))

    def _convert(self, composed: Any, place: Place) -> Node:
        if isinstance(composed, MappingNode):
            return self._table(composed, place)
        if isinstance(composed, SequenceNode):
            return Listing(tuple(self.node(item) for item in composed.value), place)
        if composed.tag not in _OURS:
            self._fault(place, f"the tag {composed.tag} is not known here", "leave it out")
        text = None if composed.tag == _TAG + "null" else composed.value
        return Leaf(text, place, kind=_KINDS.get(composed.tag, ""))

    def _table(self, composed: Any, place: Place) -> Table:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        merged: list[Table] = []
        for key, value in composed.value:
            at = self._place(key)
            if key.tag == _TAG + "merge":
                merged.extend(self._merged(value))
            elif not isinstance(key, ScalarNode) or key.tag == _TAG + "null":
                self._fault(at, "a key is a plain word here", "quote it, or give it a name")
            elif key.value in keys:
                what = f"the key {key.value!r} stands here twice, first in line "
                fix = "remove one of the two, or merge their values"
                line = keys[key.value].line
                self._faults.append(Fault(at, f"{what}{line}", fix, duplicate=True))
            else:
                keys[key.value] = at
                entries[key.value] = self.node(value)
        for other in merged:
            entries = {**other.entries, **entries}
            keys = {**other.keys, **keys}
        return Table(entries, keys, place)

    def _merged(self, composed: Any) -> list[Table]:
        several = composed.value if isinstance(composed, SequenceNode) else [composed]
        tables = []
        for one in several:
            node = self.node(one)
            if isinstance(node, Table):
                tables.append(node)
            else:
                self._fault(self._place(one), "<< takes a table", "name an anchor of a table")
        return tables

    def _place(self, composed: Any) -> Place:
        mark = composed.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1)

    def _fault(self, place: Place, what: str, fix: str) -> None:
        self._faults.append(Fault(place, what, fix))


_FIXES = {
    "\\t": "indent with spaces, not with a tab",
    "mapping values": "put the value in quotes, or start a new line after the first colon",
    "undefined alias": "define the anchor first (&name), or put the value in quotes",
    "another document": "one document a file: put the other one into a profile of its own",
    "'@'": "put the value in quotes",
    "'`'": "put the value in quotes",
    "'%'": "put the value in quotes",
    "end of stream": "close the quote",
    "stream end": "close the bracket",
    "block end": "indent this line like its neighbours above",
    "document start": "indent this line like its neighbours above",
}


def _unreadable(error: MarkedYAMLError, file: str) -> Fault:
    unclosed = "end" in (error.problem or "") and error.context_mark is not None
    mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
    what = ", ".join(text for text in (error.problem, error.context) if text)
    fix = next((fix for sign, fix in _FIXES.items() if sign in what), "correct the YAML here")
    return Fault(place, what, fix)
