"""What the sandbox says as Fluent would: each fact with its source (fluent-api.md 13)."""

import asyncio
import base64

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from unit.sandbox.caller import Caller, category, code, customer, order
from unit.sandbox.shop import _shop


async def test_an_entity_begins_created_until_its_workflow_ran(caller: Caller) -> None:
    """S1 S6, fluent-api.md 2, What creating an entity triggers."""
    caller.sandbox.fluent.knobs.workflow_delay = 0.05
    id_ = await _shop(caller)
    made = await caller.made("createOrder", order(id_), "id status workflowRef")
    assert (made["status"], made["workflowRef"]) == ("CREATED", "ORDER::HD")
    unknown = await caller.made("createOrder", order(id_, "O2", type="ODD"), "id status")
    status = ""
    while status != "BOOKED":
        body = await caller.graphql('{ order(ref: "O1") { status } }')
        status = body["data"]["order"]["status"]
        await asyncio.sleep(0.005)
    found = await caller.graphql("query($i: ID!) { orderById(id: $i) { status } }", i=unknown["id"])
    assert found["data"]["orderById"]["status"] == "CREATED"


async def test_creating_raises_an_event_that_can_be_searched(caller: Caller) -> None:
    """S1 S6, fluent-api.md 2 and 3: the CREATE event; search answers start, count, hasMore."""
    await caller.made("createCategory", category())
    query = {"name": "CREATE", "context.entityRef": "c1"}
    status, body = await caller.fluent("GET", "api/v4.1/event", **query)
    assert status == 200
    assert (body["start"], body["count"], body["hasMore"]) == (0, 1, False)
    assert body["results"][0]["context"]["entityType"] == "CATEGORY"


async def test_sync_events_answer_what_came_of_them(caller: Caller) -> None:
    """S6 S7, fluent-api.md 3, Sync answers."""
    await caller.made("createCategory", category())
    event = {"name": "X", "retailerId": "1", "entityType": "CATEGORY", "entityRef": "c1"}
    path = "api/v4.1/event/sync"
    status, body = await caller.fluent("POST", path, event)
    assert (status, body["eventStatus"]) == (200, "COMPLETE")
    status, body = await caller.fluent("POST", path, {**event, "entityRef": "no"})
    assert (status, body["eventStatus"]) == (400, "NO_MATCH")
    caller.sandbox.fluent.knobs.failing_events = {"X": "FAILED"}
    status, body = await caller.fluent("POST", path, event)
    assert (status, body["eventStatus"]) == (400, "FAILED")
    assert body["errorMessage"]
    status, body = await caller.fluent("POST", path, {"name": "X", "entityType": "CATEGORY"})
    assert status == 400
    assert body == {"errors": [{"code": "NotNull", "message": "'retailerId' is required"}]}


async def test_an_async_event_hides_its_failure(caller: Caller) -> None:
    """S6, fluent-api.md 3: answers at once, a failing workflow is not reported."""
    caller.sandbox.fluent.knobs.failing_events = {"X": "FAILED"}
    event = {"name": "X", "retailerId": "1", "entityType": "ORDER", "entityRef": "O1"}
    status, body = await caller.fluent("POST", "api/v4.1/event/async", event)
    assert status == 200
    assert (await caller.fluent("GET", f"api/v4.1/event/{body['id']}"))[1]["name"] == "X"
    assert (await caller.fluent("GET", "api/v4.1/event/none"))[0] == 404


async def test_a_batch_is_complete_though_records_failed(caller: Caller) -> None:
    """S6 S7, fluent-api.md 4: COMPLETE also when records failed, with a code for each."""
    await _shop(caller)
    status, body = await caller.fluent("POST", "api/v4.1/job", {"retailerId": "1"})
    assert body == {"errors": [{"code": "400", "message": "'name' is required"}]}
    status, job = await caller.fluent("POST", "api/v4.1/job", {"name": "n", "retailerId": "1"})
    records = [{"skuRef": sku, "locationRef": "STORE_MARKET", "qty": 1} for sku in ("V1", "no")]
    batch = {"action": "UPSERT", "entityType": "INVENTORY", "entities": records}
    path = f"api/v4.1/job/{job['id']}/batch"
    status, sent = await caller.fluent("POST", path, batch)
    status, body = await caller.fluent("GET", f"{path}/{sent['id']}")
    assert (status, body["status"], body["total"]) == (200, "COMPLETE", 2)
    assert [one["responseCode"] for one in body["results"]] == [200, 404]
    status, body = await caller.fluent("GET", f"api/v4.1/job/{job['id']}")
    assert body["batch"] == [{"id": sent["id"], "status": "COMPLETE"}]
    too_many = {**batch, "entities": records * 2501}
    assert (await caller.fluent("POST", path, too_many))[0] == 400


