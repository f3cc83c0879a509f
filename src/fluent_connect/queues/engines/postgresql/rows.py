"""Many rows by one statement: each column goes as an array, so that every text stays prepared."""

import re
from collections.abc import Sequence

import asyncpg

from fluent_connect.model.fact import Statement
from fluent_connect.queues.engines.postgresql.dialect import numbered, storable
from fluent_connect.queues.engines.postgresql.statements import Step

Values = tuple[object, ...]
Key = tuple[str, str, str]
"""Head, row and suffix of a statement."""
_COLUMNS = re.compile(r"\(([^)]*)\)\s*VALUES\s*$")
_CONFLICT = re.compile(r"ON CONFLICT \(([^)]*)\) DO UPDATE")


class Shapes:
    """The steps that insert many rows at once, learned from the server once for each statement."""

    def __init__(self) -> None:
        self._steps: dict[Key, Step] = {}

    def __getitem__(self, key: Key) -> Step | None:
        return self._steps.get(key)

    async def step(self, connection: asyncpg.Connection, key: Key) -> Step:
        """Return the statement whose parameters are the columns of the rows."""
        found = self._steps.get(key)
        if found is None:
            found = await self._learned(connection, key)
            self._steps[key] = found
        return found

    async def _learned(self, connection: asyncpg.Connection, key: Key) -> Step:
        head, row, suffix = key
        one = await connection.prepare(numbered(f"{head} {row} {suffix}"))
        kinds = [each.name for each in one.get_parameters()]
        names = [f"c{place}" for place in range(1, len(kinds) + 1)]
        place = iter(names)
        values = "".join(next(place) if each == "?" else each for each in row.strip()[1:-1])
        arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(kinds, 1))
        table = head.rstrip().removesuffix("VALUES")
        source = f"unnest({arrays}) AS u ({', '.join(names)})"
        return Step(f"{table} SELECT {values} FROM {source} {suffix}", tuple(kinds))


class Rows:
    """Collects rows by statement, and sends each statement's rows together."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self.kept: dict[Key, list[Values]] = {}

    def add(self, key: Key, values: Values) -> None:
        """Keep one row for a statement."""
        storables = tuple(map(storable, values))
        rows = self.kept.get(key)
        if rows is None:
            self.kept[key] = [storables]
        else:
            rows.append(storables)

    def statement(self, statement: Statement) -> None:
        """Keep what a fact became."""
        self.add((statement.head, statement.row, statement.suffix), statement.values)

    async def send(self, connection: asyncpg.Connection) -> None:
        """Run all that was kept, in the order in which each statement first came."""
        kept, self.kept = self.kept, {}
        for key, rows in kept.items():
            if not key[1]:
                await _each(connection, numbered(" ".join(part for part in key if part)), rows)
                continue
            step = await self._shapes.step(connection, key)
            for turn in turns(key, rows):
                await connection.execute(step.text, *zip(*turn, strict=True))


async def _each(connection: asyncpg.Connection, text: str, rows: Sequence[Values]) -> None:
    if len(rows) == 1:
        await connection.execute(text, *rows[0])
    else:
        await connection.executemany(text, rows)


def turns(key: Key, rows: Sequence[Values]) -> Sequence[Sequence[Values]]:
    """Part rows so that no statement updates one row twice, which PostgreSQL refuses."""
    places = _unique_by(key)
    if places is None:
        return (rows,)
    turns: list[list[Values]] = []
    had: dict[Values, int] = {}
    for row in rows:
        unique = tuple(row[place] for place in places)
        turn = had.get(unique, 0)
        had[unique] = turn + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(row)
    return turns


def _unique_by(key: Key) -> Sequence[int] | None:
    """Return which values say whether two rows are the same one; None if it does not matter."""
    head, row, suffix = key
    conflict, columns = _CONFLICT.search(suffix), _COLUMNS.search(head)
    if conflict is None or columns is None:
        return None
    items = [each.strip() for each in row.strip()[1:-1].split(",")]
    names = [each.strip() for each in columns.group(1).split(",")]
    marked = [name for name, item in zip(names, items, strict=True) if item == "?"]
    return [marked.index(each.strip()) for each in conflict.group(1).split(",")]
