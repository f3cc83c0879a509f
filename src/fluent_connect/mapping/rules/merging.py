"""How a partner's rules are laid over ours: by key, and never two operators in one rule."""

from fluent_connect.mapping.rules.words import OPERATORS
from fluent_connect.model.yaml import Leaf, Node, Place, Table

_BY_KEY = frozenset({"table", "cases"})


def merged_block(ours: Table, theirs: Table) -> Table:
    """Return the block of a target: fields and attributes by key, theirs winning."""
    both = {key: (ours.entries.get(key), node) for key, node in theirs.entries.items()}
    laid = {
        key: _fields(below, over) if isinstance(below, Table) and isinstance(over, Table) else over
        for key, (below, over) in both.items()
    }
    return _over(ours, theirs, laid)


def _fields(ours: Table, theirs: Table) -> Table:
    laid = {
        name: merged_rule(ours.entries[name], rule) if name in ours.entries else rule
        for name, rule in theirs.entries.items()
    }
    return _over(ours, theirs, laid)


def merged_rule(ours: Node, theirs: Node) -> Node:
    """Return the rule of one field.

    A rule with an operator replaces ours. One of modifiers and options alone is laid over ours.
    `fields` below `fields` (of an object, or of each element) are merged by name.
    """
    if not isinstance(theirs, Table) or (isinstance(ours, Leaf) and ours.text is None):
        return theirs
    below = _spelled_out(ours)
    if below is None:
        return theirs
    named = [key for key in theirs.entries if key in OPERATORS]
    deeper = named == ["fields"] and "fields" in below.entries
    if named and not deeper:
        return theirs
    laid: dict[str, Node] = {}
    for key, node in theirs.entries.items():
        under = below.entries.get(key)
        both = isinstance(under, Table) and isinstance(node, Table)
        if both and key == "fields":
            laid[key] = _fields(under, node)  # type: ignore[arg-type]
        elif both and key in _BY_KEY:
            laid[key] = _over(under, node, dict(node.entries))  # type: ignore[arg-type,union-attr]
        else:
            laid[key] = node
    return _over(below, theirs, laid)


def _spelled_out(rule: Node) -> Table | None:
    """Return a rule that is only a path as a table, so that modifiers can join it."""
    if isinstance(rule, Table):
        return rule
    if isinstance(rule, Leaf) and rule.text is not None:
        return Table({"path": rule}, {"path": rule.place}, rule.place)
    return None


def _over(ours: Table, theirs: Table, laid: dict[str, Node]) -> Table:
    keys: dict[str, Place] = {**ours.keys, **theirs.keys}
    return Table({**ours.entries, **laid}, keys, theirs.place)
