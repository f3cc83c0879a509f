"""Customers who change and are erased, told in any order: Fluent has each once, or forgot it."""

import random
from typing import Any, Literal

import pytest

from fluent_connect.handlers.settings import Settings
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from properties.world import Connector, World

Json = dict[str, Any]
Rule = Literal["id", "customer-number", "email"]
_CUSTOMERS = 8
_STEPS = 40


@pytest.mark.parametrize("rule", ["id", "customer-number", "email"])
@pytest.mark.parametrize("seed", range(4))
async def test_customers_told_in_any_order_end_as_they_stand(rule: Rule, seed: int) -> None:
    world = World(Settings(username=rule))
    await world.open()
    chance = random.Random(f"{rule}/{seed}")
    connector = world.connector()
    ids = [_create(world, number) for number in range(_CUSTOMERS)]
    told = world.take_told()
    await _all_arrive(connector, told, chance)
    erased: set[str] = set()
    for step in range(_STEPS):
        one = chance.choice([each for each in ids if each not in erased])
        world.sandbox.commercetools.update("customers", one, _action(rule, step, chance))
        told += world.take_told()
        await _some_arrive(connector, told, chance)
        if step in (10, 30) and rule != "email":
            await _all_arrive(connector, told, chance)
            gone = chance.choice([each for each in ids if each not in erased])
            world.sandbox.commercetools.delete("customers", gone, data_erasure=True)
            erased.add(gone)
            told += world.take_told()
    await _all_arrive(connector, told, chance)
    assert await connector.dead() == 0
    assert _in_fluent(world, ids) == {id_: _in_shop(world, id_) for id_ in ids}


def _create(world: World, number: int) -> str:
    draft = world.sandbox.shop.customer(30_000 + number)
    custom = {
        "type": {"typeId": "type", "key": "click-and-collect"},
        "fields": {"tier": f"tier-{number}"},
    }
    world.sandbox.commercetools.create("customers", {**draft, "custom": custom})
    return str(draft["id"])


def _action(rule: Rule, step: int, chance: random.Random) -> Json:
    """Return a change: of an address, the e-mail address, or the name.

    Where the e-mail address is the username, whoever changes the name as well is not recognised.
    """
    actions: list[Json] = [
        {"action": "changeEmail", "email": f"changed.{step}@example.com"},
        {"action": "addAddress", "address": {"country": "DE", "city": f"Town {step}"}},
    ]
    if rule != "email":
        actions.append({"action": "setFirstName", "firstName": f"First {step}"})
    return chance.choice(actions)


async def _some_arrive(connector: Connector, told: list[bytes], chance: random.Random) -> None:
    for _ in range(min(len(told), 2)):
        body = told.pop(chance.randrange(len(told)))
        for _ in range(chance.randint(1, 2)):
            await connector.deliver(body)
    await connector.work(CT_QUEUE, 4)
    await connector.work(EVENT_QUEUE, 4)


async def _all_arrive(connector: Connector, told: list[bytes], chance: random.Random) -> None:
    while told:
        await _some_arrive(connector, told, chance)
    await connector.drain()


def _in_shop(world: World, id_: str) -> list[Json]:
    """Return what Fluent shall have of a customer: one entry, or a forgotten one."""
    held = world.sandbox.commercetools.project.get("customer", id_)
    if held is None:
        return [{"firstName": "erased", "primaryEmail": f"{id_}@no-email.invalid", "told": False}]
    return [{"firstName": held["firstName"], "primaryEmail": held["email"], "told": True}]


def _in_fluent(world: World, ids: list[str]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {id_: [] for id_ in ids}
    for each in world.sandbox.fluent.entities.listing("customer"):
        attributes = {one["name"]: one["value"] for one in each["attributes"]}
        if attributes["commercetoolsId"] in found:
            said = {name: each[name] for name in ("firstName", "primaryEmail")}
            told = attributes["tier"] != "erased" and attributes["addresses"] != "erased"
            found[attributes["commercetoolsId"]].append({**said, "told": told})
    return found
