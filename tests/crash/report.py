"""A long crash run, in parts that are kept as they end, so that it can be taken up again."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from crash.rounds import Result, Wishes

PART = 100
"""Kills after which a part ends: its shop, its service and its store begin anew."""
_SUMMED = (
    "kills", "accepted", "done", "skipped", "superseded", "dead", "waiting", "unaccounted",
    "lost", "doubled", "repeats",
)  # fmt: skip


async def continued(
    file: Path, wishes: Wishes, run: Callable[[Wishes], Awaitable[Result]]
) -> Result:
    """Run what `file` lacks of the kills that are wished on this engine; return the whole.

    Each part is one line of the file, its seed the wished one and the kills before it. One that
    went wrong is kept as well, and ends the run.
    """
    parts = read(file, wishes.engine)
    while (so_far := sum(part.kills for part in parts)) < wishes.kills:
        if not all(part.holds for part in parts):
            break
        kills = min(PART, wishes.kills - so_far)
        part = await run(
            msgspec.structs.replace(wishes, kills=kills, seed=wishes.seed + so_far, folder=None)
        )
        with file.open("ab") as lines:
            lines.write(msgspec.json.encode(part) + b"\n")
        parts.append(part)
    return summed(parts)


def read(file: Path, engine: str) -> list[Result]:
    """Return the parts of a report that were run on an engine; none if there is no file yet."""
    if not file.exists():
        return []
    lines = file.read_bytes().splitlines()
    parts = [msgspec.json.decode(line, type=Result) for line in lines if line]
    return [part for part in parts if part.engine == engine]


def summed(parts: Sequence[Result]) -> Result:
    """Return parts as one result; its exit is the first that was not 0."""
    at: Counter[str] = Counter()
    for part in parts:
        at.update(part.at)
    sums = {name: sum(getattr(part, name) for part in parts) for name in _SUMMED}
    return Result(
        engine=parts[0].engine,
        **sums,
        seconds=round(sum(part.seconds for part in parts), 1),
        exit=next((part.exit for part in parts if part.exit != 0), 0),
        at=dict(sorted(at.items())),
        findings=[finding for part in parts for finding in part.findings][:50],
    )
