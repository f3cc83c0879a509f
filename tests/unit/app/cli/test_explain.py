"""`explain`: of each of these stories the right cause and the right next command."""

from typing import Any

import pytest

from e2e.harness import Books, change, told, until
from fluent_connect.model.fact import Statement
from fluent_connect.sandbox.faults import Fault
from unit.app.cli.scene import Scene
from unit.app.cli.shelf import Shell, unit

_REPEATS = Statement("SELECT id FROM aside WHERE what = 'repeat'")


async def explain(scene: Scene, *words: str) -> dict[str, Any]:
    ran = await scene.run("explain", *words, "--json")
    assert ran.code == 0, ran.err
    (row,) = ran.rows
    found: dict[str, Any] = row
    return found


def created(order: dict[str, Any], sequence: int = 1, version: int = 1) -> dict[str, object]:
    return told("OrderCreated", "order", order["id"], sequence=sequence, version=version)


async def test_done_names_what_came_of_it_and_that_both_sides_agree(scene: Scene) -> None:
    await scene.catalogue()
    order = scene.order()
    await scene.carry(created(order))
    found = await explain(scene, "order", order["orderNumber"])
    verdict = found["verdict"]
    assert (verdict["cause"], verdict["mend"]) == ("done", "")
    assert verdict["text"] == "DONE: created; both sides agree"
    assert found["resource"] == f"order/{order['id']}"
    (target,) = found["now"]["fluent"]
    assert [each["how"] for each in target["held"]] == ["same"]
    assert found["now"]["commercetools"]["facts"]["orderNumber"] == order["orderNumber"]


async def test_superseded_alone_is_told_by_its_own_id(scene: Scene) -> None:
    await scene.catalogue()
    order = scene.order()
    await scene.carry(created(order))
    again = told("OrderStateChanged", "order", order["id"], number="late", sequence=2)
    await scene.carry(again)
    verdict = (await explain(scene, "notification", "late"))["verdict"]
    assert (verdict["cause"], verdict["next"]) == ("superseded", "nothing")
    assert "version 1" in verdict["text"]
    assert (await explain(scene, "order", order["id"]))["verdict"]["cause"] == "done"


async def test_a_duplicate_is_told_by_the_id_that_the_door_gave_it(scene: Scene) -> None:
    await scene.catalogue()
    await scene.carry(created(scene.order()), created(scene.order()))
    books = Books(scene.data)
    repeats = await until(lambda: books.rows(_REPEATS))
    verdict = (await explain(scene, repeats[0]["id"]))["verdict"]
    assert (verdict["cause"], verdict["next"]) == ("duplicate", "nothing: the first one counts")


async def test_retrying_on_429_says_when_the_next_try_comes(scene: Scene) -> None:
    await scene.catalogue()
    scene.faults.add(Fault(kind="status", status=429, retry_after="600", operation="createOrder"))
    order = scene.order()
    async with scene.serving() as service:
        assert await service.post(created(order)) == 202
        books = Books(scene.data)
        await until(lambda: [e for e in books.events(text=order["id"]) if e.state == "retrying"])
    found = await explain(scene, "order", order["orderNumber"])
    verdict = found["verdict"]
    assert (verdict["cause"], verdict["mend"]) == ("retrying", "")
    assert "429" in verdict["text"]
    assert verdict["due"]
    assert "by itself at" in verdict["next"]
    (attempt,) = [step for step in found["story"] if step["what"] == "attempt"]
    assert 429 in [call["status"] for call in attempt["calls"]]


async def test_dead_by_its_mapping_names_the_letter_to_retry(scene: Scene) -> None:
    await scene.catalogue()
    order = scene.order(shippingAddress=None)
    await scene.carry(created(order, version=2))
    verdict = (await explain(scene, "order", order["orderNumber"]))["verdict"]
    assert verdict["cause"] == "dead-mapping"
    assert f"fluent-connect map try {order['orderNumber']}" in verdict["why"]
    (dead,) = Books(scene.data).dead()
    assert verdict["mend"] == f"fluent-connect dead retry {dead.id}"


