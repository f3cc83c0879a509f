"""The operands of rules that are written out: words, numbers, flags, constants."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from fluent_connect.mapping.rules.rule import MistakenError
from fluent_connect.model.yaml import Leaf, Listing, Node, Table


def constant(node: Node) -> Any:
    """Return what YAML 1.2 takes the node for. Raise MistakenError for .inf and .nan."""
    match node:
        case Table():
            return {key: constant(each) for key, each in node.entries.items()}
        case Listing():
            return [constant(each) for each in node.items]
    if node.text is None:
        return None
    if node.kind == "int":
        written = node.text.replace("_", "")
        return int(written) if written.lstrip("+-").isdigit() else int(written, 0)
    if node.kind == "float":
        return float(_finite(node))
    return node.text.lower() == "true" if node.kind == "bool" else node.text


def _finite(leaf: Leaf) -> Decimal:
    try:
        found = Decimal((leaf.text or "").replace("_", ""))
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise MistakenError(leaf.place, f"{leaf.text} is no number that JSON has", "quote it")
    return found


def text(table: Table, key: str) -> str | None:
    """Return a word; None if the key is not there."""
    node = table.entries.get(key)
    if node is None:
        return None
    if not isinstance(node, Leaf) or node.text is None:
        raise _wrong(table, key, "a single text")
    return node.text


def one_of(table: Table, key: str, words: Sequence[str]) -> str | None:
    """Return one of the words; None if the key is not there."""
    found = text(table, key)
    if found is not None and found not in words:
        raise _wrong(table, key, f"one of {', '.join(words)}")
    return found


def integer(table: Table, key: str, least: int = 0) -> int | None:
    """Return a whole number; None if the key is not there."""
    node = table.entries.get(key)
    if node is None:
        return None
    found = constant(node) if isinstance(node, Leaf) and node.kind == "int" else None
    if found is None or found < least:
        raise _wrong(table, key, f"a whole number of at least {least}")
    return int(found)


def decimal(table: Table, key: str) -> Decimal | None:
    """Return a number as it is written; None if the key is not there."""
    node = table.entries.get(key)
    if node is None:
        return None
    try:
        found = Decimal(str(node.text)) if isinstance(node, Leaf) else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise _wrong(table, key, "a number")
    return found


def flag(table: Table, key: str) -> bool:
    """Return whether the key says true; it says false where it is not there."""
    node = table.entries.get(key)
    if node is None:
        return False
    if not isinstance(node, Leaf) or node.kind != "bool":
        raise _wrong(table, key, "true or false")
    return bool(constant(node))


def words(table: Table, key: str) -> Sequence[str] | None:
    """Return a list of texts, a single one being a list of one; None if the key is not there."""
    node = table.entries.get(key)
    if node is None:
        return None
    items = node.items if isinstance(node, Listing) else (node,)
    found = [item.text for item in items if isinstance(item, Leaf) and item.text is not None]
    if len(found) < len(items) or not found:
        raise _wrong(table, key, "a list of texts")
    return found


def tabled(table: Table, key: str) -> Table:
    """Return the table under a key that has to hold one."""
    node = table.entries.get(key)
    if not isinstance(node, Table) or not node.entries:
        raise _wrong(table, key, "a table")
    return node


def _wrong(table: Table, key: str, expected: str) -> MistakenError:
    node = table.entries.get(key)
    place = node.place if isinstance(node, Leaf) else table.keys.get(key, table.place)
    return MistakenError(place, f"`{key}` takes {expected}", f"write {expected}")
