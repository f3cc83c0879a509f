"""How `map` shows what was drawn: JSON for machines, tables for people."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from fluent_connect.app.cli import masking
from fluent_connect.app.cli.output import line, note, paint, width
from fluent_connect.app.shadow.differences import NOTHING, Difference, Place
from fluent_connect.app.shadow.draw import Drawn
from fluent_connect.app.shadow.rows import Row, rows
from fluent_connect.journal.masking import masked
from fluent_connect.model.message import Message

_encode = msgspec.json.Encoder(decimal_format="number").encode
_HEADS = ("FIELD", "VALUE", "FROM", "RULE")
_SHARES = {3: (0.42, 0.26), 4: (0.32, 0.22)}
"""Of the width, what fields and values may take, by the number of columns."""
_ROOMY = 110
_RULE = 30
_GAP = "  "
_TONES = {"mapped": "good", "skipped": "doubt", "waits": "doubt", "dead": "bad", "unread": "bad"}
_OURS = "mapping/"
"""What the places of rules begin with; on the screen it says nothing."""
_WRITES = frozenset({"create", "update"})
_ALSO = (".name", ".type")


class Screen(msgspec.Struct, frozen=True):
    """How much is shown: personal data, the source as a whole, everything uncut."""

    unmasked: bool = False
    source: bool = False
    wide: bool = False


def head(message: Message) -> dict[str, Any]:
    """Return what a message is about, as JSON tells it."""
    return {
        "message": message.id,
        "resource": str(message.resource) if message.resource else "",
        "kind": message.kind,
        "route": message.name,
        "account": message.account,
        "retailer": message.retailer,
    }


def as_json(drawn: Drawn, screen: Screen) -> dict[str, Any]:
    """Return what was drawn, as JSON tells it."""
    source = drawn.source if screen.unmasked else masked(drawn.source)
    changes = [
        {
            "what": masking.text(made.label, unmasked=screen.unmasked),
            "kind": made.kind,
            **{
                part: tree if screen.unmasked else masked(tree) for part, tree in made.parts.items()
            },
            "fields": _plain(rows(drawn, number, unmasked=screen.unmasked)),
            "notes": list(made.notes),
        }
        for number, made in enumerate(drawn.outputs)
    ]
    return {
        "handler": drawn.handler,
        "version": drawn.version,
        "outcome": drawn.outcome,
        "reason": masking.text(drawn.reason, unmasked=screen.unmasked),
        "source": source,
        "changes": changes,
    }


def difference_as_json(one: Difference, old: Drawn, new: Drawn) -> dict[str, Any]:
    """Return a difference with the rules on both sides; a side without the field is left out."""
    told = _plain(one)
    for name in ("old_at", "new_at"):
        told.pop(name)
    told["change"] = masking.text(one.change)
    rules = {"old_rule": _rule(old, one.old_at), "new_rule": _rule(new, one.new_at)}
    return {**told, **{name: rule for name, rule in rules.items() if rule}}


def tell(value: object) -> None:
    """Write a value as one line of JSON; amounts are numbers, as they would be sent."""
    line(_encode(value).decode())


def show(message: Message, drawn: Drawn, screen: Screen) -> None:
    """Show what a message is about and what its handler makes of it."""
    version = "" if drawn.version is None else f" v{drawn.version}"
    whose = f"{message.account}/{message.retailer}"
    line(f"{message.resource or message.id}{version}, for {whose}")
    line(f"{message.name} -> {drawn.handler}" if drawn.handler else message.name)
    if screen.source and drawn.source is not None:
        told = drawn.source if screen.unmasked else masked(drawn.source)
        line(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    if drawn.outcome != "mapped":
        reason = masking.text(drawn.reason, unmasked=screen.unmasked)
        line(f"\n{paint(drawn.outcome, _TONES[drawn.outcome])}: {reason}")
    elif not drawn.outputs:
        line("\nnothing is written")
    for number, made in enumerate(drawn.outputs):
        parts = ", ".join(each for each in made.parts if each in _WRITES)
        told = f"  ({parts})" if parts else ""
        line(f"\n{masking.text(made.label, unmasked=screen.unmasked)}{told}")
        listed = rows(drawn, number, unmasked=screen.unmasked, whole=True)
        _table(listed, several=len(_WRITES & made.parts.keys()) > 1, wide=screen.wide)
        for each in made.notes:
            note(f"note: {each}")
    if drawn.problems:
        count = len({place.path for place in drawn.problems})
        word = "field is" if count == 1 else "fields are"
        note(f"{count} {word} not as Fluent's schema demands: the message would be dead")


def show_differences(
    found: Sequence[Difference], old: Drawn, new: Drawn, *, wide: bool = False
) -> None:
    """Show what differs, change by change."""
    about = None
    for one in brief(found):
        if one.change != about:
            about = one.change
            line(f"  {masking.text(about)}")
        rule = _rule(new, one.new_at) or _rule(old, one.old_at)
        _fitted(f"    {told(one)}" + (f"   {rule}" if rule else ""), wide=wide)
    if old.outcome != new.outcome or old.reason != new.reason:
        for word, drawn in (("old", old), ("new", new)):
            reason = f": {masking.text(drawn.reason)}" if drawn.reason else ""
            _fitted(f"    {word}  {drawn.outcome}{reason}", wide=wide)


def told(one: Difference) -> str:
    """Return a difference in one line, without its rule."""
    on = f" ({', '.join(one.on)})" if len(one.on) == 1 and one.on[0] in {"create", "update"} else ""
    if not one.path:
        return f"{'only the new one writes it' if one.how == 'added' else 'no longer written'}"
    if one.how == "moved":
        return f"{one.path}{on}: another order: {one.old} -> {one.new}"
    return f"{one.path}{on}: {_value(one.old)} -> {_value(one.new)}"


def brief(found: Sequence[Difference]) -> Iterator[Difference]:
    """Yield the differences; of an element that came or went, its value stands for all of it."""
    whole = {
        (one.change, one.how, one.path.removesuffix(".value"))
        for one in found
        if one.path.endswith("].value") and one.how in {"added", "removed"}
    }
    for one in found:
        element, _, last = one.path.rpartition(".")
        if f".{last}" in _ALSO and (one.change, one.how, element) in whole:
            continue
        yield one


def _rule(drawn: Drawn, place: Place | None) -> str:
    trail = drawn.trail(place) if place is not None else None
    return trail.at if trail is not None else ""


def _table(listed: Sequence[Row], *, several: bool, wide: bool) -> None:
    """Write fields, values and where they came from; rules too where there is room for them."""
    room = None if wide else width()
    cells = [_cells(row, several=several) for row in listed]
    shown = 4 if room is None or room >= _ROOMY else 3
    sizes = _sizes([_HEADS, *cells], shown, room)
    line(paint(_line(_HEADS, sizes, shown, room), "quiet"))
    for row, each in zip(listed, cells, strict=True):
        line(_line(each, sizes, shown, room))
        indent = _GAP * 2
        if row.note:
            _fitted(f"{indent}{paint(row.note, 'doubt')}", wide=wide)
        if row.problem:
            _fitted(f"{indent}{paint('refused', 'bad')}: {row.problem}", wide=wide)


def _cells(row: Row, *, several: bool) -> tuple[str, str, str, str]:
    one = len(row.on) == 1 and (several or row.on[0] not in _WRITES)
    field = f"{row.field} ({row.on[0]})" if one else row.field
    source = ", ".join(row.reads) or ("(constant)" if row.rule else "(handler)")
    missing = bool(row.problem) and row.value is None
    value = "" if missing else _value(row.value)
    return field, value, "" if missing else source, row.rule.removeprefix(_OURS)


def _sizes(cells: Sequence[Sequence[str]], shown: int, room: int | None) -> list[int]:
    sizes = [max(len(row[column]) for row in cells) for column in range(3)]
    if room is None:
        return sizes
    most = [int(room * share) for share in _SHARES[shown]]
    return [*map(min, sizes, most), 0]


def _line(cells: Sequence[str], sizes: Sequence[int], shown: int, room: int | None) -> str:
    if room is None:
        padded = [f"{cell:<{size}}" for cell, size in zip(cells, sizes, strict=False)]
        return _GAP.join([*padded, *cells[3:shown]]).rstrip()
    rule = _RULE if shown > len(sizes) else 0
    left = room - sizes[0] - sizes[1] - 2 * len(_GAP) - (rule + len(_GAP) if rule else 0)
    front = [_end(cells[0], sizes[0]), _start(cells[1], sizes[1]), _start(cells[2], left)]
    padded = [
        f"{cell:<{size}}" for cell, size in zip(front, (sizes[0], sizes[1], left), strict=True)
    ]
    return _GAP.join([*padded, *([_end(cells[3], rule)] if rule else [])]).rstrip()


def _start(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 1]}…"


def _end(text: str, size: int) -> str:
    """Return the end of a text: of a path the last steps say the most."""
    return text if len(text) <= size else f"…{text[1 - size :]}"


def _fitted(text: str, *, wide: bool) -> None:
    room = None if wide else width()
    line(text if room is None or len(text) <= room else f"{text[: room - 1]}…")


def _plain(value: object) -> Any:
    return msgspec.to_builtins(value, builtin_types=(Decimal,))


def _value(value: Any) -> str:
    if value is NOTHING:
        return "nothing"
    return _encode(value).decode()
