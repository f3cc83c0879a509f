"""What goes to standard output: JSON, tables that cut no id, times in UTC."""

import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

_CODES = {"bad": "31", "good": "32", "doubt": "33", "quiet": "2"}
_TONES = {
    "dead": "bad",
    "unaccounted": "bad",
    "fail": "bad",
    "done": "good",
    "ok": "good",
    "retrying": "doubt",
    "parked": "doubt",
    "warn": "doubt",
}
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_GAP = "  "
_NARROWEST = 12


class Column(NamedTuple):
    """A column: `wide` ones are left out where there is no room for all of them."""

    title: str
    wide: bool = False


def line(text: str = "") -> None:
    """Write one line of the result."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """Write one line beside the result, for the person who waits."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def json_line(value: object) -> None:
    """Write a value as one line of JSON."""
    line(msgspec.json.encode(value).decode())


def told(value: msgspec.Struct) -> dict[str, Any]:
    """Return a row as JSON tells it: fields named `at` or `..._at` become RFC 3339."""
    fields: dict[str, Any] = msgspec.to_builtins(value)
    return {
        name: stamp(each)
        if isinstance(each, float) and (name in {"at", "first", "last"} or name.endswith("_at"))
        else each
        for name, each in fields.items()
    }


def stamp(seconds: float) -> str:
    """Return a time as RFC 3339, UTC, with milliseconds."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def ago(seconds: float, now: float | None = None) -> str:
    """Return how long ago that was, in one unit: 12s, 5m, 2h, 3d."""
    passed = max(0.0, (time.time() if now is None else now) - seconds)
    for unit, most, size in (("s", _MINUTE, 1.0), ("m", _HOUR, _MINUTE), ("h", 2 * _DAY, _HOUR)):
        if passed < most:
            return f"{passed / size:.0f}{unit}"
    return f"{passed / _DAY:.0f}d"


def span(seconds: float) -> str:
    """Return how long something took."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < _MINUTE else f"{seconds / _MINUTE:.0f} min"


def paint(text: str, word: str = "") -> str:
    """Return the text in the colour of a state or a tone; as it is where colour is not wanted."""
    tone = _CODES.get(word) or _CODES.get(_TONES.get(word or text.strip(), ""))
    return f"\x1b[{tone}m{text}\x1b[0m" if tone and coloured() else text


def coloured() -> bool:
    """Say whether standard output takes colour."""
    plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    return not plain and sys.stdout.isatty()


def width() -> int | None:
    """Return how wide a line may be; None where nobody looks at it (a pipe, a file)."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return shutil.get_terminal_size().columns
    return None


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, wide: bool = False) -> None:
    """Write a table. Only its last column is ever cut off, and only where a person looks."""
    listed = [list(row) for row in rows]
    room = None if wide else width()
    kept = list(range(len(columns)))
    if room is not None and _total(columns, listed, kept) > room:
        kept = [i for i in kept if not columns[i].wide]
    sizes = _sizes(columns, listed, kept)
    for number, row in enumerate([[column.title for column in columns], *listed]):
        line(_row([row[i] for i in kept], sizes, room, head=number == 0))


def pairs(values: Mapping[str, object]) -> None:
    """Write names and values, one pair a line."""
    size = max((len(name) for name in values), default=0)
    for name, value in values.items():
        line(f"{name:<{size}}  {value}")


def _sizes(columns: Sequence[Column], rows: Sequence[Sequence[str]], kept: list[int]) -> list[int]:
    return [max([len(columns[i].title), *(len(row[i]) for row in rows)]) for i in kept]


def _total(columns: Sequence[Column], rows: Sequence[Sequence[str]], kept: list[int]) -> int:
    return sum(_sizes(columns, rows, kept)) + len(_GAP) * (len(kept) - 1)


def _row(cells: Sequence[str], sizes: Sequence[int], room: int | None, *, head: bool) -> str:
    front = [f"{cell:<{size}}" for cell, size in zip(cells, sizes, strict=True)][:-1]
    last = " ".join(cells[-1].split())
    if room is not None:
        left = max(_NARROWEST, room - sum(map(len, front)) - len(_GAP) * len(front))
        last = last if len(last) <= left else last[: left - 1] + "…"
    shown = [*front, last]
    if head:
        return paint(_GAP.join(shown).rstrip(), "quiet")
    return _GAP.join(paint(cell) if cell.strip() in _TONES else cell for cell in shown).rstrip()
