"""What mapping files say: a block of rules for each target, a partner's laid over ours."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fluent_connect.mapping.rules.merging import merged_block
from fluent_connect.mapping.rules.mistakes import hint
from fluent_connect.model.yaml import Fault, Node, Place, Table, plain, read

_LARGEST = 1024 * 1024
_PARTS = ("fields", "attributes")


class Blocks(msgspec.Struct, frozen=True):
    """The rules of each target, and where each target is named."""

    tables: Mapping[str, Table] = {}
    places: Mapping[str, Place] = {}
    faults: Sequence[Fault] = ()

    def over(self, below: "Blocks") -> "Blocks":
        """Return these rules laid over others, target by target and field by field."""
        tables = dict(below.tables)
        for name, table in self.tables.items():
            tables[name] = merged_block(tables[name], table) if name in tables else table
        places = {**self.places, **below.places}
        return Blocks(tables, places, (*below.faults, *self.faults))

    def digest(self, targets: Iterable[str]) -> str:
        """Return a text that changes with the rules of these targets, and of those they use."""
        told = {name: plain(self.tables[name]) for name in sorted(self.reached(targets))}
        return hashlib.sha256(msgspec.json.encode(told)).hexdigest() if told else ""

    def reached(self, targets: Iterable[str]) -> set[str]:
        """Return those of the targets that have rules, and all that these use."""
        wanted: set[str] = set()
        todo = list(targets)
        while todo:
            name = todo.pop()
            if name in self.tables and name not in wanted:
                wanted.add(name)
                todo += _used(self.tables[name])
        return wanted


def parsed(text: str, file: str) -> Blocks:
    """Return what one file says; `file` is what its places are called by."""
    start = Place(file, 1, 1)
    if len(text) > _LARGEST:
        return Blocks(faults=(Fault(start, "this file is over 1 MiB", "split it by entity"),))
    try:
        document = read(text, file)
    except RecursionError:
        return Blocks(faults=(Fault(start, "this file is nested too deeply", "flatten it"),))
    root = document.root
    if root is None:
        return Blocks(faults=document.faults)
    if not isinstance(root, Table):
        wrong = Fault(root.place, "a mapping file is a table of targets", "begin with `order:`")
        return Blocks(faults=(*document.faults, wrong))
    tables: dict[str, Table] = {}
    faults = list(document.faults)
    for name, node in root.entries.items():
        if isinstance(node, Table):
            tables[name] = node
            faults += _shape(name, node)
        else:
            fix = "write `fields:` and `attributes:` below it"
            faults.append(Fault(root.keys[name], f"the target {name} has no rules", fix))
    return Blocks(tables, {name: root.keys[name] for name in tables}, tuple(faults))


def _shape(name: str, block: Table) -> Iterable[Fault]:
    for key, node in block.entries.items():
        if key not in _PARTS:
            fix = hint(key, _PARTS, "write it under `fields:` or `attributes:`")
            yield Fault(block.keys[key], f"{key!r} is no part of the target {name}", fix)
        elif not isinstance(node, Table):
            fix = "write one line a field below it, or remove it"
            yield Fault(block.keys[key], f"{name}.{key} holds no rules", fix)


def _used(node: Node) -> list[str]:
    """Return the targets that rules below `node` use."""
    found: list[str] = []
    if isinstance(node, Table):
        for key, each in node.entries.items():
            name = getattr(each, "text", None)
            found += [name] if key == "use" and isinstance(name, str) else _used(each)
    for item in getattr(node, "items", ()):
        found += _used(item)
    return found
