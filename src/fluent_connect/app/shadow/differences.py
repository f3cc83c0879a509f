"""How what one version of a mapping makes differs from what another makes, field by field. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from fluent_connect.app.shadow.fields import Leaf, Output, leaves, names

How = Literal["added", "removed", "changed", "moved"]
NOTHING = msgspec.UNSET
"""What stands where one of the two versions has no such field."""


class Place(NamedTuple):
    """Where a field stands: the number of the change, its part, its path there."""

    change: int
    part: str
    path: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One field that two versions do not make alike.

    change: what it is about ("order 1234"). on: the parts of the change in which it differs so
    ("create", "update"). path: elements of lists are called by their own key where they have one.
    old, new: as they may be shown, UNSET where there is none. old_at, new_at: where they stand.
    `how` "moved": a list holds the same in another order; `old` and `new` name the order.
    """

    change: str
    on: tuple[str, ...]
    path: str
    how: How
    old: Any = NOTHING
    new: Any = NOTHING
    old_at: Place | None = None
    new_at: Place | None = None


def differences(
    old: Sequence[Output], new: Sequence[Output], *, unmasked: bool = False
) -> list[Difference]:
    """Return what differs, in the order of `new`, then what only `old` has. None: they are alike.

    Changes are paired by what they are about; of those that are left over, the first of a kind
    with the first of that kind, so that another ref reads as one field that differs.
    """
    found: list[Difference] = []
    for left, right in _paired(old, new):
        found += _merged(_of_pair(old, new, left, right, unmasked=unmasked))
    return found


def summary(differing: Iterable[Difference]) -> Counter[str]:
    """Count by field, whatever the resource: "category: attributes[season].value" -> 12."""
    return Counter(f"{_kind(one.change)}{one.path or one.how}" for one in differing)


def _kind(label: str) -> str:
    return f"{label.partition(' ')[0]}: "


def _paired(
    old: Sequence[Output], new: Sequence[Output]
) -> Iterator[tuple[int | None, int | None]]:
    rest = list(range(len(old)))
    pairs: dict[int, int | None] = {}
    for same in (_label, _sort):
        for right, made in enumerate(new):
            if right in pairs:
                continue
            left = next((each for each in rest if same(old[each]) == same(made)), None)
            if left is not None:
                pairs[right] = left
                rest.remove(left)
    yield from ((pairs.get(right), right) for right in range(len(new)))
    yield from ((left, None) for left in rest)


def _label(made: Output) -> tuple[str, str]:
    return made.kind, made.label


def _sort(made: Output) -> tuple[str, str]:
    return made.kind, made.label.partition(" ")[0]


def _of_pair(
    old: Sequence[Output],
    new: Sequence[Output],
    left: int | None,
    right: int | None,
    *,
    unmasked: bool,
) -> Iterator[Difference]:
    """Yield what differs in one pair, part by part; a whole change of one side is one line."""
    if left is None and right is not None:
        yield Difference(change=new[right].label, on=(), path="", how="added")
        return
    if right is None and left is not None:
        yield Difference(change=old[left].label, on=(), path="", how="removed")
        return
    assert left is not None and right is not None  # noqa: S101, PT018 - one of both was handled
    before, after = old[left].parts, new[right].parts
    for part in dict.fromkeys((*after, *before)):
        one, other = before.get(part, NOTHING), after.get(part, NOTHING)
        for each in _of_part(one, other, unmasked=unmasked):
            yield msgspec.structs.replace(
                each,
                change=new[right].label,
                on=(part,),
                old_at=each.old_at and each.old_at._replace(change=left, part=part),
                new_at=each.new_at and each.new_at._replace(change=right, part=part),
            )


def _of_part(old: Any, new: Any, *, unmasked: bool) -> Iterator[Difference]:
    before, after = _keyed(old, unmasked=unmasked), _keyed(new, unmasked=unmasked)
    for key in (*after, *(each for each in before if each not in after)):
        one, other = before.get(key), after.get(key)
        if one is None or other is None or not alike(one.value, other.value):
            yield _difference(key, one, other)
    yield from _moved("", old, new)


def _keyed(part: Any, *, unmasked: bool) -> Mapping[str, Leaf]:
    return {} if part is NOTHING else {leaf.key: leaf for leaf in leaves(part, unmasked=unmasked)}


def _difference(key: str, old: Leaf | None, new: Leaf | None) -> Difference:
    how: How = "added" if old is None else "removed" if new is None else "changed"
    return Difference(
        change="",
        on=(),
        path=key,
        how=how,
        old=NOTHING if old is None else old.shown,
        new=NOTHING if new is None else new.shown,
        old_at=None if old is None else Place(0, "", old.path),
        new_at=None if new is None else Place(0, "", new.path),
    )


def alike(one: object, other: object) -> bool:
    """Say whether two leaves are the same to Fluent: numbers by value, all else by kind, too."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


def _moved(key: str, old: Any, new: Any) -> Iterator[Difference]:
    """Yield the lists that hold what they held, called by name, in another order."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in new:
            if name in old:
                yield from _moved(f"{key}.{name}" if key else str(name), old[name], new[name])
    elif isinstance(old, list) and isinstance(new, list) and old and new:
        before, after = names(old), names(new)
        if before != after and sorted(before) == sorted(after):
            yield Difference(
                change="", on=(), path=key, how="moved", old=", ".join(before), new=", ".join(after)
            )
        for place, name in enumerate(after):
            if name in before:
                yield from _moved(f"{key}[{name}]", old[before.index(name)], new[place])


def _merged(found: Iterable[Difference]) -> list[Difference]:
    """Return the differences, those that are the same in several parts of a change as one."""
    whole: list[Difference] = []
    for one in found:
        for place, other in enumerate(whole):
            if _told(one) == _told(other):
                whole[place] = msgspec.structs.replace(other, on=(*other.on, *one.on))
                break
        else:
            whole.append(one)
    return whole


def _told(one: Difference) -> tuple[object, ...]:
    return one.change, one.path, one.how, repr(one.old), repr(one.new)
