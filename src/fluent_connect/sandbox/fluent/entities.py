"""What the account holds, as encoded bytes in SQLite, and the journal of every mutation."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import apsw

from fluent_connect.sandbox.door import decode, encode
from fluent_connect.sandbox.fluent.errors import exists

Json = dict[str, Any]
_DDL = """
CREATE TABLE IF NOT EXISTS entity(
  id INTEGER PRIMARY KEY, kind TEXT, scope TEXT, ref TEXT, owner INTEGER, data BLOB,
  due REAL, next TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS entity_ref ON entity(kind, ref, scope);
CREATE INDEX IF NOT EXISTS entity_owner ON entity(owner, kind, id) WHERE owner IS NOT NULL;
CREATE INDEX IF NOT EXISTS entity_kind ON entity(kind, id);
CREATE TABLE IF NOT EXISTS write(
  seq INTEGER PRIMARY KEY, at REAL, operation TEXT, kind TEXT, ref TEXT, entity TEXT,
  outcome TEXT, code TEXT, connection TEXT, version INTEGER, body BLOB);
CREATE INDEX IF NOT EXISTS write_ref ON write(ref);
CREATE TABLE IF NOT EXISTS creation(
  kind TEXT, ref TEXT, created INTEGER DEFAULT 0, refused INTEGER DEFAULT 0,
  PRIMARY KEY(kind, ref)) WITHOUT ROWID;
"""
_FIRST_ID = 1000
_WRITE = "seq, at, operation, kind, ref, entity, outcome, code, connection, version, body"


def now() -> str:
    """Return the time as the platform writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Entities:
    """All entities of the account, by kind, scope (a catalogue, or none) and ref."""

    def __init__(self, database: apsw.Connection) -> None:
        self.database = database
        database.execute(_DDL)
        row = database.execute("SELECT max(id) FROM entity").fetchone()
        self._last = max(_FIRST_ID, int(row[0] or 0) if row else 0)

    def next_id(self) -> int:
        """Return an id that nothing has."""
        self._last += 1
        return self._last

    def add(
        self,
        kind: str,
        data: Json,
        *,
        scope: str = "",
        owner: str | None = None,
        settles: tuple[float, str] | None = None,
    ) -> Json:
        """Keep a new entity; `settles`: when its workflow sets which status. C0121E if there."""
        ref = str(data["ref"])
        if self.find(kind, ref, scope) is not None:
            raise exists(kind, ref)
        id_ = int(data.get("id") or self.next_id())
        moment = now()
        made = {**data, "id": str(id_), "createdOn": moment, "updatedOn": moment}
        due, status = settles or (None, None)
        self.database.execute(
            "INSERT INTO entity VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (id_, kind, scope, ref, int(owner) if owner else None, encode(made), due, status),
        )
        return made

    def save(self, data: Json, owner: str | None = None) -> Json:
        """Keep the new state of an entity."""
        saved = {**data, "updatedOn": now()}
        self.database.execute(
            "UPDATE entity SET data = ?, owner = coalesce(?, owner) WHERE id = ?",
            (encode(saved), int(owner) if owner else None, int(data["id"])),
        )
        return saved

    def get(self, kind: str, id_: object) -> Json | None:
        """Return the entity with this id; None if there is none of the kind."""
        if not str(id_).isdigit():
            return None
        return next(self._read("kind = ? AND id = ?", kind, int(str(id_))), None)

    def find(self, kind: str, ref: str, scope: str | None = None) -> Json | None:
        """Return the entity with this ref; None if there is none (in the scope, if given)."""
        if scope is None:
            return next(self._read("kind = ? AND ref = ?", kind, ref), None)
        return next(self._read("kind = ? AND ref = ? AND scope = ?", kind, ref, scope), None)

    def listing(
        self, kind: str, *, refs: Sequence[str] | None = None, after: int = 0
    ) -> Iterator[Json]:
        """Yield the entities of a kind by rising id, those with one of the refs if given."""
        if refs is None:
            return self._read("kind = ? AND id > ? ORDER BY id", kind, after)
        # Without the signs SQLite would go through all of the kind, in the order of their ids.
        marks = ",".join("?" * len(refs))
        return self._read(
            f"kind = ? AND +id > ? AND ref IN ({marks}) ORDER BY +id", kind, after, *refs
        )

    def owned(self, owner: str, kind: str, after: int = 0) -> Iterator[Json]:
        """Yield what belongs to an entity (transactions, variants, children) by rising id."""
        where = "owner = ? AND kind = ? AND id > ? ORDER BY id"
        return self._read(where, int(owner), kind, after)

    def counts(self) -> dict[str, int]:
        """Return how many entities of each kind there are."""
        rows = self.database.execute("SELECT kind, count(*) FROM entity GROUP BY kind")
        return {str(kind): int(number) for kind, number in rows}

    def _read(self, where: str, *values: object) -> Iterator[Json]:
        rows = self.database.execute(
            f"SELECT id, data, due, next FROM entity WHERE {where}",  # noqa: S608 - our own text
            values,
        )
        for id_, data, due, status in rows:
            entity: Json = decode(data)
            if due is not None and due <= time.time():
                entity["status"] = status
                self.database.execute(
                    "UPDATE entity SET data = ?, due = NULL WHERE id = ?", (encode(entity), id_)
                )
            yield entity

    # The journal.

    def record(self, write: Json) -> None:
        """Note one mutation: what it was, what came of it, on which connection."""
        names = _WRITE.split(", ")[1:]
        write = {"at": time.time(), **write}
        marks = ",".join("?" * len(names))
        self.database.execute(
            f"INSERT INTO write({', '.join(names)}) VALUES ({marks})",  # noqa: S608
            [write.get(name) for name in names],
        )
        if str(write["operation"]).startswith("create"):
            created = int(write["outcome"] == "created")
            self.database.execute(
                "INSERT INTO creation VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " created = created + excluded.created, refused = refused + excluded.refused",
                (write["kind"], write["ref"], created, 1 - created),
            )

    def writes(self, *, after: int = 0, limit: int = 1000, **equal: str) -> list[Json]:
        """Return mutations by rising number; `equal`: only those with these columns."""
        names = [name for name in equal if name in _WRITE.split(", ")]
        where = "".join(f" AND {name} = ?" for name in names)
        rows = self.database.execute(
            f"SELECT {_WRITE} FROM write WHERE seq > ?{where} ORDER BY seq LIMIT ?",  # noqa: S608
            (after, *(equal[name] for name in names), limit),
        )
        found = [dict(zip(_WRITE.split(", "), row, strict=True)) for row in rows]
        for one in found:
            one["body"] = decode(one["body"])
        return found

    def creations(self, kind: str = "") -> list[Json]:
        """Return how often each ref was created, and how often a create of it was refused."""
        rows = self.database.execute(
            "SELECT kind, ref, created, refused FROM creation WHERE kind = ? OR ? = ''",
            (kind, kind),
        )
        names = ("kind", "ref", "created", "refused")
        return [dict(zip(names, row, strict=True)) for row in rows]
