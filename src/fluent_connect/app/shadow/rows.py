"""What a run drew, field by field: the value, the rule that made it, what that read."""

from typing import Any

import msgspec

from fluent_connect.app.shadow.differences import Place
from fluent_connect.app.shadow.draw import Drawn
from fluent_connect.app.shadow.fields import Leaf, leaves


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an output.

    on: the parts of the change that hold it so ("create", "update"). rule: `file:line:column`, ""
    where the handler itself set it. reads: paths of the source. note: what was cut. problem: what
    Fluent's schema says against it.
    """

    field: str
    on: tuple[str, ...]
    value: Any
    rule: str = ""
    reads: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""


def rows(drawn: Drawn, change: int, *, unmasked: bool = False, whole: bool = False) -> list[Row]:
    """Return the fields of one of the changes; what several parts hold alike is told once.

    `whole`: an attribute is one row, called by its name.
    """
    found: dict[tuple[str, str], Row] = {}
    problems = {at: each for at, each in drawn.problems.items() if at.change == change}
    for part, tree in drawn.outputs[change].parts.items():
        for leaf in leaves(tree, unmasked=unmasked, whole=whole):
            place = Place(change, part, leaf.path)
            row = _row(drawn, place, leaf, _taken(problems, place), whole=whole)
            key = (leaf.key, repr(leaf.value))
            before = found.get(key)
            found[key] = row if before is None else _both(before, row)
    # What is left is about fields that are not there, or about an object as a whole.
    rest = [
        Row(field=at.path, on=(at.part,), value=None, problem=told) for at, told in problems.items()
    ]
    return [*found.values(), *rest]


def _taken(problems: dict[Place, str], place: Place) -> str:
    """Take what is wrong with a field out of the problems; with a part or the whole of it, too."""
    mine = [at for at in problems if at.part == place.part and _touch(at.path, place.path)]
    return "; ".join(problems.pop(at) for at in mine)


def _touch(one: str, other: str) -> bool:
    """Say whether two paths are the same, or one leads through the other."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and long[len(short) : len(short) + 1] in {"", ".", "["}


def _row(drawn: Drawn, place: Place, leaf: Leaf, problem: str, *, whole: bool) -> Row:
    trail = drawn.trail(place)
    return Row(
        field=_named(leaf) if whole else leaf.path,
        on=(place.part,),
        value=leaf.shown,
        rule=trail.at if trail else "",
        reads=tuple(trail.reads) if trail else (),
        note=trail.note if trail else "",
        problem=problem,
    )


def _named(leaf: Leaf) -> str:
    """Return the path of a leaf; of an attribute, with its name in place of its number."""
    if not leaf.path.endswith("]"):
        return leaf.path
    return f"{leaf.path.rpartition('[')[0]}[{leaf.key.rpartition('[')[2]}"


def _both(one: Row, other: Row) -> Row:
    """Return two rows as one; where it came from, either may know."""
    known = one if one.rule else other
    return msgspec.structs.replace(
        known, on=(*one.on, *other.on), problem=one.problem or other.problem
    )
