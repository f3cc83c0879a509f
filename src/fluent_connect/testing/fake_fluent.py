"""A Fluent account that is a dictionary."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.clients.fluent.event_search import EventPage, FoundEvent
from fluent_connect.clients.fluent.model import Event, Mutation, Pushed, Ref, Upsert
from fluent_connect.clients.fluent.schema.fit import C
from fluent_connect.clients.fluent.schema.learning import Schema
from fluent_connect.model.errors import MissingParentError, RefusedError

Json = dict[str, Any]


class FakeFluent(Fluent):
    """Holds entities under their natural keys; creates and updates as the real client would.

    pushed:  what came in, in order, whatever became of it.
    held:    what stands: (entity, ref) -> the fields that were sent, later ones over earlier.
    answers: what queries are answered, by the name of the operation or by the document.
    found_events: what a search for events finds, all of it.
    missing: "entity ref" of parents that are not there; a push with such a parent is refused.
    """

    def __init__(
        self,
        held: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
        *,
        missing: Collection[str] = (),
        answers: Mapping[str, Json] | None = None,
    ) -> None:
        self.held: dict[tuple[str, str], Json] = {
            key: {"id": str(number), **fields}
            for number, (key, fields) in enumerate((held or {}).items(), 1)
        }
        self._schema = Schema()
        self.pushed: list[Upsert | Mutation | Event] = []
        self.missing = set(missing)
        self.answers = dict(answers or {})
        self.found_events: list[FoundEvent] = []

    async def push(self, change: Upsert | Mutation | Event) -> Pushed:
        """Record the change, and carry it out if it is an upsert."""
        self.pushed.append(change)
        if isinstance(change, Upsert):
            return self._upsert(change)
        if isinstance(change, Mutation):
            return Pushed(change.name, str(change.input.get("ref", "")), None, "sent")
        return Pushed(change.entity_type, change.entity_ref or "", None, "sent")

    async def accepted(self, changes: Sequence[C]) -> Sequence[C]:
        """Check the changes as the real client does, against the schema of this package."""
        return self._schema.accepted(changes)

    async def push_all(self, changes: Sequence[Upsert]) -> Sequence[Pushed | BaseException]:
        """Record the changes one after the other, and carry them out."""
        found: list[Pushed | BaseException] = []
        for change in changes:
            try:
                found.append(await self.push(change))
            except Exception as error:  # noqa: BLE001 - each has its own fate, as with the real one
                found.append(error)
        return found

    async def send(self, event: Event) -> Pushed:
        """Record the event."""
        return await self.push(event)

    async def events(
        self, filters: Mapping[str, str], *, start: int = 0, count: int = 100
    ) -> EventPage:
        """Return a page of `found_events` of the status that is asked for."""
        wanted = filters.get("eventStatus")
        found = [each for each in self.found_events if wanted in {None, each.event_status}]
        return EventPage(found[start : start + count], len(found) > start + count)

    async def query(self, name: str, variables: Mapping[str, object]) -> Json:
        """Return the answer prepared for this operation. Raise NotImplementedError without one."""
        return await self.ask(name, variables)

    async def ask(self, document: str, variables: Mapping[str, object]) -> Json:
        """Return the answer prepared for this document. Raise NotImplementedError without one."""
        del variables
        if document not in self.answers:
            raise NotImplementedError(f"the fake Fluent has no answer for: {document}")
        return self.answers[document]

    async def me(self) -> Mapping[str, Any]:
        """Return a user."""
        return {"id": "1", "username": "test"}

    def _upsert(self, change: Upsert) -> Pushed:
        for ref in (change.ref, *change.candidates):
            found = self.held.get((change.entity, ref))
            if found is not None:
                return self._update(change, ref, found)
        if change.create is None:
            return Pushed(change.entity, change.ref, None, "absent")
        self._demand_parents(change)
        created = self._create(change.entity, change.ref, change.create)
        if change.update is not None and "status" in change.update:
            created["status"] = change.update["status"]
        return Pushed(change.entity, change.ref, created["id"], "created")

    def _update(self, change: Upsert, ref: str, found: Json) -> Pushed:
        id_: str = found["id"]
        if not _identified(change, found):
            if change.create is None:
                return Pushed(change.entity, ref, id_, "absent")
            raise RefusedError(f"{change.entity} {ref} belongs to another {change.identity}")
        if change.update is None:
            return Pushed(change.entity, ref, id_, "unchanged")
        self._demand_parents(change)
        wanted = {**found, **self._resolved(change.update), "id": id_}
        if wanted == found:
            return Pushed(change.entity, ref, id_, "unchanged")
        found.update(wanted)
        return Pushed(change.entity, ref, id_, "updated")

    def _demand_parents(self, change: Upsert) -> None:
        for parent in change.parents:
            if f"{parent.entity} {parent.ref}" in self.missing:
                if parent.source is None:
                    raise RefusedError(f"C0120E: no {parent.entity} {parent.ref}")
                raise MissingParentError(parent.entity, parent.ref, parent.source)

    def _create(self, entity: str, ref: str, fields: Mapping[str, object]) -> Json:
        resolved = self._resolved(fields)
        created = {**resolved, "id": str(len(self.held) + 1)}
        self.held[entity, ref] = created
        self.missing.discard(f"{entity} {ref}")
        return created

    def _resolved(self, fields: Mapping[str, object]) -> Json:
        return {name: self._value(value) for name, value in fields.items()}

    def _value(self, value: object) -> Any:
        """Return a field as Fluent would hold it: a `Ref` is the id of what it names."""
        if isinstance(value, Ref):
            found = self.held.get((value.entity, value.ref))
            if found is None and value.create is None:
                raise RefusedError(f"C0120E: no {value.entity} {value.ref}")
            return (found or self._create(value.entity, value.ref, value.create or {}))["id"]
        if isinstance(value, Mapping):
            return self._resolved(value)
        if isinstance(value, (list, tuple)):
            return [self._value(each) for each in value]
        return value


def _identified(change: Upsert, found: Json) -> bool:
    """Say whether what was found carries the identity that the change asks for, if any."""
    if change.identity is None:
        return True
    name, value = change.identity
    attributes = found.get("attributes") or ()
    carried = [each.get("value") for each in attributes if each.get("name") == name]
    return not carried or value in carried
