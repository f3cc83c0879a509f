"""`reconcile`: seeded drift is found, nothing else is, and repairs bring it to zero."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from e2e.harness import change, told, until
from fluent_connect.app.playground import variables
from fluent_connect.model.fact import Statement
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Options, Sandbox
from unit.app.cli.scene import Scene
from unit.app.cli.shelf import Shell
from unit.app.conftest import ENVIRON

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "reconcile.md"
NOW = ("--settle", "0s")
_WAITING = Statement("SELECT count(*) AS n FROM parcel WHERE queue = 'event-queue' AND state <> 4")


@pytest.fixture
async def shop(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A whole shop that a service has carried to Fluent."""
    async with Sandbox(Options(customers=3, orders=2)) as sandbox:
        for name, value in variables(sandbox).items():
            monkeypatch.setenv(name, value)
        scene = Scene(shell, sandbox)
        scan = scene.project.scan
        await scene.carry(
            *(change("category", each["id"]) for each in scan("category")),
            *(told("ProductPublished", "product", each["id"]) for each in scan("product")),
            *(change("customer", each["id"]) for each in scan("customer")),
            *(told("OrderCreated", "order", each["id"]) for each in scan("order")),
        )
        yield scene
        structlog.reset_defaults()


@pytest.fixture
async def sold(scene: Scene) -> Scene:
    """One order and its customer, and what they need, carried to Fluent."""
    (customer,), order = scene.project.scan("customer"), scene.order()
    await scene.catalogue()
    await scene.carry(
        change("customer", customer["id"]), told("OrderCreated", "order", order["id"])
    )
    return scene


async def reconcile(scene: Scene, what: str, *words: str, code: int = 0) -> list[dict[str, Any]]:
    ran = await scene.run("reconcile", what, *NOW, "--json", *words)
    assert ran.code == code, ran.err + ran.out
    return ran.rows


async def repaired(scene: Scene, what: str) -> dict[str, Any]:
    """Have what differs mended by a running service; return the plan."""
    async with scene.serving():
        rows = await reconcile(scene, what, "--repair", "--yes", "--rate", "500", code=9)
        await until(lambda: scene.books.rows(_WAITING)[0]["n"] == 0)
    (plan,) = [row["plan"] for row in rows if "plan" in row]
    found: dict[str, Any] = plan
    return found


