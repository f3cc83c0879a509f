"""Orders numbered late, told again and again to a connector that forgets: each is made once."""

import datetime as dt
import random
from collections import Counter
from typing import Any, Literal

import pytest

from fluent_connect.handlers.settings import Settings
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from properties.world import Connector, World

_ORDERS = 100
_RULES = ("order-number", "id")
_SOURCE = "commercetoolsOrderId"
Rule = Literal["order-number", "id"]


class _Shop:
    """A hundred guests, each with an order that has no number yet."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._system = world.sandbox.commercetools
        shop = world.sandbox.shop
        made_at = dt.datetime.fromtimestamp(world.clock(), dt.UTC).isoformat()
        self.orders: dict[str, str] = {}
        for number in range(20_000, 20_000 + _ORDERS):
            draft = shop.order(number, guest=True) | {"createdAt": made_at}
            self.orders[draft["id"]] = draft.pop("orderNumber")
            self._system.create("payments", shop.payment(number))
            self._system.create("orders", draft)

    def number(self) -> None:
        for id_, number in self.orders.items():
            action = {"action": "setOrderNumber", "orderNumber": number}
            self._system.update("orders", id_, action)


async def _work(connector: Connector, rounds: int) -> None:
    """Work without letting time pass, as long as there is something to do."""
    for _ in range(rounds):
        if not await connector.work(CT_QUEUE, 16) + await connector.work(EVENT_QUEUE, 16):
            return


@pytest.mark.timeout(240)
@pytest.mark.parametrize("rule", _RULES)
async def test_an_order_is_created_once_whatever_is_told_and_forgotten(rule: Rule) -> None:
    world = World(Settings(order_ref=rule))
    await world.open()
    shop = _Shop(world)
    chance = random.Random(rule)
    told = world.take_told()
    connector = world.connector()

    for body in _shuffled(told, chance):
        await connector.deliver(body)
    await _work(connector, 1000)
    before = _made(world, shop)
    assert before == ({} if rule == "order-number" else _once(shop.orders))

    shop.number()
    later = world.take_told()
    for body in _shuffled([*told, *later], chance):
        await connector.deliver(body)
    await connector.drain()
    assert await connector.dead() == 0
    names = shop.orders.values() if rule == "order-number" else shop.orders
    assert _made(world, shop) == _once(names)

    mark = world.written
    forgetful = world.connector()
    for body in _shuffled([*told, *later], chance):
        await forgetful.deliver(body)
    await forgetful.drain()
    assert await forgetful.dead() == 0
    assert world.writes(mark) == []

    assert _made(world, shop) == _once(names)
    assert _guests(world) == _once(f"guest-{id_}" for id_ in shop.orders)
    kinds = ("order", "customer")
    made = [each for kind in kinds for each in world.sandbox.fluent.entities.creations(kind)]
    assert [each for each in made if each["created"] != 1 or each["refused"]] == []


def _shuffled(bodies: list[bytes], chance: random.Random) -> list[bytes]:
    """Return each body one to three times, in any order."""
    often = [body for body in bodies for _ in range(chance.randint(1, 3))]
    chance.shuffle(often)
    return often


def _once(names: Any) -> dict[str, int]:
    return dict.fromkeys(names, 1)


def _made(world: World, shop: _Shop) -> dict[str, int]:
    """Return how often each of the orders stands in Fluent, by what it is called there."""
    found = [
        each["ref"]
        for each in world.sandbox.fluent.entities.listing("order")
        if _source(each) in shop.orders
    ]
    return dict(Counter(found))


def _guests(world: World) -> dict[str, int]:
    found = (each["username"] for each in world.sandbox.fluent.entities.listing("customer"))
    return dict(Counter(name for name in found if name.startswith("guest-")))


def _source(entity: dict[str, Any]) -> str:
    return str(next(e["value"] for e in entity["attributes"] if e["name"] == _SOURCE))
