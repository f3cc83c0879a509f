"""What is sent to Fluent OMS, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from fluent_connect.model.notification import Reference

Entity = Literal["order", "customer", "category", "standardProduct", "variantProduct"]


class Parent(msgspec.Struct, frozen=True):
    """What must exist in Fluent first, and the commercetools resource that would bring it about.

    `source` None: commercetools cannot send it (a location, a catalogue), so waiting is in vain.
    """

    entity: str
    ref: str
    source: Reference | None = None


class Upsert(msgspec.Struct, frozen=True, kw_only=True):
    """What shall exist in Fluent: looked up by its natural key, then created or updated.

    `create` and `update` are the `input` of the entity's two mutations, complete but for numeric
    ids, which may be given as a `Ref`. `update` None: what exists is left alone. `create` None:
    nothing is brought about (a deactivation of what may not exist).
    candidates: all refs under which it may exist already (orders), `ref` among them.
    identity:   attribute name and value that an existing one must carry; another value is a
                conflict (dead, both named), or for deactivations a reason to do nothing.
    categories: the exact refs that a product shall be in; others are removed.
    parents:    what a "not found" (C0120E) can be about.
    notes:      what it cannot bring about, in words: told with what came of the message.
    """

    entity: Entity
    ref: str
    create: Mapping[str, object] | None = None
    update: Mapping[str, object] | None = None
    candidates: Sequence[str] = ()
    identity: tuple[str, str] | None = None
    categories: Sequence[str] | None = None
    parents: Sequence[Parent] = ()
    notes: Sequence[str] = ()


class Ref(msgspec.Struct, frozen=True):
    """Stands for the numeric id of an entity; `Fluent.push` looks it up, or creates it."""

    entity: Entity
    ref: str
    create: Mapping[str, object] | None = None


class Mutation(msgspec.Struct, frozen=True):
    """One mutation of Fluent's GraphQL API, sent as it is: no look-up before, no comparison.

    `name` is a mutation of the schema ("createOrder"), `input` its input.
    """

    name: str
    input: Mapping[str, object]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event for Fluent's Event API (`/api/v4.1/event/async`, or `sync` where it must wait)."""

    name: str
    entity_type: str
    entity_ref: str | None = None
    entity_id: str | None = None
    entity_subtype: str | None = None
    root_entity_type: str | None = None
    root_entity_ref: str | None = None
    root_entity_id: str | None = None
    attributes: Mapping[str, object] = {}
    sync: bool = False


class Pushed(msgspec.Struct, frozen=True):
    """What came of a change: the entity, its ref, Fluent's id, and what was done."""

    entity: str
    ref: str
    id: str | None
    how: Literal["created", "updated", "unchanged", "absent", "sent"]