def classes(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(row["class"] for row in rows if "class" in row)


def entity(scene: Scene, kind: str, number: int = 0) -> dict[str, Any]:
    return list(scene.fluent.listing(kind))[number]


def forget(scene: Scene, held: dict[str, Any]) -> None:
    id_ = int(held["id"])
    scene.fluent.database.execute("DELETE FROM entity WHERE id = ? OR owner = ?", (id_, id_))


def extra(scene: Scene, kind: str, held: dict[str, Any], ref: str) -> None:
    """Have Fluent hold what came from a resource that commercetools has not."""
    attributes = [
        {**each, "value": ref} if each["name"] == "commercetoolsId" else each
        for each in held["attributes"]
    ]
    made = {name: value for name, value in held.items() if name != "id"}
    scope = (held.get("catalogue") or {}).get("ref", "")
    scene.fluent.add(kind, {**made, "ref": ref, "attributes": attributes}, scope=scope)


async def test_a_quiet_system_has_no_drift(shop: Scene) -> None:
    before = shop.writes()
    for what in ("categories", "products", "customers", "orders"):
        (row,) = await reconcile(shop, what)
        summary = row["summary"]
        assert (summary["drift"], summary["unknown"]) == (0, 0), row
        assert summary["classes"]["same"] > 1
    assert shop.writes() == before


async def test_products_that_drifted_are_found_by_their_class_and_mended(shop: Scene) -> None:
    chance = random.Random(7)
    products = list(shop.project.scan("product"))
    gone, named, priced, stale = chance.sample(products, 4)
    fluent = shop.fluent

    def standard(product: dict[str, Any]) -> dict[str, Any]:
        held = fluent.find("standardProduct", f"P_{product['key']}")
        assert held is not None
        return held

    sku = priced["masterData"]["current"]["masterVariant"]["sku"]
    variant = fluent.find("variantProduct", sku)
    assert variant is not None
    forget(shop, standard(gone))
    fluent.save({**standard(named), "name": "Edited in Fluent"})
    prices = [{**each, "value": 1} for each in variant["prices"]]
    fluent.save({**variant, "prices": prices})
    data = stale["masterData"]
    current = {**data["current"], "name": {"en": "Newer"}}
    shop.project.change("product", {**stale, "masterData": {**data, "current": current}})
    extra(shop, "standardProduct", standard(named), "P_nobodys")
    shown = await shop.run("reconcile", "products", *NOW, "--repair", "--dry-run")
    assert shown.out == PAGE.read_text().partition("```text\n")[2].partition("```")[0]
    rows = await reconcile(shop, "products", code=9)
    assert {(row["class"], row["resource"]) for row in rows[:-1]} == {
        ("missing", f"product/{gone['id']}"),
        ("different", f"product/{named['id']}"),
        ("different", f"product/{priced['id']}"),
        ("stale", f"product/{stale['id']}"),
        ("extra", "product/P_nobodys"),
    }
    assert any(
        field.startswith("variantProduct prices[") for field in rows[-1]["summary"]["fields"]
    )
    plan = await repaired(shop, "products")
    counts = ("count", "creates", "updates", "deactivations", "orders_that_start_fulfilment")
    assert [plan[name] for name in counts] == [5, 1, 3, 1, 0]
    (row,) = await reconcile(shop, "products")
    assert row["summary"]["drift"] == 0
    assert fluent.find("standardProduct", "P_nobodys", "DEFAULT:1") is None or (
        entity_by(shop, "standardProduct", "P_nobodys")["status"] == "INACTIVE"
    )


def entity_by(scene: Scene, kind: str, ref: str) -> dict[str, Any]:
    found = scene.fluent.find(kind, ref)
    assert found is not None
    return found


async def test_categories_that_drifted_are_found_and_mended(shop: Scene) -> None:
    leaf = next(each for each in shop.project.scan("category") if each.get("parent"))
    held = entity_by(shop, "category", leaf["id"])
    shop.fluent.save({**held, "name": "Edited in Fluent"})
    extra(shop, "category", held, "gone-nobodys")
    rows = await reconcile(shop, "categories", code=9)
    assert classes(rows) == {"different": 1, "extra": 1}
    await repaired(shop, "categories")
    (row,) = await reconcile(shop, "categories")
    assert row["summary"]["drift"] == 0


async def test_customers_and_orders_that_are_missing_are_created_again(sold: Scene) -> None:
    customer = sold.fluent.find("customer", next(sold.project.scan("customer"))["id"])
    assert customer is not None
    sold.fluent.save({**customer, "firstName": "Edited"})
    rows = await reconcile(sold, "customers", code=9)
    assert classes(rows) == {"different": 1}
    assert "Edited" not in str(rows)
    await repaired(sold, "customers")
    forget(sold, entity(sold, "order"))
    refused = await sold.run("reconcile", "orders", *NOW, "--repair")
    assert refused.code == 2
    assert "orders that start fulfilment           1" in refused.out
    assert "CLI003" in refused.err
    plan = await repaired(sold, "orders")
    assert not sold.books.dead(), sold.books.dead()
    assert (plan["count"], plan["orders_that_start_fulfilment"]) == (1, 1)
    for what in ("customers", "orders"):
        assert (await reconcile(sold, what))[-1]["summary"]["drift"] == 0


async def test_an_order_that_differs_is_told_and_never_written(sold: Scene) -> None:
    order = next(iter(sold.project.scan("order")))
    held = entity_by(sold, "order", order["orderNumber"])
    sold.fluent.save({**held, "totalPrice": 1})
    rows = await reconcile(sold, "orders", "--repair", "--yes", code=9)
    assert (rows[0]["class"], rows[0]["mendable"]) == ("different", False)
    assert rows[-1]["plan"] | {"calls": 0} == {
        **dict.fromkeys(("count", "creates", "updates", "deactivations", "calls"), 0),
        "not_mendable": 1,
        "orders_that_start_fulfilment": 0,
        "minutes": 0.0,
    }


async def test_a_gate_that_is_closed_is_no_drift(sold: Scene) -> None:
    order = dict(sold.order())
    made = {**order, "orderNumber": "unpaid", "id": "unpaid-1", "paymentState": "Failed"}
    sold.project.add("order", made)
    (row,) = await reconcile(sold, "orders")
    assert (row["summary"]["drift"], row["summary"]["classes"]["skipped"]) == (0, 1)


async def test_what_has_just_changed_or_waits_in_our_queue_is_no_drift(sold: Scene) -> None:
    (customer,) = sold.project.scan("customer")
    changed = sold.project.change("customer", {**customer, "firstName": "Just now"})
    ran = await sold.run("reconcile", "customers", "--json")
    assert ran.code == 0, ran.out
    assert ran.rows[-1]["summary"]["classes"]["in-flight"] == 1
    (found,) = [row for row in await reconcile(sold, "customers", code=9) if "class" in row]
    assert (found["class"], found["resource"]) == ("stale", f"customer/{customer['id']}")
    assert (await sold.run("pause", "--all")).code == 0
    async with sold.serving() as service:
        body = change("customer", customer["id"], changed["version"], "ResourceUpdated")
        assert await service.post(body) == 202
        await until(lambda: sold.books.rows(_WAITING)[0]["n"] == 1)
    assert (await reconcile(sold, "customers"))[-1]["summary"]["classes"]["in-flight"] == 1


async def test_a_look_up_that_fails_is_unknown_and_never_missing(sold: Scene) -> None:
    sold.faults.add(Fault(kind="errors", operation="customers"))
    rows = await reconcile(sold, "customers", code=8)
    summary = rows[-1]["summary"]
    assert summary["drift"] == 0
    assert summary["unknown"] == 2  # the customer, and the rest of Fluent's list
    assert "missing" not in summary["classes"]


async def test_keys_samples_and_windows_narrow_it(sold: Scene) -> None:
    order = next(iter(sold.project.scan("order")))
    for key in (order["orderNumber"], order["id"]):
        assert (await reconcile(sold, "orders", "--key", key))[-1]["summary"]["seen"] == 1
    nobody = await sold.run("reconcile", "orders", "--key", "nobody")
    assert (nobody.code, nobody.out) == (6, "")
    assert "CLI007" in nobody.err
    sample = await reconcile(sold, "orders", "--sample", "3", "--seed", "1")
    assert sample[-1]["summary"]["seen"] == 1
    old = await reconcile(sold, "orders", "--since", "2100-01-01")
    assert old[-1]["summary"]["seen"] == 0
    ran = await sold.run("reconcile", "orders", *NOW)
    assert ran.out.splitlines()[-1] == "drift: 0"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ordrs",), 2, 'did you mean "orders"?'),
        (("orders", "--key", "1", "--sample", "2"), 2, "CLI002"),
        (("orders", "--account", "NOBODY"), 6, "CLI014"),
    ],
)
def test_what_cannot_be_is_told(
    full: Shell, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, said: str
) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    ran = full.there("reconcile", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
