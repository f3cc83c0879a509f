"""What Fluent was seen to hold, and what a write would change of it."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from fluent_connect.app.dryrun.values import Against
from fluent_connect.app.dryrun.writes import Wish
from fluent_connect.app.shadow.fields import Leaf, leaves
from fluent_connect.clients.fluent.compare import category_refs, differs, same

_MOST = 4096
_ADDRESS = frozenset({"id", "ref", "username", "catalogue", "retailer"})
_TOLD_BY_OTHERS = ("].name", "].type", "].currency", "catalogue.ref")
"""Ends of paths of what is new that say no more than the path or the line beside it does."""
_REMOVES = "removeCategoriesFrom"


class Held:
    """Remembers the entities in Fluent's answers, the newest of them, by account and key."""

    def __init__(self) -> None:
        self._nodes: OrderedDict[tuple[str, str], Mapping[str, Any]] = OrderedDict()

    def learn(self, account: str, data: object) -> None:
        """Remember every entity in the data of an answer."""
        for node in _nodes(data):
            for name in ("id", "ref", "username"):
                if node.get(name) not in (None, ""):
                    self._nodes[account, str(node[name])] = node
                    self._nodes.move_to_end((account, str(node[name])))
        while len(self._nodes) > _MOST:
            self._nodes.popitem(last=False)

    def of(self, wish: Wish) -> Mapping[str, Any] | None:
        """Return what a write is about, as Fluent last showed it; None if it is not known."""
        if wish.system != "fluent" or wish.creates:
            return None
        about = _subject(wish)
        return self._nodes.get((wish.account, about)) if about else None


def changes(wish: Wish, held: Mapping[str, Any] | None) -> list[Against]:
    """Return what the write would change, field by field, personal data masked.

    Without anything to compare with, every field of the input.
    """
    if wish.operation.startswith(_REMOVES):
        refs = [str(each.get("ref")) for each in wish.input.get("categories") or ()]
        return [Against("categories", ref, None) for ref in refs]
    return [Against(*each) for each in _compared(wish.input, held)]


def _compared(
    wanted: Mapping[str, Any], held: Mapping[str, Any] | None
) -> Iterator[tuple[str, Any, Any]]:
    known: dict[str, Leaf] = {leaf.key: leaf for leaf in leaves(_as_input(held))} if held else {}
    for name, value in wanted.items():
        if held is not None and (name in _ADDRESS or not differs({name: value}, held)):
            continue
        for leaf in leaves({name: value}):
            before = known.get(leaf.key)
            if held is not None and before is None and leaf.key.endswith(_TOLD_BY_OTHERS):
                continue
            if before is None or not same(leaf.value, before.value):
                yield leaf.key, before.shown if before else None, leaf.shown


def _as_input(held: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entity in the words of an input."""
    told = dict(held)
    if "categories" in held:
        told["categories"] = [{"ref": ref} for ref in category_refs(held)]
    if "tax" in held:
        told["taxType"] = held["tax"]
    return told


def _subject(wish: Wish) -> str:
    if not wish.operation.startswith(_REMOVES):
        return wish.about
    product = wish.input.get("standardProduct") or wish.input.get("variantProduct") or {}
    return str(product.get("ref") or "")


def _nodes(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield each table that looks like an entity: it has an id, or a ref and a status."""
    if isinstance(value, Mapping):
        if value.get("id") is not None and ("ref" in value or "username" in value):
            yield value
        for each in value.values():
            yield from _nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from _nodes(each)
