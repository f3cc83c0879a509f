"""Placeholders of a whole tree replaced, and a mistake for each that cannot be."""

from fluent_connect.app.config import placeholders
from fluent_connect.app.config.mistakes import Mistake
from fluent_connect.app.config.validate import written
from fluent_connect.model.yaml import Leaf, Listing, Node, Table

Path = tuple[str | int, ...]


def replaced(
    table: Table, lookup: placeholders.Lookup, mistakes: list[Mistake], path: Path = ()
) -> Table:
    """Return the table with its placeholders replaced; add those that could not be.

    `path`: where the table stands.
    """
    return _table(table, path, lookup, mistakes)


def _table(table: Table, path: Path, lookup: placeholders.Lookup, mistakes: list[Mistake]) -> Table:
    entries = {
        key: _node(value, (*path, key), lookup, mistakes) for key, value in table.entries.items()
    }
    return Table(entries, table.keys, table.place)


def _node(node: Node, path: Path, lookup: placeholders.Lookup, mistakes: list[Mistake]) -> Node:
    match node:
        case Table():
            return _table(node, path, lookup, mistakes)
        case Listing():
            items = (_node(item, (*path, i), lookup, mistakes) for i, item in enumerate(node.items))
            return Listing(tuple(items), node.place)
    try:
        return placeholders.resolve(node, lookup)
    except placeholders.PlaceholderError as error:
        mistakes.append(_unset(error, node, path))
        return Leaf("", node.place, node.source)


def _unset(error: placeholders.PlaceholderError, leaf: Leaf, path: Path) -> Mistake:
    shown = f"{path[-1]}: {leaf.text}" if path else ""
    if error.name is None:
        fix = "write ${NAME} or ${NAME:default}; a dollar sign as it is: $${"
        why = "a placeholder ${NAME:default}"
        return Mistake(
            code="CFG009", place=leaf.place, what=str(error), why=why, fix=fix, shown=shown
        )
    fix = f"set {error.name}, or give a default: ${{{error.name}:…}}"
    why = f"a value for {written(path)}"
    return Mistake(code="CFG005", place=leaf.place, what=str(error), why=why, fix=fix, shown=shown)
