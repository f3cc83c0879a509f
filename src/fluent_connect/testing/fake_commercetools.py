"""A commercetools project that is a dictionary."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, TypeVar

import msgspec

from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.statuses import VersionConflictError
from fluent_connect.model.errors import RefusedError
from fluent_connect.model.notification import Reference
from fluent_connect.testing.predicates import Variables, matches

T = TypeVar("T")
Json = dict[str, Any]


class FakeCommercetools(Commercetools):
    """Holds resources as JSON under their type; behaves like the client of a real project.

    asked:   what was read, in order ("order/o-1", "category?").
    updates: what was sent, in order; each raises the resource's version, no action is carried out.
    """

    def __init__(self, resources: Mapping[str, Iterable[Mapping[str, Any]]] | None = None) -> None:
        self.held: dict[Reference, Json] = {}
        self.asked: list[str] = []
        self.updates: list[Update] = []
        for type_id, several in (resources or {}).items():
            for resource in several:
                self.put(type_id, resource)

    def put(self, type_id: str, resource: Mapping[str, Any]) -> Reference:
        """Hold a resource as it stands from now on."""
        reference = Reference(type_id, str(resource["id"]))
        self.held[reference] = deepcopy(dict(resource))
        return reference

    def drop(self, reference: Reference) -> None:
        """Hold it no more: reading it is a 404."""
        self.held.pop(reference, None)

    async def get(
        self, reference: Reference, type_: type[T], *, expand: Sequence[str] = ()
    ) -> T | None:
        """Return the resource as it stands, or None."""
        self.asked.append(str(reference))
        found = self.held.get(reference)
        return None if found is None else self._typed(found, type_, expand)

    async def query(
        self,
        type_id: str,
        type_: type[T],
        *,
        where: Sequence[str] = (),
        sort: Sequence[str] = (),
        limit: int = 500,
        expand: Sequence[str] = (),
        variables: Variables | None = None,
    ) -> list[T]:
        """Return resources that satisfy all predicates, sorted by one plain field at most."""
        self.asked.append(f"{type_id}?")
        found = [
            resource
            for reference, resource in self.held.items()
            if reference.type_id == type_id
            and all(matches(predicate, resource, variables or {}) for predicate in where)
        ]
        for order in reversed(sort):
            field, _, direction = order.partition(" ")
            found.sort(key=partial(_field, field), reverse=direction == "desc")
        return [self._typed(each, type_, expand) for each in found[:limit]]

    async def count(
        self,
        type_id: str,
        *,
        where: Sequence[str] = (),
        variables: Variables | None = None,
    ) -> int:
        """Return how many resources satisfy all predicates."""
        found = await self.query(type_id, dict, where=where, limit=2**31, variables=variables)
        return len(found)

    async def all(
        self,
        type_id: str,
        type_: type[T],
        *,
        where: Sequence[str] = (),
        expand: Sequence[str] = (),
        variables: Variables | None = None,
    ) -> AsyncIterator[T]:
        """Yield all resources that satisfy the predicates, by id."""
        found = await self.query(
            type_id,
            type_,
            where=where,
            sort=["id"],
            limit=2**31,
            expand=expand,
            variables=variables,
        )
        for each in found:
            yield each

    async def update(self, update: Update) -> int:
        """Record the update and return the new version. Raise as commercetools would refuse."""
        held = self.held.get(update.resource)
        if held is None:
            raise RefusedError(f"commercetools has no {update.resource}", status=404)
        if update.version is not None and update.version != held["version"]:
            raise VersionConflictError(f"{update.resource} is at version {held['version']}")
        self.updates.append(update)
        held["version"] += 1
        return int(held["version"])

    async def create(self, type_id: str, draft: Mapping[str, object], type_: type[T]) -> T:
        """Hold the draft as a new resource, and return it."""
        id_ = f"{type_id}-{len(self.held) + 1}"
        reference = self.put(type_id, {"version": 1, **draft, "id": id_})
        return self._typed(self.held[reference], type_, ())

    async def delete(self, reference: Reference, version: int) -> bool:
        """Hold it no more; False if it was gone already."""
        held = self.held.get(reference)
        if held is not None and held["version"] != version:
            raise VersionConflictError(f"{reference} is at version {held['version']}")
        return self.held.pop(reference, None) is not None

    def _typed(self, resource: Json, type_: type[T], expand: Sequence[str]) -> T:
        copied = deepcopy(resource)
        for path in expand:
            self._expand(copied, path.replace("[*]", "").split("."))
        return msgspec.json.decode(msgspec.json.encode(copied), type=type_)

    def _expand(self, value: Any, path: Sequence[str]) -> None:
        if isinstance(value, list):
            for each in value:
                self._expand(each, path)
        elif isinstance(value, dict) and path:
            self._expand(value.get(path[0]), path[1:])
        elif isinstance(value, dict) and {"typeId", "id"} <= value.keys():
            found = self.held.get(Reference(value["typeId"], value["id"]))
            if found is not None:
                value["obj"] = deepcopy(found)


def _field(name: str, resource: Json) -> str:
    return str(resource.get(name))
