"""The REST side: events, jobs and batches (`/api/v4.1`)."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from operator import ge, le
from typing import Any

import apsw

from fluent_connect.sandbox.door import Answer, Call, decode, encode, reply
from fluent_connect.sandbox.fluent.entities import Entities, Json, now
from fluent_connect.sandbox.fluent.knobs import Access, Knobs

_DDL = """
CREATE TABLE IF NOT EXISTS event(
  seq INTEGER PRIMARY KEY, id TEXT UNIQUE, name TEXT, entity TEXT, ref TEXT, status TEXT,
  data BLOB);
CREATE TABLE IF NOT EXISTS job(id INTEGER PRIMARY KEY, day TEXT, data BLOB);
CREATE TABLE IF NOT EXISTS batch(id INTEGER PRIMARY KEY, job INTEGER, data BLOB);
"""
_LARGEST_BATCH = 5000
_INSIDE = {"retailerId": "retailerId", "eventType": "type", "category": "category"}
"""Search parameters that look at a field inside the event."""
_JOB, _BATCHES, _BATCH = 2, 3, 4
_KINDS = {
    "ORDER": "order",
    "CATEGORY": "category",
    "PRODUCT_CATALOGUE": "productCatalogue",
    "LOCATION": "location",
    "CUSTOMER": "customer",
}
_NAMES = {kind: type_ for type_, kind in _KINDS.items()} | {
    "standardProduct": "PRODUCT",
    "variantProduct": "PRODUCT",
    "financialTransaction": "FINANCIAL_TRANSACTION",
}


class Events:
    """Events, jobs and batches of the account."""

    def __init__(
        self, entities: Entities, access: Access, knobs: Knobs, database: apsw.Connection
    ) -> None:
        self._entities = entities
        self._access = access
        self._knobs = knobs
        self._database = database
        database.execute(_DDL)

    def raised(self, kind: str, entity: Json) -> None:
        """Note the CREATE event of a new entity."""
        event = {
            "name": "CREATE",
            "type": "NORMAL",
            "entityRef": entity["ref"],
            "entityId": entity["id"],
            "entityType": _NAMES.get(kind, kind.upper()),
            "retailerId": (entity.get("retailer") or {}).get("id", self._access.retailers[0]),
        }
        self._keep(event, "COMPLETE")

    def answer(self, call: Call, segments: Sequence[str]) -> Answer:
        """Answer a request below `/api/v4.1`."""
        if segments[0] == "event":
            return self._event(call, segments)
        if segments[0] == "job":
            return self._job(call, segments)
        return reply({"message": "not implemented in the sandbox", "status": 501}, 501)

    def _event(self, call: Call, segments: Sequence[str]) -> Answer:
        if call.method == "GET":
            return self._search(call) if len(segments) == 1 else self._one(segments[1])
        event = decode(call.body)
        for name in ("retailerId", "name", "entityType"):
            if not event.get(name):
                return _bad("NotNull", f"'{name}' is required")
        if segments[1:] == ["async"]:
            return reply({"id": self._keep(event, self._status(event))})
        if segments[1:] != ["sync"]:
            return reply({"message": "not found", "status": 404}, 404)
        status = self._status(event)
        id_ = self._keep(event, status)
        body = {"eventId": id_, "entityId": event.get("entityId"), "eventStatus": status}
        if status == "FAILED":
            body["errorMessage"] = f"Ruleset {event['name']} failed."
        return reply(body, 200 if status == "COMPLETE" else 400)

    def _status(self, event: Mapping[str, Any]) -> str:
        """Return what comes of an event: no workflow rule runs here, so COMPLETE says no more."""
        set_ = self._knobs.failing_events.get(event["name"])
        kind = _KINDS.get(event["entityType"])
        if set_ or kind is None:
            return set_ or "COMPLETE"
        id_, ref = event.get("entityId"), event.get("entityRef")
        found = self._entities.get(kind, id_) if id_ else self._entities.find(kind, str(ref))
        return "COMPLETE" if found else "NO_MATCH"

    def _keep(self, event: Mapping[str, Any], status: str) -> str:
        id_ = str(uuid.uuid4())
        names = ("entityType", "entityId", "entityRef", "rootEntityType", "rootEntityId")
        kept = {
            "id": id_,
            "name": event["name"],
            "type": "ORCHESTRATION",
            "accountId": self._access.account,
            "retailerId": str(event["retailerId"]),
            "category": "NORMAL",
            "context": {name: event[name] for name in names if name in event},
            "eventStatus": status,
            "attributes": event.get("attributes", {}),
            "generatedOn": now(),
        }
        self._insert_event(kept)
        if status == "FAILED":
            # What its ruleset came to is an event of its own, which a monitor looks for.
            audit = {"id": str(uuid.uuid4()), "type": "ORCHESTRATION_AUDIT"}
            self._insert_event({**kept, **audit})
        return id_

    def _insert_event(self, kept: Json) -> None:
        context = kept["context"]
        self._database.execute(
            "INSERT INTO event(id, name, entity, ref, status, data) VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(kept["id"], kept["name"], context["entityType"], context.get("entityRef")),
                *(kept["eventStatus"], encode(kept)),
            ),
        )

    def _one(self, id_: str) -> Answer:
        row = self._database.execute("SELECT data FROM event WHERE id = ?", (id_,)).fetchone()
        if row is None:
            return reply({"message": f"Event {id_} not found", "status": 404}, 404)
        return Answer(body=row[0])

    def _search(self, call: Call) -> Answer:
        columns = {
            "name": "name",
            "eventStatus": "status",
            "context.entityType": "entity",
            "context.entityRef": "ref",
        }
        known = {"start", "count", "from", "to", *columns, *_INSIDE}
        unknown = [name for name, _ in call.query if name not in known]
        if unknown:
            text = f"not implemented in the sandbox: parameter {unknown[0]}"
            return reply({"message": text, "status": 501}, 501)
        given = [(column, call.parameter(name)) for name, column in columns.items()]
        given = [(column, value) for column, value in given if value]
        where = "".join(f" AND {column} = ?" for column, _ in given)
        count, start = int(call.parameter("count", "100")), int(call.parameter("start", "0"))
        rows = self._database.execute(
            f"SELECT data FROM event WHERE 1{where} ORDER BY seq",  # noqa: S608
            tuple(value for _, value in given),
        )
        tests = _tests(call)
        events = (_read(row[0]) for row in rows)
        fits = (event for event in events if all(test(event) for test in tests))
        found = list(islice(fits, start, start + count + 1))
        page = {"start": start, "count": len(found[:count]), "hasMore": len(found) > count}
        return reply({**page, "results": found[:count]})

    def _job(self, call: Call, segments: Sequence[str]) -> Answer:
        if call.method == "POST" and len(segments) == 1:
            body = decode(call.body)
            if not body.get("name"):
                return _bad("400", "'name' is required")
            id_ = self._insert("INSERT INTO job(day, data) VALUES (?, ?)", _today(), encode(body))
            return reply({"id": id_})
        row = self._database.execute(
            "SELECT day, data FROM job WHERE id = ?", (segments[1],)
        ).fetchone()
        if row is None:
            return reply({"message": f"Job {segments[1]} not found", "status": 404}, 404)
        if call.method == "POST":
            return self._send_batch(call, segments[1], open_=row[0] == _today())
        if len(segments) == _BATCH:
            return self._batch(call, segments[1], segments[3])
        status = "OPEN" if row[0] == _today() else "CLOSED"
        batches = self._database.execute("SELECT id FROM batch WHERE job = ?", (segments[1],))
        shown = [{"id": str(id_), "status": "COMPLETE"} for (id_,) in batches]
        return reply({"jobId": segments[1], **_read(row[1]), "status": status, "batch": shown})

    def _send_batch(self, call: Call, job: str, *, open_: bool) -> Answer:
        body = decode(call.body)
        entities = body.get("entities") or []
        if not open_:
            return _bad("400", f"Job {job} is closed")
        if len(entities) > _LARGEST_BATCH:
            return _bad("400", f"A batch holds {_LARGEST_BATCH} records at most")
        if body.get("entityType") != "INVENTORY":
            text = f"not implemented in the sandbox: batches of {body.get('entityType')}"
            return reply({"message": text, "status": 501}, 501)
        results = [self._record(one) for one in entities]
        id_ = self._insert("INSERT INTO batch(job, data) VALUES (?, ?)", job, encode(results))
        return reply({"id": id_})

    def _record(self, record: Mapping[str, Any]) -> Json:
        location = self._entities.find("location", str(record.get("locationRef")))
        product = self._entities.find("variantProduct", str(record.get("skuRef")))
        found = location is not None and product is not None
        return {
            "entityRef": f"{record.get('skuRef')}:{record.get('locationRef')}",
            "responseCode": 200 if found else 404,
            "message": "" if found else "Dependent record missing",
        }

    def _batch(self, call: Call, job: str, id_: str) -> Answer:
        row = self._database.execute(
            "SELECT data FROM batch WHERE job = ? AND id = ?", (job, id_)
        ).fetchone()
        if row is None:
            return reply({"message": f"Batch {id_} not found", "status": 404}, 404)
        results = _read(row[0])
        start, count = int(call.parameter("start", "0")), int(call.parameter("count", "10"))
        page = {"start": start, "count": count, "total": len(results)}
        shown = results[start : start + count]
        return reply({"batchId": id_, "status": "COMPLETE", **page, "results": shown})

    def _insert(self, text: str, *values: object) -> str:
        self._database.execute(text, values)
        return str(self._database.last_insert_rowid())


def _tests(call: Call) -> list[Callable[[Json], bool]]:
    """Return what an event must satisfy beside the columns: fields inside it, and its time."""
    given = [(name, call.parameter(asked)) for asked, name in _INSIDE.items()]
    tests = [_holds(name, value) for name, value in given if value]
    for name, fits in (("from", ge), ("to", le)):
        text = call.parameter(name)
        if text:
            tests.append(_timed(fits, _moment(text)))
    return tests


def _holds(name: str, value: str) -> Callable[[Json], bool]:
    return lambda event: str(event.get(name)) == value


def _timed(fits: Callable[[Any, Any], bool], limit: datetime) -> Callable[[Json], bool]:
    return lambda event: fits(_moment(event["generatedOn"]), limit)


def _moment(text: str) -> datetime:
    """Return a time; without a zone it is UTC. Raise ValueError if it is none."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _bad(code: str, message: str) -> Answer:
    return reply({"errors": [{"code": code, "message": message}]}, 400)


def _read(data: Any) -> Any:
    return decode(data)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
