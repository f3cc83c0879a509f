"""Brings about in Fluent what a handler wants there, once, whatever the network does meanwhile."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec

from fluent_connect.clients.fluent.compare import attribute, differs, same, surplus
from fluent_connect.clients.fluent.comparison import Comparison, absent, compared
from fluent_connect.clients.fluent.errors import ExistsError, MissingError, UnknownCodeError
from fluent_connect.clients.fluent.graphql import Graphql, Made
from fluent_connect.clients.fluent.lookup import KINDS, Found, Lookup, can_be_missed, natural_key
from fluent_connect.clients.fluent.model import Entity, Mutation, Parent, Pushed, Ref, Upsert
from fluent_connect.clients.fluent.schema.named import catalogue_of, named
from fluent_connect.clients.http import Trace
from fluent_connect.model.errors import (
    MissingParentError,
    RefusedError,
    RetryableError,
    UnreachableError,
)

_NEW = "CREATED"
Find = Callable[[Entity, Sequence[str], object, Trace], Awaitable[list[Found]]]


class PushSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How pushes behave (seconds).

    settle:       waits between looks at a new entity that has not left status CREATED yet.
    settle_again: when to come back if it has not by then.
    settled_age:  an entity of this age that still is CREATED has no workflow: write all the same.
    remembered:   how many numeric ids are kept in memory.
    """

    settle: Sequence[float] = (0.0, 0.2, 0.5, 1.0)
    settle_again: float = 5.0
    settled_age: float = 300.0
    remembered: int = 4096


