"""Rules become closures: each rule once, before the first message."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fluent_connect.mapping.rules.blocks import Blocks
from fluent_connect.mapping.rules.mistakes import hint
from fluent_connect.mapping.rules.modifiers import modified
from fluent_connect.mapping.rules.paths import PathError, Run, Scope, compiled
from fluent_connect.mapping.rules.rule import NOTHING, Frame, Inputs, MistakenError, Rule
from fluent_connect.mapping.rules.target import Target
from fluent_connect.mapping.rules.words import MODIFIERS, OPERATORS, operator_of
from fluent_connect.model.yaml import Fault, Leaf, Listing, Node, Place, Table

Make = Callable[["Compiling", Table, Frame], Rule]
"""Compile one operator: the table holds it, its options and modifiers."""
Fill = Callable[["Compiling", str, type], Run]
_DEEPEST = 40
_MOST = 20_000


class Compiling:
    """One compilation: what is known, what was made, and everything that is wrong."""

    def __init__(
        self,
        blocks: Blocks,
        makers: Mapping[str, Make],
        fill: Fill,
        *,
        targets: Mapping[str, Target],
        settings: type | None,
        inputs: Inputs | None,
        traced: bool,
    ) -> None:
        self.blocks = blocks
        self.targets = targets
        self.settings = settings
        self.inputs = inputs or (lambda _: None)
        self.traced = traced
        self.faults: list[Fault] = []
        self._makers = makers
        self._fill = fill
        self._filled: dict[tuple[str, Any], list[Run]] = {}
        self._count = 0

    def filled(self, name: str, source: Any) -> Run:
        """Return what fills a target from a source of this type; it may be in the making."""
        known = self._filled.get((name, source))
        if known is None:
            known = self._filled[name, source] = []
            known.append(self._fill(self, name, source))
        elif not known:
            return _later(known)
        return known[0]

    def mistaken(self, place: Place, what: str, fix: str) -> None:
        """Note one mistake."""
        self.faults.append(Fault(place, what, fix))

    def rule(self, node: Node, frame: Frame, *, raw: bool = False) -> Rule:
        """Return the rule; one that does nothing if it is mistaken.

        raw: leave a value that knows its Fluent type as it is (for attributes).
        """
        try:
            return self._rule(node, frame, raw=raw)
        except MistakenError as error:
            self.mistaken(error.place, error.what, error.fix)
            return NOTHING

    def rules(self, nodes: Sequence[Node], frame: Frame, *, raw: bool = False) -> list[Rule]:
        """Return several rules of one frame."""
        return [self.rule(node, frame, raw=raw) for node in nodes]

    def option(self, table: Table, key: str, frame: Frame, *, raw: bool = False) -> Rule:
        """Return the rule that stands under a key of a rule."""
        return self.rule(table.entries[key], frame.deeper(), raw=raw)

    def path(self, text: str, place: Place, frame: Frame, *, raw: bool = False) -> Rule:
        """Return the rule that reads a path. Raise MistakenError if it leads nowhere."""
        try:
            found = compiled(text, frame.roots, raw=raw)
        except PathError as error:
            raise MistakenError(place, str(error), error.fix) from error
        run = _told(found.run, text) if self.traced else found.run
        return Rule(run, (text,), found.shape)

    def _rule(self, node: Node, frame: Frame, *, raw: bool) -> Rule:
        self._bounded(node, frame)
        if isinstance(node, Leaf):
            if node.text is None or node.kind:
                shown = "~" if node.text is None else node.text
                fix = f"write {{ value: {shown} }} for a constant"
                raise MistakenError(node.place, f"{shown} is no path", fix)
            return self.path(node.text, node.place, frame, raw=raw)
        if isinstance(node, Listing):
            what, fix = "a list is no rule", "write `first:`, `join:` or `each:` before it"
            raise MistakenError(node.place, what, fix)
        operator = self.operator(node)
        if operator == "path":
            made = self._path(node, frame, raw=raw)
        else:
            made = self._makers[operator](self, node, frame)
        return modified(made, node, frame)

    def _path(self, table: Table, frame: Frame, *, raw: bool) -> Rule:
        inner = table.entries["path"]
        if not isinstance(inner, Leaf) or inner.text is None or inner.kind:
            raise MistakenError(table.keys["path"], "`path` takes a path", "write path: a.b")
        bare = raw and len(table.entries) == 1 + ("type" in table.entries)
        return self.path(inner.text, inner.place, frame, raw=bare)

    def operator(self, table: Table, without: Sequence[str] = ()) -> str:
        """Return the one operator of a rule; note options and modifiers that it does not have.

        Raise MistakenError if it has none or several.
        """
        found = operator_of(list(table.entries))
        if len(found) != 1:
            raise _not_one(table, found)
        also = [each for each in MODIFIERS if each not in without]
        known = (found[0], *OPERATORS[found[0]], *also)
        for key, place in table.keys.items():
            if key not in known:
                fix = hint(key, (*known, *OPERATORS), f"it takes: {', '.join(known[1:])}")
                self.mistaken(place, f"`{found[0]}` takes no {key!r}", fix)
        return found[0]

    def _bounded(self, node: Node, frame: Frame) -> None:
        self._count += 1
        if frame.depth > _DEEPEST:
            raise MistakenError(
                node.place, f"rules are nested over {_DEEPEST} deep", "flatten them"
            )
        if self._count > _MOST:
            raise MistakenError(node.place, f"there are over {_MOST} rules", "use fewer anchors")


def _not_one(table: Table, found: Sequence[str]) -> MistakenError:
    if found:
        what = f"a rule has one operator, and here are {', '.join(found)}"
        return MistakenError(table.keys[found[1]], what, "keep one, or nest them with `first:`")
    key = next(iter(table.entries), "")
    what = f"no operator is called {key!r}" if key else "a rule without an operator"
    otherwise = f"use one of {', '.join(OPERATORS)}"
    fix = hint(key, OPERATORS, otherwise) if key not in MODIFIERS else "add `path:`"
    return MistakenError(table.keys.get(key, table.place), what, fix)


def _later(made: list[Run]) -> Run:
    """Return what fills a target that uses itself, once it is made."""

    def run(scope: Scope) -> Any:
        return made[0](scope)

    return run


def _told(run: Run, text: str) -> Run:
    def traced(scope: Scope) -> Any:
        scope[0].recorder.reads.append(text)
        return run(scope)

    return traced
