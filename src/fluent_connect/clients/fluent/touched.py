"""What a write to the catalogue is about, and what must be there for it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from fluent_connect.clients.fluent.model import Upsert

C = TypeVar("C")
Key = tuple[str, str]
"""What is made or needed: "category" or "product", and its ref."""
_NOUNS = {
    "parentCategory": "category",
    "childCategories": "category",
    "categories": "category",
    "product": "product",
    "variants": "product",
    "standardProduct": "product",
    "variantProduct": "product",
}
"""Fields of an input that name other entities; products of all kinds share their refs."""
_OWN = {"category": "category", "standardProduct": "product", "variantProduct": "product"}


def of_mutation(name: str, given: Mapping[str, object]) -> tuple[Key | None, frozenset[Key]]:
    """Return what a mutation of the catalogue is about, and what its input needs."""
    needs = _needs(given)
    if name.startswith("remove"):
        about = next((key for key in needs if key[0] == "product"), None)
        return about, frozenset(needs - {about})
    ref = given.get("ref")
    noun = "category" if name.endswith("Category") else "product"
    return (noun, ref) if isinstance(ref, str) else None, frozenset(needs)


def independent(changes: Sequence[C]) -> Iterator[Sequence[C]]:
    """Part changes into runs, in their order, that may each be brought about at the same time.

    Such a run holds upserts of one kind of catalogue entity, none of which needs or is another.
    """
    run: list[C] = []
    made: set[Key] = set()
    needed: set[Key] = set()
    for change in changes:
        key, needs = _of_change(change)
        joins = (
            bool(run)
            and key is not None
            and _kind(run[0]) == _kind(change)
            and key not in made | needed
            and made.isdisjoint(needs)
        )
        if run and not joins:
            yield run
            run, made, needed = [], set(), set()
        run.append(change)
        needed |= needs
        if key is not None:
            made.add(key)
    if run:
        yield run


def _of_change(change: object) -> tuple[Key | None, frozenset[Key]]:
    if not isinstance(change, Upsert) or change.entity not in _OWN:
        return None, frozenset()
    needs = _needs(change.create or {}) | _needs(change.update or {})
    return (_OWN[change.entity], change.ref), frozenset(needs)


def _kind(change: object) -> str:
    return change.entity if isinstance(change, Upsert) else ""


def _needs(given: Mapping[str, object]) -> set[Key]:
    return {
        (noun, ref) for name, noun in _NOUNS.items() if name in given for ref in _refs(given[name])
    }


def _refs(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        ref = value.get("ref")
        return (ref,) if isinstance(ref, str) else ()
    if isinstance(value, list | tuple):
        return (ref for each in value for ref in _refs(each))
    return ()
