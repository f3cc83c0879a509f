"""What a resolver may touch: entities and knobs, and who asks."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.sandbox.fluent.entities import Entities, Json
from fluent_connect.sandbox.fluent.errors import RefusedMutationError, missing
from fluent_connect.sandbox.fluent.knobs import Access, Knobs


class Session(msgspec.Struct, kw_only=True):
    """One GraphQL request."""

    entities: Entities
    access: Access
    knobs: Knobs
    connection: str
    raised: Callable[[str, Json], None]
    """Is told of every CREATE event."""

    def need(self, *permissions: str) -> None:
        """Raise C0020E naming all permissions that are missing."""
        lacking = [name for name in permissions if name in self.knobs.denied]
        if lacking:
            raise RefusedMutationError("C0020E", f"Permissions missing: {', '.join(lacking)}")

    def parent(self, kind: str, ref: str, scope: str | None = None) -> Json:
        """Return what an input refers to. Raise C0120E if it is not there."""
        found = self.entities.find(kind, ref, scope)
        if found is None:
            raise missing(kind, ref, scope or "")
        return found

    def by_id(self, kind: str, id_: object) -> Json:
        """Return what an input refers to by its numeric id. Raise C0120E if it is not there."""
        found = self.entities.get(kind, id_)
        if found is None:
            raise missing(kind, id_)
        return found

    def orchestrated(self, workflow: str, type_: str) -> tuple[Json, tuple[float, str] | None]:
        """Return the workflow fields of a new entity, and when which status will be set."""
        ref = f"{workflow}::{type_}"
        fields = {"workflowRef": ref, "workflowVersion": 1, "status": "CREATED"}
        for prefix, status in self.knobs.workflows.items():
            if ref.startswith(prefix):
                return fields, (time.time() + self.knobs.workflow_delay, status)
        return fields, None

    def create(self, kind: str, data: Json, **how: Any) -> Json:
        """Keep a new orchestrated entity, and raise its CREATE event."""
        made = self.entities.add(kind, data, **how)
        self.raised(kind, made)
        return made


def attributes(
    held: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]] | None
) -> list[Json]:
    """Upsert attributes by name: others stay, none can be deleted."""
    merged = {one["name"]: dict(one) for one in held}
    merged |= {one["name"]: dict(one) for one in given or ()}
    return list(merged.values())


def prices(
    held: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]] | None
) -> list[Json]:
    """Upsert prices by type and currency: others stay, none can be deleted."""
    merged = {(one["type"], one["currency"]): dict(one) for one in held}
    merged |= {(one["type"], one["currency"]): dict(one) for one in given or ()}
    return list(merged.values())


def taken(given: Mapping[str, Any], *names: str) -> Json:
    """Return the named fields as far as they are given (null is not given)."""
    return {name: given[name] for name in names if given.get(name) is not None}
