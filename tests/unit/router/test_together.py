"""What of a run is pushed at the same time, and how many ask for one parent."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.fluent.model import Parent, Pushed, Upsert
from fluent_connect.handlers.message_handler import Change, MapContext
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.fact import Delivered
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Dead, Done, Parked
from fluent_connect.testing.bench import Bench
from fluent_connect.testing.deliver import message_for
from fluent_connect.testing.fake_fluent import FakeFluent
from unit.router.handlers import CATALOGUE, Json, OrderHandler, ProductHandler, input_of
from unit.router.scene import delivery, facts, hand

P1 = Reference("product", "p1")


def part(entity: Any, ref: str, **fields: object) -> Upsert:
    given = input_of(entity, ref, **fields)
    return Upsert(entity=entity, ref=ref, create=given, update=None if entity == "order" else given)


class WholeHandler(OrderHandler):
    """A product with its variants, and an order that is none of their business."""

    name = "WholeHandler"

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        key = {"ref": "P", "catalogue": CATALOGUE}
        yield part("standardProduct", "P")
        for ref in resource["skus"]:
            yield part("variantProduct", ref, product=key)
        yield part("order", "O")


class Recording(FakeFluent):
    """Notes what was pushed together; refuses some."""

    def __init__(self, *refused: str) -> None:
        super().__init__()
        self.together: list[list[str]] = []
        self._refused = refused

    async def push(self, change: Any) -> Pushed:
        if change.ref in self._refused:
            raise UnprocessableError(f"no {change.ref}")
        return await super().push(change)

    async def push_all(self, changes: Sequence[Upsert]) -> Sequence[Pushed | BaseException]:
        self.together.append([change.ref for change in changes])
        return await super().push_all(changes)


def bench(fluent: FakeFluent) -> Bench:
    made = Bench(WholeHandler, fluent=fluent)
    made.commercetools.put("product", {"id": "p1", "version": 1, "skus": ["V1", "V2", "V3"]})
    return made


async def test_variants_are_pushed_together_after_their_product() -> None:
    fluent = Recording()

    result = await hand(bench(fluent), message_for(WholeHandler, P1, version=1))

    assert result.fate == Done("5 created")
    assert fluent.together == [["V1", "V2", "V3"]]
    assert [change.ref for change in result.pushed if isinstance(change, Upsert)] == [
        *("P", "V1", "V2", "V3", "O")
    ]


async def test_what_was_made_beside_a_failure_is_known_and_nothing_follows_it() -> None:
    fluent = Recording("V2")

    outcome = await bench(fluent).router(delivery(message_for(WholeHandler, P1, version=1)))

    assert isinstance(outcome.error, UnprocessableError)
    assert [fact.ref.rpartition("/")[2] for fact in facts(outcome.facts, Delivered)] == [
        *("P", "V1", "V3")
    ]
    assert ("order", "O") not in fluent.held


async def test_the_first_of_several_failures_decides() -> None:
    result = await hand(bench(Recording("V3", "V1")), message_for(WholeHandler, P1, version=1))

    assert isinstance(result.fate, Dead)
    assert result.fate.reason == "no V1"


class NeedyHandler(OrderHandler):
    """Orders that all need one product."""

    name = "NeedyHandler"

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        parent = Parent("standardProduct", "p1", P1)
        yield Upsert(
            entity="order", ref=resource["id"], create=input_of("order", "1"), parents=(parent,)
        )


def needy(orders: int) -> tuple[Bench, list[Message]]:
    """Return a bench without the product, and the messages of so many orders that need it."""
    made = Bench(
        NeedyHandler,
        ("shop.product.upsert", ProductHandler),
        fluent=FakeFluent(missing={"standardProduct p1"}),
    )
    made.commercetools.put("product", {"id": "p1", "sku": "s1", "version": 1})
    messages: list[Message] = []
    for number in range(orders):
        made.commercetools.put("order", {"id": f"o{number}", "version": 1})
        about = Reference("order", f"o{number}")
        told = message_for(NeedyHandler, about, version=1)
        messages.append(msgspec.structs.replace(told, id=f"m{number}"))
    return made, messages


async def test_of_many_that_miss_one_parent_one_asks_for_it() -> None:
    made, messages = needy(10)

    outcomes = [await made.router(delivery(message)) for message in messages]

    assert sum(len(outcome.puts) for outcome in outcomes) == 1


async def test_a_parent_that_did_not_come_is_asked_for_again() -> None:
    made, (message,) = needy(1)
    puts = []
    for wait in (0.0, 10.0, 25.0):
        made.clock.advance(wait)
        puts.append(len((await made.router(delivery(message))).puts))

    assert puts == [1, 0, 1]


async def test_a_parent_goes_before_what_waits() -> None:
    made, messages = needy(3)
    for message in messages:
        await made.put(message)

    results = await made.drain()

    assert [type(result.fate) for result in results] == [Parked, *[Done] * 4]