async def test_parked_names_the_parent_and_how_to_look_at_it(scene: Scene) -> None:
    scene.faults.add(Fault(kind="status", status=503, operation="createStandardProduct"))
    order = scene.order()
    async with scene.serving() as service:
        assert await service.post(created(order)) == 202
        await until(lambda: "parked" in {each.state for each in Books(scene.data).events()})
    verdict = (await explain(scene, order["orderNumber"]))["verdict"]
    assert verdict["cause"] == "parked"
    sku = verdict["mend"].removeprefix("fluent-connect explain sku ")
    assert sku in {line["variant"]["sku"] for line in order["lineItems"]}
    assert sku in verdict["text"]


async def test_a_closed_gate_names_the_field(scene: Scene) -> None:
    order = scene.order(paymentState="Failed")
    await scene.carry(created(order, version=2))
    found = await explain(scene, "order", order["orderNumber"])
    verdict = found["verdict"]
    assert verdict["cause"] == "gate-closed"
    assert "paymentState=Failed" in verdict["text"]
    assert "its next change in commercetools asks again" in verdict["next"]
    assert found["now"]["fluent"][0]["outcome"] == "skipped"


async def test_a_gate_that_is_open_by_now_is_a_change_that_nobody_told(scene: Scene) -> None:
    await scene.catalogue()
    order = scene.order(paymentState="Failed")
    await scene.carry(created(order, version=2))
    scene.order(paymentState="Paid")
    verdict = (await explain(scene, "order", order["orderNumber"]))["verdict"]
    assert verdict["cause"] == "gap"
    assert "version 3, the newest told is 2" in verdict["why"]
    assert (
        verdict["mend"] == f"fluent-connect reconcile orders --key {order['orderNumber']} --repair"
    )


async def test_what_was_never_received_is_found_in_commercetools(scene: Scene) -> None:
    await scene.carry(change("cart", "x"))
    order = scene.order()
    for name in (order["orderNumber"], order["id"]):
        found = await explain(scene, "order", name)
        verdict = found["verdict"]
        assert verdict["cause"] == "never-received"
        assert "fluent-connect subscription status" in verdict["next"]
        assert verdict["mend"] == f"fluent-connect reconcile orders --key {name} --repair"
        assert found["resource"] == f"order/{order['id']}"
    sku = order["lineItems"][0]["variant"]["sku"]
    assert (await explain(scene, "sku", sku))["verdict"]["cause"] == "never-received"


async def test_filtered_out_names_the_filter(scene: Scene) -> None:
    order = scene.order()
    await scene.carry(told("OrderShippingAddressSet", "order", order["id"]))
    verdict = (await explain(scene, "order", order["id"]))["verdict"]
    assert verdict["cause"] == "filtered"
    assert verdict["mend"] == "fluent-connect routes list --notifications"


async def test_what_was_changed_in_fluent_is_told_field_by_field(scene: Scene) -> None:
    await scene.catalogue()
    product = scene.product()
    held = scene.fluent.find("standardProduct", f"P_{product['key']}")
    assert held is not None
    scene.fluent.save({**held, "name": "Somebody else's"})
    found = await explain(scene, "product", product["key"])
    verdict = found["verdict"]
    assert verdict["cause"] == "different"
    assert f"standardProduct P_{product['key']}: name" in verdict["text"]
    assert verdict["mend"] == f"fluent-connect reconcile products --key {product['key']} --repair"
    (difference,) = found["now"]["fluent"][0]["held"][0]["differences"]
    assert (difference["field"], difference["held"]) == ("name", "Somebody else's")
    ran = await scene.run("explain", "product", product["key"])
    assert "WE WOULD SEND" in ran.out


