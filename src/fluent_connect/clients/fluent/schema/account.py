"""The schema of one account, as far as it differs from the one that this package was built for."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from fluent_connect.clients.fluent.lookup import KINDS
from fluent_connect.clients.fluent.model import Entity
from fluent_connect.clients.fluent.schema.introspect import Told, effective
from fluent_connect.clients.fluent.schema.table import Table, shipped

_INDISPENSABLE = frozenset({("CreateOrderInput", "fulfilmentChoices")})
"""Without it an order to several destinations would go to none."""


class AccountSchema(msgspec.Struct, frozen=True):
    """What inputs may hold in one account.

    lacks:    input type -> the fields of ours that the account does not know.
    without:  the mutations of ours that it does not know.
    demands:  `Type.field` that it requires and we do not know: nothing can be sent.
    stricter: `Type.field` that it requires and the shipped schema does not.
    told:     what it says of itself; None: it was not asked, or does not say.
    """

    table: Table
    lacks: Mapping[str, frozenset[str]] = {}
    without: frozenset[str] = frozenset()
    demands: Sequence[str] = ()
    stricter: Sequence[str] = ()
    told: Told | None = None

    @property
    def complete(self) -> bool:
        """Say whether the account knows all that we may send."""
        return not (self.lacks or self.without)

    def lacking(self) -> Sequence[str]:
        """Return what is dropped, as `Type.field` and `mutation name`."""
        fields = sorted(f"{type_}.{name}" for type_, each in self.lacks.items() for name in each)
        return [*fields, *(f"mutation {name}" for name in sorted(self.without))]


def as_shipped() -> AccountSchema:
    """Return the schema of an account that is taken to be as the one we were built for."""
    return AccountSchema(shipped())


def of_account(told: Told) -> AccountSchema:
    """Return how an account differs from the shipped schema."""
    ours = shipped()
    lacks = {
        type_: lacking
        for type_, fields in ours.inputs.items()
        if type_ in told.inputs
        and (lacking := frozenset(fields) - told.inputs[type_].keys() - _kept(type_))
    }
    table = effective(told, ours)
    return AccountSchema(
        table=table,
        lacks=lacks,
        without=frozenset(ours.mutations) - table.mutations.keys(),
        demands=sorted({*_unknown_fields(told, ours), *_unknown_arguments(told)}),
        stricter=sorted(_stricter(told, ours)),
        told=told,
    )


def _kept(type_: str) -> frozenset[str]:
    return frozenset(name for owner, name in _INDISPENSABLE if owner == type_)


def _unknown_fields(told: Told, ours: Table) -> Iterator[str]:
    """Yield the required fields that we do not know, of all inputs that upserts can hold."""
    for type_ in _reached(ours):
        known = ours.inputs[type_]
        for name, field in told.inputs.get(type_, {}).items():
            if field.required and name not in known:
                yield f"{type_}.{name}"


def _unknown_arguments(told: Told) -> Iterator[str]:
    mutations = told.objects.get(told.mutation, {})
    for name in _upserting():
        for argument in mutations[name].demanded if name in mutations else ():
            if argument != "input":
                yield f"{told.mutation}.{name}({argument})"


def _stricter(told: Told, ours: Table) -> Iterator[str]:
    for type_ in _reached(ours):
        known = ours.inputs[type_]
        for name, field in told.inputs.get(type_, {}).items():
            if field.required and name in known and not known[name].required:
                yield f"{type_}.{name}"


def _upserting() -> Iterator[str]:
    """Yield the mutations that upserts come to; a partner's other ones may never be sent."""
    for entity in KINDS:
        yield from _mutations(entity)


def _mutations(entity: Entity) -> Iterator[str]:
    kind = KINDS[entity]
    yield kind.create
    yield kind.update
    if kind.uncategorise is not None:
        yield kind.uncategorise[0]


def _reached(ours: Table) -> Sequence[str]:
    """Return the input types that the inputs of upserts hold."""
    found: dict[str, None] = {}
    waiting = [ours.mutations[name] for name in _upserting()]
    while waiting:
        type_ = waiting.pop()
        if type_ not in found:
            found[type_] = None
            inner = (field.type for field in ours.inputs[type_].values())
            waiting += [each for each in inner if each in ours.inputs]
    return list(found)