async def test_a_setting_is_unique_by_name_context_and_id(caller: Caller) -> None:
    """S1, fluent-api.md 6: a second one is a constraint violation."""
    given = {"name": "s", "valueType": "STRING", "value": "1", "context": "ACCOUNT", "contextId": 0}
    made = await caller.made("createSetting", given, "id value")
    body = await caller.mutate("createSetting", given, "id")
    assert "ConstraintViolationException" in body["errors"][0]["message"]
    await caller.made("updateSetting", {**given, "id": made["id"], "value": "2"}, "value")
    filters = 'name: ["s"], context: ["ACCOUNT"], contextId: [0]'
    text = f"{{ settings({filters}) {{ edges {{ node {{ value }} }} }} }}"
    edges = (await caller.graphql(text))["data"]["settings"]["edges"]
    assert edges == [{"node": {"value": "2"}}]


async def test_an_order_holds_what_was_sent(caller: Caller) -> None:
    """S1, fluent-api.md 2.1: items, fulfilment choice, billing address, financial transactions."""
    id_ = await _shop(caller)
    choice = {"deliveryType": "STANDARD", "pickupLocationRef": "STORE_MARKET"}
    money = {"ref": "f1", "type": "PAYMENT", "amount": 3.5, "currency": "EUR"}
    given = order(
        id_,
        fulfilmentChoice=choice,
        billingAddress={"city": "Husum"},
        financialTransactions=[{**money, "paymentMethod": "CREDITCARD"}],
    )
    shown = (
        "customer { ref } retailer { id } billingAddress { city }"
        " items(first: 5) { edges { node { id ref quantity product { ref } } } }"
        " fulfilmentChoice { pickupLocationRef type }"
        " financialTransactions(first: 5) { edges { node { ref total } } }"
    )
    made = await caller.made("createOrder", given, shown)
    assert made["customer"] == {"ref": "u1"}
    assert made["billingAddress"] == {"city": "Husum"}
    assert made["items"]["edges"][0]["node"]["product"] == {"ref": "V1"}
    assert made["fulfilmentChoice"] == {"pickupLocationRef": "STORE_MARKET", "type": "HD"}
    assert made["financialTransactions"]["edges"] == [{"node": {"ref": "f1", "total": 3.5}}]


async def test_order_and_customer_are_made_together_or_not_at_all(caller: Caller) -> None:
    """S1, fluent-api.md 2.1, createOrderAndCustomer."""
    await _shop(caller)
    given = order("0", customer=customer("both"))
    bad = {**given, "items": [{"ref": "l", "productRef": "none", "quantity": 1}]}
    assert code(await caller.mutate("createOrderAndCustomer", bad)) == "C0120E"
    assert (await caller.graphql('{ customer(ref: "both") { id } }'))["data"]["customer"] is None
    await caller.made("createOrderAndCustomer", given)


async def test_webhooks_are_signed_with_sha512_over_the_raw_body(caller: Caller) -> None:
    """S6 S13, fluent-api.md 5: header `fluent-signature`, RSA PKCS#1 v1.5, bare base64 key."""
    webhooks = caller.sandbox.fluent.webhooks
    body = b'{"name":"X"}'
    signature = base64.b64decode(webhooks.sign(body)["fluent-signature"])
    key = load_der_public_key(base64.b64decode(webhooks.public_key))
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signature, body, padding.PKCS1v15(), hashes.SHA512())
    assert webhooks.event("X", "ORDER", entityRef="O1")["accountId"] == "SANDBOX"


async def test_what_the_sandbox_lacks_answers_501(caller: Caller) -> None:
    """design.md 7: honest, never an empty success."""
    status, body = await caller.graphql_status("{ returnOrders { edges { node { id } } } }")
    assert status == 501
    assert "not implemented in the sandbox" in body["errors"][0]["message"]


async def test_every_mutation_is_in_the_journal_with_its_source_version(caller: Caller) -> None:
    """design.md 7: what the oracle of the crash test reads."""
    attribute = {"name": "commercetoolsVersion", "type": "INTEGER", "value": 7}
    await caller.made("createCategory", category(attributes=[attribute]))
    await caller.mutate("createCategory", category())
    _, writes = await caller.fluent("GET", "__sandbox/writes", ref="c1")
    assert [(one["outcome"], one["code"], one["version"]) for one in writes] == [
        ("created", None, 7),
        ("refused", "C0123E", None),
    ]
    _, entities = await caller.fluent("GET", "__sandbox/entities", kind="category")
    assert [one["ref"] for one in entities] == ["c1"]
