"""A commercetools project: resources as encoded bytes, their versions, and who hears of changes."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import apsw
import msgspec

from fluent_connect.sandbox.commercetools.errors import RefusedRequestError, invalid
from fluent_connect.sandbox.commercetools.kinds import BY_TYPE, Json, Kind, identifiers
from fluent_connect.sandbox.door import decode, encode

_DDL = """
CREATE TABLE IF NOT EXISTS resource(
  type TEXT, id TEXT, version INTEGER, data BLOB, PRIMARY KEY(type, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS earlier(
  type TEXT, id TEXT, version INTEGER, data BLOB, PRIMARY KEY(type, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identifier(
  type TEXT, name TEXT, value TEXT, id TEXT, PRIMARY KEY(type, name, value, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS identifier_of ON identifier(type, id);
CREATE TABLE IF NOT EXISTS sequence(
  type TEXT, id TEXT, number INTEGER, PRIMARY KEY(type, id)) WITHOUT ROWID;
"""
UNIQUE = {"key", "orderNumber", "sku", "email", "customerNumber"}
_OF_DELIVERY = {"notificationType", "projectKey"}
"""What a delivery says beside the Message itself."""
_SHARED = {("inventory-entry", "sku"), ("standalone-price", "sku")}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a resource, as its subscribers shall hear of it."""

    kind: Kind
    change: str
    """ResourceCreated, ResourceUpdated or ResourceDeleted."""
    resource: Json
    old_version: int = 0
    messages: Sequence[Json] = ()
    data_erasure: bool = False


Listener = Callable[[Told], None]


def now() -> str:
    """Return the time as the platform writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Project:
    """The resources of one project. Every change is told to `listener`, in the same breath."""

    def __init__(self, key: str, database: apsw.Connection) -> None:
        self.key = key
        self.listener: Listener | None = None
        self._database = database
        database.execute(_DDL)

    def get(self, type_id: str, id_: str, *, earlier: bool = False) -> Json | None:
        """Return a resource, or the version before it; None if there is none."""
        table = "earlier" if earlier else "resource"
        row = self._database.execute(
            f"SELECT data FROM {table} WHERE type = ? AND id = ?",  # noqa: S608
            (type_id, id_),
        ).fetchone()
        if row is None:
            return self.get(type_id, id_) if earlier else None
        found: Json = decode(row[0])
        return found

    def find(self, type_id: str, name: str, value: str) -> Json | None:
        """Return the resource with this key, order number, SKU, ...; None if there is none."""
        ids = self.ids(type_id, name, value)
        return self.get(type_id, ids[0]) if ids else None

    def ids(self, type_id: str, name: str, *values: str) -> list[str]:
        """Return the ids of all resources with one of these identifiers, sorted."""
        marks = ",".join("?" * len(values))
        rows = self._database.execute(
            f"SELECT DISTINCT id FROM identifier WHERE type = ? AND name = ?"  # noqa: S608
            f" AND value IN ({marks}) ORDER BY id",
            (type_id, name, *values),
        )
        return [row[0] for row in rows]

    def scan(self, type_id: str, *, after: str = "") -> Iterator[Json]:
        """Yield all resources of a type by rising id."""
        rows = self._database.execute(
            "SELECT data FROM resource WHERE type = ? AND id > ? ORDER BY id", (type_id, after)
        )
        for row in rows:
            yield decode(row[0])

    def count(self, type_id: str) -> int:
        """Return how many resources of a type there are."""
        row = self._database.execute(
            "SELECT count(*) FROM resource WHERE type = ?", (type_id,)
        ).fetchone()
        return int(row[0]) if row else 0

    def counts(self) -> dict[str, int]:
        """Return how many resources of each type there are."""
        rows = self._database.execute("SELECT type, count(*) FROM resource GROUP BY type")
        return {str(name): int(number) for name, number in rows}

    def add(self, type_id: str, resource: Json, messages: Sequence[Json] = ()) -> Json:
        """Keep a new resource, complete but for what the platform fills in, and tell of it."""
        kind = BY_TYPE[type_id]
        moment = now()
        made: Json = {
            "id": str(uuid.uuid4()),
            "version": 1,
            "createdAt": moment,
            "lastModifiedAt": moment,
            **resource,
        }
        if self.get(type_id, made["id"]) is not None:
            raise invalid(f"A {type_id} with id '{made['id']}' exists.", "InvalidOperation")
        self._check_unique(kind, made)
        self._write(kind, made)
        self._tell(Told(kind=kind, change="ResourceCreated", resource=made, messages=messages))
        return made

    def change(self, type_id: str, resource: Json, messages: Sequence[Json] = ()) -> Json:
        """Keep the next version of a resource, and tell of it."""
        kind = BY_TYPE[type_id]
        self._check_unique(kind, resource)
        version = int(resource["version"])
        changed = resource | {"version": version + max(1, len(messages)), "lastModifiedAt": now()}
        self._database.execute(
            "INSERT OR REPLACE INTO earlier SELECT * FROM resource WHERE type = ? AND id = ?",
            (type_id, changed["id"]),
        )
        self._write(kind, changed)
        told = Told(
            kind=kind,
            change="ResourceUpdated",
            resource=changed,
            old_version=version,
            messages=messages,
        )
        self._tell(told)
        return changed

    def remove(
        self, type_id: str, id_: str, messages: Sequence[Json] = (), *, data_erasure: bool = False
    ) -> None:
        """Forget a resource, and tell of it (its last version is one higher)."""
        kind = BY_TYPE[type_id]
        resource = self.get(type_id, id_)
        if resource is None:
            return
        for table in ("resource", "earlier", "identifier"):
            self._database.execute(
                f"DELETE FROM {table} WHERE type = ? AND id = ?",  # noqa: S608
                (type_id, id_),
            )
        version = int(resource["version"])
        told = Told(
            kind=kind,
            change="ResourceDeleted",
            resource=resource | {"version": version + 1, "lastModifiedAt": now()},
            old_version=version,
            messages=messages,
            data_erasure=data_erasure,
        )
        self._tell(told)

    def announce(self, told: Told) -> None:
        """Tell of a change that was made before anybody listened."""
        self._tell(told)

    def keep_message(self, payload: Json) -> None:
        """Keep a Message for who queries Messages; nobody is told of it."""
        message = {name: value for name, value in payload.items() if name not in _OF_DELIVERY}
        self._write(BY_TYPE["message"], message)

    def next_sequence(self, type_id: str, id_: str) -> int:
        """Return the next Message number of a resource."""
        row = self._database.execute(
            "INSERT INTO sequence VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET number = number + 1"
            " RETURNING number",
            (type_id, id_),
        ).fetchone()
        return int(row[0]) if row else 1

    def _write(self, kind: Kind, resource: Json) -> None:
        id_ = resource["id"]
        self._database.execute(
            "INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?)",
            (kind.type_id, id_, resource["version"], encode(resource)),
        )
        self._database.execute(
            "DELETE FROM identifier WHERE type = ? AND id = ?", (kind.type_id, id_)
        )
        for name, value in identifiers(kind, resource):
            self._database.execute(
                "INSERT OR IGNORE INTO identifier VALUES (?, ?, ?, ?)",
                (kind.type_id, name, value, id_),
            )

    def _check_unique(self, kind: Kind, resource: Json) -> None:
        for name, value in identifiers(kind, resource):
            if name not in UNIQUE or (kind.type_id, name) in _SHARED:
                continue
            if set(self.ids(kind.type_id, name, value)) - {resource["id"]}:
                message = f"A duplicate value '\"{value}\"' exists for field '{name}'."
                raise RefusedRequestError(
                    400, "DuplicateField", message, field=name, duplicateValue=value
                )

    def _tell(self, told: Told) -> None:
        if self.listener is not None:
            self.listener(told)


def reference(resource: Json, type_id: str) -> dict[str, Any]:
    """Return a reference to a resource."""
    return {"typeId": type_id, "id": resource["id"]}