class Pusher:
    """Pushes changes of one retailer. Long-lived: it remembers the numeric ids it met."""

    def __init__(
        self,
        graphql: Graphql,
        retailer: str,
        settings: PushSettings,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._graphql = graphql
        self._lookup = Lookup(graphql, retailer)
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._ids: OrderedDict[tuple[str, str], str] = OrderedDict()

    def close(self) -> None:
        """Give up what is shared and under way."""
        self._lookup.close()

    async def mutate(self, change: Mutation, trace: Trace) -> Pushed:
        """Send one mutation as it is. What a create finds existing is `unchanged`."""
        name, creates = change.name, change.name.startswith("create")
        entity = _entity(name)
        try:
            made = await self._graphql.mutate(name, change.input, trace)
        except ExistsError:
            if not creates:
                raise
            return Pushed(entity, _named(change.input), None, "unchanged")
        except MissingError as error:
            raise await self._missing(name, change.input, (), error, trace) from error
        ref = made.username or made.ref or _named(change.input)
        return Pushed(entity, ref, made.number, "created" if creates else "updated")

    async def upsert(self, change: Upsert, trace: Trace) -> Pushed:
        """Look up, compare, then create or update or leave alone."""
        found = await self._find(change, self._lookup.find, trace)
        if found is not None:
            return await self._reconcile(change, found, trace, "unchanged")
        if change.create is None:
            return Pushed(change.entity, change.ref, None, "absent")
        return await self._create(change, change.create, trace)

    async def compare(self, change: Upsert, trace: Trace, *, gathered: bool = False) -> Comparison:
        """Look up and compare as `upsert` does; write nothing.

        gathered: look up together with others that are compared at the same moment.
        """
        find = self._lookup.find_gathered if gathered else self._lookup.find
        found = await self._find(change, find, trace)
        if found is None:
            return absent(change)
        return compared(change, found, natural_key(change.entity, found))

    async def _find(self, change: Upsert, find: Find, trace: Trace) -> Found | None:
        """Return the one entity that `change` is about; None if there certainly is none."""
        refs = tuple(dict.fromkeys((change.ref, *change.candidates)))
        found = await find(change.entity, refs, _catalogue(change), trace)
        if len(found) > 1 and change.identity is not None:
            name, value = change.identity
            found = [f for f in found if same(value, attribute(f, name))] or found
        if len(found) > 1:
            found = [f for f in found if natural_key(change.entity, f) == change.ref] or found
        if len(found) > 1:
            ids = ", ".join(str(f.get("id")) for f in found)
            raise RefusedError(f"Fluent has several {change.entity} {change.ref}: ids {ids}")
        return found[0] if found else None

    async def _reconcile(self, change: Upsert, found: Found, trace: Trace, how: str) -> Pushed:
        """Write what differs; `how` is what it came to if nothing does."""
        number = str(found["id"])
        ref = natural_key(change.entity, found)
        self._remember(change.entity, ref, number)
        if not _is_ours(change, found):
            return Pushed(change.entity, ref, number, "unchanged")
        wanted = change.update
        if (
            wanted is not None
            and "status" in wanted
            and found.get("status") == _NEW != wanted["status"]
        ):
            found = await self._settled(change, found, trace)
        if wanted is not None and differs(wanted, found):
            await self._update(change, found, wanted, trace)
            how = "created" if how == "created" else "updated"
        if await self._uncategorise(change, found, trace):
            how = "created" if how == "created" else "updated"
        return Pushed(change.entity, ref, number, cast("Any", how))

    async def _create(self, change: Upsert, input: Mapping[str, object], trace: Trace) -> Pushed:
        try:
            made = await self._create_resolved(change, input, trace)
        except ExistsError as error:
            found = await self._find(change, self._lookup.find, trace)
            if found is None:
                raise UnknownCodeError(f"{error}, but no look-up finds it") from error
            return await self._reconcile(change, found, trace, "unchanged")
        except MissingError as error:
            name, parents = KINDS[change.entity].create, change.parents
            raise await self._missing(name, input, parents, error, trace) from error
        except UnreachableError as error:
            if not error.sent or error.outage:
                raise
            found = await self._find(change, self._lookup.find, trace)
            if found is None:
                raise
            return await self._reconcile(change, found, trace, "created")
        self._remember(change.entity, change.ref, made.number)
        return await self._after_create(change, made, trace)

    async def _after_create(self, change: Upsert, made: Made, trace: Trace) -> Pushed:
        """Bring about the status that a create cannot set."""
        pushed = Pushed(change.entity, made.ref or change.ref, made.number, "created")
        if change.entity == "customer":
            pushed = Pushed(change.entity, change.ref, made.number, "created")
        wanted = (change.update or {}).get("status")
        if wanted is None or wanted == made.status:
            return pushed
        found = await self._find(change, self._lookup.find, trace)
        if found is None:
            raise RetryableError(
                f"Fluent does not show {change.entity} {change.ref} yet",
                retry_after=self._settings.settle_again,
                counts=False,
            )
        return await self._reconcile(change, found, trace, "created")

    async def _settled(self, change: Upsert, found: Found, trace: Trace) -> Found:
        """Return the entity once its own CREATE workflow has moved it on from status CREATED."""
        age = _age(found, self._clock())
        if age is not None and age >= self._settings.settled_age:
            return found
        for wait in self._settings.settle:
            await self._sleep(wait)
            again = await self._find(change, self._lookup.find, trace)
            if again is not None and again.get("status") != _NEW:
                return again
        raise RetryableError(
            f"Fluent's {change.entity} {change.ref} has not left status {_NEW} yet",
            retry_after=self._settings.settle_again,
            counts=age is None,
        )

    async def _update(
        self, change: Upsert, found: Found, wanted: Mapping[str, object], trace: Trace
    ) -> None:
        kind = KINDS[change.entity]
        if change.entity == "order":
            wanted = {**wanted, "id": found["id"]}
        else:
            wanted = {kind.key: natural_key(change.entity, found), **wanted}
            if kind.catalogued and "catalogue" not in wanted:
                wanted["catalogue"] = _catalogue(change)
        try:
            await self._graphql.mutate(
                kind.update, await self._filled(wanted, change, trace), trace
            )
        except MissingError as error:
            raise await self._missing(kind.update, wanted, change.parents, error, trace) from error

    async def _uncategorise(self, change: Upsert, found: Found, trace: Trace) -> bool:
        kind = KINDS[change.entity]
        unwanted = surplus(change.categories, found)
        if not unwanted or kind.uncategorise is None:
            return False
        mutation, field = kind.uncategorise
        catalogue = _catalogue(change)
        key = {"ref": natural_key(change.entity, found), "catalogue": catalogue}
        categories = [{"ref": ref, "catalogue": catalogue} for ref in unwanted]
        await self._graphql.mutate(mutation, {field: key, "categories": categories}, trace)
        return True

    async def _create_resolved(
        self, change: Upsert, input: Mapping[str, object], trace: Trace
    ) -> Made:
        """Create; if an id that we remembered is no longer good, look it up again, once."""
        name = KINDS[change.entity].create
        refs = list(_refs(input))
        remembered = [ref for ref in refs if (ref.entity, ref.ref) in self._ids]
        filled = await self._filled(input, change, trace)
        try:
            return await self._graphql.mutate(name, filled, trace)
        except MissingError:
            if not remembered:
                raise
            for ref in remembered:
                self._ids.pop((ref.entity, ref.ref), None)
            return await self._graphql.mutate(name, await self._filled(input, change, trace), trace)

    async def _filled(
        self, input: Mapping[str, object], change: Upsert, trace: Trace
    ) -> Mapping[str, object]:
        """Return the input with numeric ids in place of each `Ref`."""
        ids: dict[tuple[str, str], str] = {}
        for ref in _refs(input):
            ids[ref.entity, ref.ref] = await self._number(ref, change, trace)
        return cast("Mapping[str, object]", _replaced(input, ids)) if ids else input

    async def _number(self, ref: Ref, change: Upsert, trace: Trace) -> str:
        key = (ref.entity, ref.ref)
        if key in self._ids:
            self._ids.move_to_end(key)
            return self._ids[key]
        named = Upsert(entity=ref.entity, ref=ref.ref, create=ref.create, parents=change.parents)
        pushed = await self.upsert(named, trace)
        if pushed.id is None:
            parents = [p for p in change.parents if (p.entity, p.ref) == key]
            raise _absent(parents or [Parent(ref.entity, ref.ref)])
        self._remember(ref.entity, ref.ref, pushed.id)
        return pushed.id

    async def _missing(
        self,
        mutation: str,
        given: Mapping[str, object],
        parents: Sequence[Parent],
        error: MissingError,
        trace: Trace,
    ) -> Exception:
        """Return which parent is missing; what waiting cannot bring goes first.

        Beside the parents that the handler tells of, all that the input names is looked for.
        """
        others = named(mutation, given, parents)
        looked = [*parents, *others]
        missing = await self._lookup.missing(looked, catalogue_of(given), trace)
        told = [parent for parent in missing if parent not in others]
        if told:
            return _absent(told)
        if missing:
            names = ", ".join(f"{parent.entity} {parent.ref}" for parent in missing)
            return RefusedError(f"Fluent has no {names}, which {mutation} names", codes=error.codes)
        if any(can_be_missed(p) and p.ref in str(error) for p in looked):
            return RetryableError(f"{error}, but it exists by now")
        unseen = [f"{p.entity} {p.ref}" for p in parents if not can_be_missed(p)]
        if unseen:
            return UnknownCodeError(f"{error}: all else exists, so perhaps {', '.join(unseen)}")
        if parents:
            return RetryableError(f"{error}, but all that it could mean exists by now")
        return error

    def _remember(self, entity: str, ref: str, number: str | None) -> None:
        if number is not None:
            self._ids[entity, ref] = number
            if len(self._ids) > self._settings.remembered:
                self._ids.popitem(last=False)


def _is_ours(change: Upsert, found: Found) -> bool:
    """Say whether `found` is to be written; raise if it is someone else's and was to be made."""
    if change.identity is None:
        return True
    name, value = change.identity
    held = attribute(found, name)
    if held is not None and same(value, held):
        return True
    if change.create is None:
        return False
    if held is None and (change.entity != "order" or _same_total(change.create, found)):
        return True
    carries = f"carries {name} {held}" if held is not None else f"carries no {name}"
    raise RefusedError(
        f"conflict: Fluent's {change.entity} {natural_key(change.entity, found)} "
        f"(id {found.get('id')}) {carries}, not {value}"
    )


def _same_total(create: Mapping[str, object], found: Found) -> bool:
    return same(create.get("totalPrice"), found.get("totalPrice"))


def _absent(missing: Sequence[Parent]) -> Exception:
    for parent in missing:
        if parent.source is None:
            return RefusedError(
                f"Fluent has no {parent.entity} {parent.ref}, and commercetools cannot send it"
            )
    first = missing[0]
    return MissingParentError(first.entity, first.ref, first.source)


def _refs(value: object) -> list[Ref]:
    if isinstance(value, Ref):
        return [value]
    if isinstance(value, Mapping):
        return [ref for each in value.values() for ref in _refs(each)]
    if isinstance(value, list | tuple):
        return [ref for each in value for ref in _refs(each)]
    return []


def _replaced(value: object, ids: Mapping[tuple[str, str], str]) -> object:
    if isinstance(value, Ref):
        return ids[value.entity, value.ref]
    if isinstance(value, Mapping):
        return {name: _replaced(each, ids) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(each, ids) for each in value]
    return value


def _catalogue(change: Upsert) -> object:
    return catalogue_of(change.create) or catalogue_of(change.update)


def _entity(mutation: str) -> str:
    """Return what a mutation is about: "createOrder" -> "order"."""
    name = mutation.removeprefix("create").removeprefix("update")
    return name[:1].lower() + name[1:]


def _named(input: Mapping[str, object]) -> str:
    return str(input.get("username") or input.get("ref") or input.get("id") or "")


def _age(found: Found, now: float) -> float | None:
    """Return the seconds since an entity was made; None if Fluent does not say."""
    try:
        made = datetime.fromisoformat(str(found["createdOn"]))
    except (KeyError, ValueError):
        return None
    return now - made.timestamp() if made.tzinfo is not None else None
