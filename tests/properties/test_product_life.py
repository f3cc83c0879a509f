"""Products between the two sandboxes: what no version and no message of theirs tells."""

import datetime as dt
import json
from typing import Any

import pytest

from fluent_connect.handlers.settings import Settings
from fluent_connect.sandbox.shop import euro
from properties.world import Connector, World

Json = dict[str, Any]
SKU = "LIFE-1"
SETTINGS = Settings(removed_price="mark", price_marker=99999)


class Scene:
    """One product with one variant, and a connector that is told of what happens to it."""

    def __init__(self, world: World, connector: Connector) -> None:
        self.world, self.connector = world, connector
        self.shop = world.sandbox.commercetools
        self.told: list[bytes] = []
        self.id = ""

    async def sell(self, **more: object) -> None:
        draft = {**self.world.sandbox.shop.product(77_000), "key": "life", "id": "life", **more}
        prices = more.pop("prices", [])
        draft["masterVariant"] = {"sku": SKU, "prices": prices}
        draft["variants"] = []
        made: Json = self.shop.create("products", draft)
        self.id = made["id"]
        await self.hear()

    async def hear(self) -> None:
        """Deliver what was told since, and carry out what is due."""
        told = self.world.take_told()
        self.told += told
        for body in told:
            await self.connector.deliver(body)
        await self.settle()

    async def settle(self) -> None:
        while await self.connector.work("ct-queue", 16) + await self.connector.work(
            "event-queue", 16
        ):
            self.world.clock.advance(0.1)

    async def change(self, *actions: Json) -> None:
        self.shop.update("products", self.id, *actions)
        await self.hear()

    @property
    def version(self) -> int:
        found = self.shop.project.get("product", self.id)
        assert found is not None
        return int(found["version"])

    def fluent(self, kind: str, ref: str) -> Json:
        found = self.world.sandbox.fluent.entities.find(kind, ref)
        assert found is not None, f"Fluent has no {kind} {ref}"
        return found

    def prices(self) -> dict[str, float]:
        held = self.fluent("variantProduct", SKU)["prices"]
        return {f"{each['type']}/{each['currency']}": each["value"] for each in held}

    def at(self, seconds: float) -> str:
        moment = dt.datetime.fromtimestamp(self.world.clock() + seconds, dt.UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@pytest.fixture
async def scene() -> Scene:
    world = World(SETTINGS)
    await world.open()
    return Scene(world, world.connector())


def meta(text: str) -> Json:
    return {"action": "setMetaTitle", "metaTitle": {"en": text}}


async def test_a_standalone_price_arrives_though_its_products_version_stands(
    scene: Scene,
) -> None:
    await scene.sell(priceMode="Standalone")
    price = scene.shop.create("standalone-prices", {"sku": SKU, "value": euro(1000)})
    await scene.hear()
    while scene.version < 4:
        await scene.change(meta(f"{scene.version}"))
    await scene.change({"action": "publish"})
    assert scene.version == 5
    await scene.change(meta("six"))
    await scene.change({"action": "publish"})
    assert scene.version == 7
    assert scene.prices() == {"DEFAULT/EUR": 10.0}

    scene.shop.update(
        "standalone-prices", price["id"], {"action": "changeValue", "value": euro(1250)}
    )
    await scene.hear()
    assert scene.version == 7
    assert scene.prices() == {"DEFAULT/EUR": 12.5}

    written = scene.world.written
    fifth = [body for body in scene.told if json.loads(body).get("resourceVersion") == 5]
    assert len(fifth) == 1
    other = {**json.loads(fifth[0]), "id": "told-again", "sequenceNumber": 999}
    for body in (fifth[0], json.dumps(other).encode()):
        await scene.connector.deliver(body)
    await scene.settle()
    assert scene.world.written == written
    assert scene.prices() == {"DEFAULT/EUR": 12.5}


async def test_a_price_ends_at_its_time_without_a_message(scene: Scene) -> None:
    always = {"value": euro(2000)}
    week = {"value": euro(1500), "validFrom": scene.at(3600), "validUntil": scene.at(7200)}
    await scene.sell(prices=[always, week])
    assert scene.prices() == {"DEFAULT/EUR": 20.0}
    scene.world.clock.advance(3601)
    await scene.settle()
    assert scene.prices() == {"DEFAULT/EUR": 15.0}
    scene.world.clock.advance(3600)
    await scene.settle()
    assert scene.prices() == {"DEFAULT/EUR": 20.0}
    assert await scene.connector.waiting() == 0


async def test_a_removed_price_is_marked_and_comes_back(scene: Scene) -> None:
    german = {"id": "german", "value": euro(900), "country": "DE"}
    await scene.sell(prices=[{"value": euro(1000)}, german])
    assert scene.prices() == {"DEFAULT/EUR": 10.0, "DEFAULT_DE/EUR": 9.0}
    await scene.change({"action": "removePrice", "priceId": "german"}, {"action": "publish"})
    assert scene.prices() == {"DEFAULT/EUR": 10.0, "DEFAULT_DE/EUR": 99999}
    written = scene.world.written
    await scene.change({"action": "publish"})
    again = [each["operation"] for each in scene.world.writes(written)]
    assert set(again) <= {"updateStandardProduct", "updateVariantProduct"}
    assert scene.prices() == {"DEFAULT/EUR": 10.0, "DEFAULT_DE/EUR": 99999}
    back = {"value": euro(950), "country": "DE"}
    await scene.change({"action": "addPrice", "variantId": 1, "price": back}, {"action": "publish"})
    assert scene.prices() == {"DEFAULT/EUR": 10.0, "DEFAULT_DE/EUR": 9.5}


async def test_a_price_row_that_is_not_ours_is_left_alone(scene: Scene) -> None:
    await scene.sell(prices=[{"value": euro(1000)}])
    held = scene.fluent("variantProduct", SKU)
    held["prices"].append({"type": "COST", "currency": "EUR", "value": 4.0})
    scene.world.sandbox.fluent.entities.save(held, held["standard"])
    await scene.change({"action": "changeName", "name": {"en": "New"}}, {"action": "publish"})
    assert scene.prices() == {"DEFAULT/EUR": 10.0, "COST/EUR": 4.0}


async def test_a_product_whose_key_changes_leaves_no_standard_product_behind(
    scene: Scene,
) -> None:
    await scene.sell(prices=[{"value": euro(1000)}])
    await scene.change({"action": "setKey", "key": "afterlife"}, {"action": "publish"})
    assert scene.fluent("standardProduct", "P_afterlife")["status"] == "ACTIVE"
    assert scene.fluent("standardProduct", "P_life")["status"] == "INACTIVE"
    variant = scene.fluent("variantProduct", SKU)
    assert variant["standard"] == scene.fluent("standardProduct", "P_afterlife")["id"]
    assert variant["status"] == "ACTIVE"


async def test_an_unpublished_product_comes_back_when_it_is_published(scene: Scene) -> None:
    await scene.sell(prices=[{"value": euro(1000)}])
    await scene.change({"action": "unpublish"})
    assert scene.fluent("variantProduct", SKU)["status"] == "INACTIVE"
    assert scene.fluent("standardProduct", "P_life")["status"] == "INACTIVE"
    await scene.change({"action": "publish"})
    assert scene.fluent("variantProduct", SKU)["status"] == "ACTIVE"
    assert scene.fluent("standardProduct", "P_life")["status"] == "ACTIVE"
