"""A tree of categories, told in any order while it moves: Fluent ends with the same tree."""

import random
from typing import Any

import pytest

from fluent_connect.handlers.settings import Settings
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from properties.world import Connector, World

Json = dict[str, Any]
_SEEDS = 12
_TOP = "c0000000-0000-4000-8000-000000000000"


class _Tree:
    """Some thirty categories on three levels, and products in the leaves."""

    def __init__(self, world: World, seed: int) -> None:
        self.chance = random.Random(f"tree/{seed}")
        self._world, self._shop = world, world.sandbox.commercetools
        self.seed, self._made = seed, 0
        tops = [self.make(None) for _ in range(3)]
        middle = [self.make(self.chance.choice(tops)) for _ in range(8)]
        self.leaves = [self.make(self.chance.choice([*tops, *middle])) for _ in range(20)]
        self.products = [self._product(number) for number in range(6)]
        self.deleted: set[str] = set()

    def make(self, parent: str | None) -> str:
        self._made += 1
        id_ = f"c{self.seed:07}-0000-4000-8000-{self._made:012}"
        draft: Json = {
            "id": id_,
            "key": f"tree-{self.seed}-{self._made}",
            "name": {"en": f"Category {self._made}"},
            "slug": {"en": f"tree-{self.seed}-{self._made}"},
        }
        if parent:
            draft["parent"] = {"typeId": "category", "id": parent}
        self._shop.create("categories", draft)
        return id_

    def happen(self) -> None:
        """Let one thing happen: a move, another name, or the end of a branch."""
        living = [each["id"] for each in self.living()]
        one = self.chance.choice(living)
        what = self.chance.random()
        if what < 0.5:
            self._move(one, self.chance.choice(living))
        elif what < 0.8:
            name = {"action": "changeName", "name": {"en": f"Renamed {self.chance.random()}"}}
            self._shop.update("categories", one, name)
        else:
            self._delete(one)

    def living(self) -> list[Json]:
        held = self._shop.project.scan("category")
        return [each for each in held if each["id"].startswith(f"c{self.seed:07}")]

    def _move(self, id_: str, to: str) -> None:
        above = self._shop.project.get("category", to) or {}
        if to != id_ and id_ not in [each["id"] for each in above["ancestors"]]:
            parent = {"typeId": "category", "id": to}
            self._shop.update("categories", id_, {"action": "changeParent", "parent": parent})

    def _delete(self, id_: str) -> None:
        """Delete a branch as the platform does: what is below goes untold, and products leave."""
        below = [e["id"] for e in self.living() if id_ in [a["id"] for a in e["ancestors"]]]
        project = self._shop.project
        project.listener, listener = None, project.listener
        for product in self.products:
            held = project.get("product", product) or {}
            self._leave(held, {id_, *below})
        for each in below:
            self._shop.delete("categories", each)
        project.listener = listener
        self._shop.delete("categories", id_)
        self.deleted |= {id_, *below}

    def _leave(self, product: Json, gone: set[str]) -> None:
        view = product["masterData"]["current"]
        kept = [each for each in view["categories"] if each["id"] not in gone]
        if len(kept) < len(view["categories"]):
            data = {**product["masterData"], "current": {**view, "categories": kept}}
            self._shop.project.change("product", {**product, "masterData": data})

    def _product(self, number: int) -> str:
        draft = self._world.sandbox.shop.product(50_000 + self.seed * 100 + number)
        links = [{"typeId": "category", "id": each} for each in self.chance.sample(self.leaves, 3)]
        self._shop.create("products", {**draft, "categories": links})
        return str(draft["id"])


@pytest.mark.parametrize("seed", range(_SEEDS))
async def test_a_tree_told_in_any_order_ends_as_it_stands(seed: int) -> None:
    world = World(Settings(category_root=_TOP))
    _add_top(world)
    await world.open()
    tree = _Tree(world, seed)
    connector = world.connector()
    told = world.take_told()
    for _ in range(15):
        await _some_arrive(connector, told, tree.chance)
        tree.happen()
        told += world.take_told()
    while told:
        await _some_arrive(connector, told, tree.chance)
    await connector.drain()
    assert await connector.dead() == 0
    assert _in_fluent(world, tree) == _in_shop(tree)
    for product in tree.products:
        assert _categories_in_fluent(world, product) == _categories_in_shop(world, product)


def _add_top(world: World) -> None:
    """Make the category of Fluent that those without a parent stand below."""
    fluent = world.sandbox.fluent.entities
    catalogue = "DEFAULT:1"
    data = {"ref": _TOP, "type": "STANDARD", "name": "All", "status": "ACTIVE", "attributes": []}
    workflow = {"workflowRef": "CATEGORY::STANDARD", "workflowVersion": 1}
    fluent.add(
        "category",
        {"__typename": "Category", **data, **workflow, "catalogue": {"ref": catalogue}},
        scope=catalogue,
    )


async def _some_arrive(connector: Connector, told: list[bytes], chance: random.Random) -> None:
    for _ in range(min(len(told), 10)):
        body = told.pop(chance.randrange(len(told)))
        for _ in range(chance.randint(1, 2)):
            await connector.deliver(body)
    await connector.work(CT_QUEUE, 8)
    await connector.work(EVENT_QUEUE, 8)


def _in_shop(tree: _Tree) -> dict[str, tuple[str, str, str]]:
    return {
        each["id"]: (each["name"]["en"], each.get("parent", {}).get("id", _TOP), "ACTIVE")
        for each in tree.living()
    }


def _in_fluent(world: World, tree: _Tree) -> dict[str, tuple[str, str, str]]:
    """Return the categories of the tree that Fluent holds; those deleted are but INACTIVE."""
    entities = world.sandbox.fluent.entities
    found = {}
    for each in entities.listing("category"):
        if each["ref"].startswith(f"c{tree.seed:07}") and each["ref"] != _TOP:
            parent = str((entities.get("category", each.get("parent")) or {}).get("ref"))
            found[each["ref"]] = (each["name"], parent, each["status"])
    gone = {ref for ref in tree.deleted if ref in found}
    assert {found[ref][2] for ref in gone} <= {"INACTIVE"}
    return {ref: held for ref, held in found.items() if ref not in gone}


def _categories_in_shop(world: World, product: str) -> set[str]:
    held = world.sandbox.commercetools.project.get("product", product) or {}
    return {each["id"] for each in held["masterData"]["current"]["categories"]}


def _categories_in_fluent(world: World, product: str) -> set[str]:
    entities = world.sandbox.fluent.entities
    key = (world.sandbox.commercetools.project.get("product", product) or {})["key"]
    standard = entities.find("standardProduct", f"P_{key}") or {}
    return {(entities.get("category", each) or {})["ref"] for each in standard["categories"]}