async def test_a_sequence_gap_behind_which_fluent_is_older_is_the_cause(scene: Scene) -> None:
    await scene.catalogue()
    product = scene.product()
    data = product["masterData"]
    current = {**data["current"], "name": {"en": "Newer"}}
    scene.project.change("product", {**product, "masterData": {**data, "current": current}})
    late = told("ProductImagesChanged", "product", product["id"], sequence=4, version=1)
    await scene.carry(late)
    found = await explain(scene, "product", product["key"])
    verdict = found["verdict"]
    assert verdict["cause"] == "gap"
    assert "sequence 2-3 of its notifications never came" in verdict["why"]
    assert verdict["mend"] == f"fluent-connect reconcile products --key {product['key']} --repair"
    assert found["notifications"]["gaps"] == ["2-3"]


async def test_a_pause_names_who_stopped_it_and_how_it_goes_on(scene: Scene) -> None:
    order = scene.order()
    await scene.carry(change("cart", "x"))
    ran = await scene.run("pause", "--account", "SANDBOX")
    assert ran.code == 0, ran.err
    async with scene.serving() as service:
        assert await service.post(created(order)) == 202
        books = Books(scene.data)
        await until(lambda: [e for e in books.events(text=order["id"]) if e.state == "queued"])
    verdict = (await explain(scene, "order", order["id"]))["verdict"]
    assert (verdict["cause"], verdict["mend"]) == (
        "paused",
        "fluent-connect resume --account SANDBOX",
    )


async def test_a_side_that_cannot_be_reached_is_told_and_not_fatal(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.catalogue()
    order = scene.order()
    await scene.carry(created(order))
    monkeypatch.setenv("FC_FLUENT_URL", "http://127.0.0.1:1")
    found = await explain(scene, "order", order["orderNumber"])
    assert found["verdict"]["text"] == "DONE: created"
    assert found["now"]["commercetools"]["state"] == "there"
    assert found["now"]["fluent"][0]["unreachable"]
    monkeypatch.setenv("FC_CT_API_URL", "http://127.0.0.1:1")
    ran = await scene.run("explain", "order", order["orderNumber"])
    assert ran.code == 0
    assert "commercetools  could not be reached" in ran.out
    offline = await explain(scene, "order", order["orderNumber"], "--offline")
    assert offline["now"] is None


async def test_people_are_masked_unless_asked_for(scene: Scene) -> None:
    await scene.carry(change("customer", next(iter(scene.project.scan("customer")))["id"]))
    customer = next(iter(scene.project.scan("customer")))
    (held,) = scene.fluent.listing("customer")
    scene.fluent.save({**held, "firstName": "Bertha-Mathilde"})
    words = ("explain", "customer", customer["id"])
    ran = await scene.run(*words)
    assert "DIFFERENT in Fluent: customer" in ran.out.splitlines()[0]
    assert "Bertha-Mathilde" not in ran.out
    assert customer["email"] not in ran.out
    assert "Bertha-Mathilde" not in (await scene.run(*words, "--json")).out
    assert "Bertha-Mathilde" in (await scene.run(*words, "--unmasked")).out


def test_offline_and_without_a_configuration_the_journal_tells(full: Shell) -> None:
    ran = full.there("explain", "order", "1002", "--offline")
    assert ran.code == 0
    first, *rest = ran.out.splitlines()
    assert first.startswith("order 1002: DEAD: refused: ")
    assert f"  mend   fluent-connect dead retry {unit(2)}.0" in rest
    assert "ann@example.com" not in ran.out


def test_what_cannot_be_read_is_explained_by_its_id(full: Shell) -> None:
    verdict = full.there("explain", unit(6), "--offline", "--json").rows[0]["verdict"]
    assert (verdict["cause"], verdict["mend"]) == (
        "malformed",
        f"fluent-connect dead retry {unit(6)}",
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("order", "nobody", "--offline"), 6, "CLI007"),
        (("ordre", "1002"), 2, 'did you mean "order"?'),
        (("customer", "1002", "--offline"), 6, "CLI007"),
    ],
)
def test_what_is_not_there_is_told(
    full: Shell, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = full.there("explain", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
