"""One line for a handler's test: deliver a message and look at what came of it."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from fluent_connect.handlers.message_handler import AnyHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.message import Cause, Message, lane
from fluent_connect.model.notification import Reference
from fluent_connect.testing.bench import ACCOUNT, PROJECT, Bench, Result
from fluent_connect.testing.fake_commercetools import FakeCommercetools
from fluent_connect.testing.fake_fluent import FakeFluent

Json = Mapping[str, Any]

_SIGNS = (
    ("lineItems", "order"),
    ("masterData", "product"),
    ("ancestors", "category"),
    ("isEmailVerified", "customer"),
    ("email", "customer"),
)
"""By which field a resource's type is known, where a test does not say it."""


def message_for(
    handler: AnyHandler | type[AnyHandler],
    resource: Reference | None = None,
    *,
    id: str = "test.0",
    kind: str = "ResourceUpdated",
    version: int | None = None,
    sequence: int | None = None,
    cause: Cause = "notification",
    attributes: Mapping[str, object] = {},
) -> Message:
    """Return a message to the route of `handler` on a Bench."""
    return Message(
        id=id,
        name=handler.name,
        key=lane(ACCOUNT.name, ACCOUNT.retailer, resource or id),
        account=ACCOUNT.name,
        retailer=ACCOUNT.retailer,
        project_key=PROJECT,
        resource=resource,
        kind=kind,
        version=version,
        sequence=sequence,
        notification=id.partition(".")[0],
        cause=cause,
        attributes=attributes,
    )


async def deliver(
    handler: AnyHandler | type[AnyHandler],
    *,
    resource: Json | None = None,
    type_id: str | None = None,
    kind: str = "ResourceUpdated",
    message: Message | None = None,
    attributes: Mapping[str, object] = {},
    payload: Mapping[str, object] | None = None,
    settings: Settings | None = None,
    props: Mapping[str, str] = {},
    commercetools: FakeCommercetools | None = None,
    fluent: FakeFluent | None = None,
) -> Result:
    """Return what becomes of a message about `resource`, which stands in commercetools so.

    type_id:       told by the resource's shape where it is one of the common types.
    message:       the whole message, instead of one made of the other arguments.
    payload:       what the sender sent, for handlers that read it.
    commercetools: what else stands there; `fluent`: what stands there already.
    """
    bench = Bench(
        handler, commercetools=commercetools, fluent=fluent, settings=settings, props=props
    )
    reference = None
    if resource is not None:
        reference = bench.commercetools.put(type_id or type_of(resource), resource)
    version = resource.get("version") if resource is not None else None
    made = message_for(handler, reference, kind=kind, version=version, attributes=attributes)
    await bench.put(message or made, payload)
    result = await bench.step()
    if result is None:
        raise AssertionError("the message is not due")
    return result


async def deliver_shuffled(
    handler: AnyHandler | type[AnyHandler],
    states: Sequence[Json | None],
    *,
    seed: int,
    type_id: str | None = None,
    repeats: int = 3,
    stale: float = 0.2,
    settings: Settings | None = None,
    props: Mapping[str, str] = {},
    commercetools: FakeCommercetools | None = None,
    fluent: FakeFluent | None = None,
) -> Bench:
    """Return the bench after one resource's life was told out of order, with repeats.

    states:  the resource at one version after the other; a last None is its deletion.
    stale:   share of first reads that find an older state than the one notified.

    Each change is told 1 to `repeats` times, in an order that `seed` decides, while the resource
    itself moves on; a state is never told before it is reached. `bench.fluent` then holds what
    it must hold after `deliver` of the last state alone.
    """
    bench = Bench(
        handler, commercetools=commercetools, fluent=fluent, settings=settings, props=props
    )
    first = states[0]
    if first is None:
        raise ValueError("a resource's life begins with a state")
    reference = Reference(type_id or type_of(first), str(first["id"]))
    dice = random.Random(seed)  # noqa: S311 - the same seed, the same order
    told = [at for at in range(len(states)) for _ in range(dice.randint(1, repeats))]
    dice.shuffle(told)
    now = 0
    for number, at in enumerate(told):
        now = dice.randint(max(now, at), len(states) - 1)
        _stand(bench, reference, states[max(0, at - 1) if dice.random() < stale else now])
        await bench.put(_telling(handler, reference, states, at, number))
        await bench.step()
        _stand(bench, reference, states[now])
        if dice.random() < 0.5:  # noqa: PLR2004 - half of the time, what was put off comes in between
            await bench.drain()
    await bench.drain()
    return bench


def type_of(resource: Json) -> str:
    """Return the type of a resource by its shape. Raise ValueError if it is none of the common."""
    for field, type_id in _SIGNS:
        if field in resource:
            return type_id
    raise ValueError("say which type the resource has: type_id=...")


def _stand(bench: Bench, reference: Reference, state: Json | None) -> None:
    if state is None:
        bench.commercetools.drop(reference)
    else:
        bench.commercetools.put(reference.type_id, state)


def _telling(
    handler: AnyHandler | type[AnyHandler],
    reference: Reference,
    states: Sequence[Json | None],
    at: int,
    number: int,
) -> Message:
    state = states[at]
    before = states[max(0, at - 1)] or {}
    version = int((before if state is None else state)["version"])
    kind = "ResourceDeleted" if state is None else "ResourceUpdated"
    return message_for(handler, reference, id=f"n{number}.0", kind=kind, version=version)
