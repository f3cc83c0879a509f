"""Order of the day: what is told late, twice, out of order and read stale ends as the source is."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from fluent_connect.clients.transport import Request
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.shop import euro
from properties.world import Connector, World

Json = dict[str, Any]
Step = Callable[[], object]
_SEEDS = 200
_BATCH = 20
_STALE = 0.2


@pytest.mark.timeout(100)
@pytest.mark.parametrize("first", range(0, _SEEDS, _BATCH))
async def test_a_lifecycle_in_any_order_ends_as_its_source(first: int) -> None:
    world = World()
    await world.open()
    for seed in range(first, first + _BATCH):
        for kind in (_Product, _Order):
            await _Day(world, seed, kind(world, seed)).check()


class _Order:
    """An order from its creation to its end, eight changes."""

    path, type_id = "orders", "order"

    def __init__(self, world: World, seed: int) -> None:
        number = 10_000 + seed
        self.shop, self.world = world.sandbox.commercetools, world
        self.draft = world.sandbox.shop.order(number)
        self.id: str = self.draft["id"]
        self.deleted = seed % 2 == 0
        payment = world.sandbox.shop.payment(number)
        street = {**self.draft["shippingAddress"], "streetName": "Seitenweg"}
        last: Step = self._delete if self.deleted else self._act("setBillingAddress", street)
        self.steps: list[Step] = [
            lambda: (
                self.shop.create("payments", payment) and self.shop.create("orders", self.draft)
            ),
            self._act("changePaymentState", "BalanceDue"),
            self._act("changeOrderState", "Confirmed"),
            self._act("changeShipmentState", "Ready"),
            self._act("setShippingAddress", street),
            self._act("changePaymentState", "Paid"),
            self._act("setLocale", "de"),
            last,
        ]

    def refs(self) -> set[str]:
        return {self.draft["orderNumber"]}

    def wrong(self) -> Sequence[str]:
        """Return what Fluent has otherwise than the shop: an order is created, once."""
        entities = self.world.sandbox.fluent.entities
        made = entities.find("order", self.draft["orderNumber"])
        if made is None:
            return [] if self.deleted else ["the order is not in Fluent"]
        net = self.draft["taxedPrice"]["totalNet"]["centAmount"]
        return [] if round(made["totalPrice"] * 100) == net else ["its total is wrong"]

    def _act(self, action: str, value: object) -> Step:
        named = _FIELDS[action]
        return lambda: self.shop.update("orders", self.id, {"action": action, named: value})

    def _delete(self) -> object:
        return self.shop.delete("orders", self.id)


_FIELDS = {
    "changePaymentState": "paymentState",
    "changeOrderState": "orderState",
    "changeShipmentState": "shipmentState",
    "setShippingAddress": "address",
    "setBillingAddress": "address",
    "setLocale": "locale",
}


class _Product:
    """A product from its creation to its end, eight changes."""

    path, type_id = "products", "product"

    def __init__(self, world: World, seed: int) -> None:
        self.shop, self.world = world.sandbox.commercetools, world
        self.draft = world.sandbox.shop.product(10_000 + seed)
        self.id: str = self.draft["id"]
        self.deleted = seed % 2 == 1
        last: Step = self._delete if self.deleted else self._do(_named("At last"), _PUBLISH)
        self.steps: list[Step] = [
            lambda: self.shop.create("products", self.draft),
            self._do(_named("Second"), _PUBLISH),
            self._price(1111),
            self._do({"action": "unpublish"}),
            self._do(_named("Third"), _PUBLISH),
            self._price(2222),
            self._do({"action": "unpublish"}),
            last,
        ]

    def refs(self) -> set[str]:
        variants = (self.draft["masterVariant"], *self.draft["variants"])
        return {f"P_{self.draft['key']}", *(each["sku"] for each in variants)}

    def wrong(self) -> Sequence[str]:
        """Return what Fluent has otherwise than the shop: all of it, or INACTIVE."""
        found: list[str] = []
        entities = self.world.sandbox.fluent.entities
        source = self.shop.project.get("product", self.id)
        for ref in sorted(self.refs()):
            kind = "standardProduct" if ref.startswith("P_") else "variantProduct"
            made = entities.find(kind, ref)
            if source is None:
                if made is not None and made["status"] != "INACTIVE":
                    found.append(f"{ref} is {made['status']} though its source is deleted")
            elif made is None:
                found.append(f"{ref} is not in Fluent")
            else:
                found += _differences(ref, made, source)
        return found

    def _do(self, *actions: Mapping[str, object]) -> Step:
        return lambda: self.shop.update("products", self.id, *actions)

    def _price(self, cents: int) -> Step:
        price = self.draft["masterVariant"]["prices"][0]["id"]
        change = {"action": "changePrice", "priceId": price, "price": {"value": euro(cents)}}
        return lambda: self.shop.update("products", self.id, change, _PUBLISH)

    def _delete(self) -> object:
        return self.shop.delete("products", self.id)


_PUBLISH = {"action": "publish"}


def _named(name: str) -> Mapping[str, object]:
    return {"action": "changeName", "name": {"en": name, "de": name}}


def _differences(ref: str, made: Json, source: Json) -> list[str]:
    current = source["masterData"]["current"]
    wanted = ("ACTIVE", current["name"]["en"], source["version"])
    version = next(a["value"] for a in made["attributes"] if a["name"] == "commercetoolsVersion")
    found = (made["status"], made["name"], version)
    return [] if wanted == found else [f"{ref} is {found}, its source {wanted}"]


class _Day:
    """One lifecycle: the resource moves while its notifications arrive in any order."""

    def __init__(self, world: World, seed: int, life: _Order | _Product) -> None:
        self._world = world
        self._chance = random.Random(f"{life.type_id}/{seed}")
        self._life = life
        self._name = f"seed {seed} of {life.type_id}"
        self._steps = list(life.steps)
        self._late = self._chance.random() < 0.3
        self._pending: list[bytes] = []
        self._counts: dict[str, int] = {}

    async def check(self) -> None:
        world, faults = self._world, self._world.sandbox.commercetools.faults
        mark = world.written
        connector = world.connector()
        faults.set([Fault(kind="stale", probability=_STALE)], seed=self._chance.randrange(2**30))
        world.transport.after = self._moved_meanwhile
        try:
            await self._pass(connector)
            await connector.drain()
        finally:
            faults.clear()
            world.transport.after = lambda _: None
        assert await connector.dead() == 0, f"{self._name}: dead"
        self._judge(world.writes(mark))

    async def _pass(self, connector: Connector) -> None:
        self._move()
        while self._steps or self._pending:
            await self._happen(connector)

    async def _happen(self, connector: Connector) -> None:
        """Let one thing happen: the resource moves, it is told of, or something is done."""
        what = self._chance.random()
        if self._steps and (self._late or what < 0.25 or not self._pending):
            self._move()
        elif self._pending and what < 0.7:
            place = self._chance.randrange(len(self._pending))
            await connector.deliver(self._pending.pop(place))
        else:
            await connector.work(CT_QUEUE, 4)
            if not await connector.work(EVENT_QUEUE, 3):
                self._world.clock.advance(self._chance.uniform(0.0, 2.0))

    def _move(self) -> None:
        self._steps.pop(0)()
        for body in self._world.take_told():
            self._pending += [body] * self._chance.randint(1, 3)

    def _moved_meanwhile(self, request: Request) -> None:
        """Move the resource behind the back of whoever has just read it."""
        reads = request.method == "GET" and "commercetools" in request.url
        if reads and self._steps and self._chance.random() < 0.1:
            self._move()

    def _judge(self, writes: Sequence[Mapping[str, Any]]) -> None:
        versions: dict[str, int] = {}
        created: dict[str, int] = {}
        for write in writes:
            ref = str(write["ref"])
            if ref not in self._life.refs() or write["outcome"] == "refused":
                continue
            created[ref] = created.get(ref, 0) + (write["outcome"] == "created")
            version = write["version"]
            assert version is not None, f"{self._name}: a write of {ref} carries no version"
            before = versions.get(ref, 0)
            assert version >= before, f"{self._name}: {ref} fell from {before} to {version}"
            versions[ref] = version
        doubled = [ref for ref, count in created.items() if count > 1]
        assert not doubled, f"{self._name}: created more than once: {doubled}"
        wrong = self._life.wrong()
        assert not wrong, f"{self._name}: {'; '.join(wrong)}"
