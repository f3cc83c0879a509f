from typing import Any

import pytest

from fluent_connect.clients.fluent.client import Fluent, FluentApi
from fluent_connect.clients.fluent.errors import ErrorTable, UnknownCodeError
from fluent_connect.clients.fluent.graphql import Graphql
from fluent_connect.clients.fluent.model import Event, Mutation, Parent, Pushed, Ref, Upsert
from fluent_connect.clients.fluent.push import Pusher, PushSettings
from fluent_connect.clients.http import Answer, Trace
from fluent_connect.model.errors import (
    ConnectError,
    MissingParentError,
    RateLimitedError,
    RefusedError,
    RetryableError,
    UnreachableError,
)
from fluent_connect.model.notification import Reference
from unit.clients.wire import Clock, Reply, Wire, fluent_door, found, json, made, refusal

CATALOGUE = {"ref": "DEFAULT:1"}
MINE = ("commercetoolsOrderId", "o-1")
ORDER = Upsert(
    entity="order",
    ref="1234",
    candidates=("o-1",),
    create={"ref": "1234", "type": "HD", "totalPrice": 10.5, "customer": {"id": "7"}},
    identity=MINE,
)
CATEGORY = Upsert(
    entity="category",
    ref="shoes",
    create={"ref": "shoes", "catalogue": CATALOGUE, "type": "STANDARD", "name": "Shoes"},
    update={"ref": "shoes", "catalogue": CATALOGUE, "name": "Shoes"},
    parents=(
        Parent("category", "root", Reference("category", "c-0")),
        Parent("catalogue", "DEFAULT:1"),
    ),
)
PRODUCT = Upsert(
    entity="standardProduct",
    ref="P_1",
    create={"ref": "P_1", "catalogue": CATALOGUE, "name": "One", "gtin": "1"},
    update={"ref": "P_1", "catalogue": CATALOGUE, "name": "One", "status": "ACTIVE"},
    categories=("a", "b"),
    identity=("commercetoolsId", "p-1"),
)
HELD_PRODUCT: dict[str, Any] = {
    "id": "5",
    "ref": "P_1",
    "name": "One",
    "status": "ACTIVE",
    "attributes": [{"name": "commercetoolsId", "type": "STRING", "value": "p-1"}],
    "categories": {"edges": [{"node": {"ref": "a"}}, {"node": {"ref": "b"}}]},
}
HELD_ORDER = {
    "id": "77",
    "ref": "1234",
    "totalPrice": 10.5,
    "attributes": [{"name": MINE[0], "type": "STRING", "value": MINE[1]}],
}
LIES: list[Reply] = [
    Answer(500),
    json({"data": {"found": {"edges": []}}, "errors": [{"message": "shard down"}]}),
    json({"data": {"found": None}}),
    json({"data": None}),
    json({}),
    Answer(200, b'{"data":{"found":{"edges":['),
    Answer(200, b"<html>busy</html>", {"content-type": "text/html"}),
    Answer(200, b""),
    Answer(429),
    UnreachableError("reset"),
]


def fluent(wire: Wire) -> Fluent:
    return FluentApi(fluent_door(wire), "1").bound(Trace())


async def push(wire: Wire, change: Upsert | Mutation | Event) -> Pushed:
    return await fluent(wire).push(change)


def sent(wire: Wire) -> list[str]:
    return [body["query"].split("(")[0].split()[1] for body in wire.bodies()]


async def test_what_is_absent_is_created_after_one_look() -> None:
    wire = Wire(found(), made("createOrder", id="77", ref="1234", status="CREATED"))

    assert await push(wire, ORDER) == Pushed("order", "1234", "77", "created")
    assert sent(wire) == ["findOrder", "createOrder"]
    assert wire.bodies()[0]["variables"] == {"refs": ["1234", "o-1"], "retailers": [1]}
    assert wire.bodies()[1]["variables"]["input"] == ORDER.create


async def test_what_is_there_already_and_alike_costs_one_look() -> None:
    wire = Wire(found(HELD_ORDER))

    assert (await push(wire, ORDER)).how == "unchanged"
    assert sent(wire) == ["findOrder"]


async def test_a_ref_that_only_matches_a_wildcard_is_not_the_entity() -> None:
    wire = Wire(found({**HELD_ORDER, "ref": "12345"}), made("createOrder", id="1", ref="1234"))

    assert (await push(wire, ORDER)).how == "created"


async def test_too_many_wildcard_matches_are_told() -> None:
    with pytest.raises(RefusedError, match="too many"):
        await push(Wire(found({**HELD_ORDER, "ref": "12345"}, more=True)), ORDER)


async def test_an_order_of_another_is_a_conflict_that_names_both() -> None:
    foreign = {**HELD_ORDER, "attributes": [{"name": MINE[0], "value": "o-2"}]}

    with pytest.raises(RefusedError, match=r"conflict.* 1234 .*id 77.* o-2, not o-1"):
        await push(Wire(found(foreign)), ORDER)


async def test_an_unmarked_order_with_another_total_is_a_conflict() -> None:
    unmarked = {**HELD_ORDER, "attributes": None, "totalPrice": 11}

    with pytest.raises(RefusedError, match="carries no commercetoolsOrderId"):
        await push(Wire(found(unmarked)), ORDER)


async def test_of_several_orders_the_marked_one_is_ours() -> None:
    other = {"id": "1", "ref": "o-1", "attributes": []}

    assert (await push(Wire(found(other, HELD_ORDER)), ORDER)).id == "77"


async def test_several_that_cannot_be_told_apart_are_refused() -> None:
    twins = [{"id": n, "ref": "shoes", "name": "Shoes"} for n in ("1", "2")]

    with pytest.raises(RefusedError, match="several category shoes: ids 1, 2"):
        await push(Wire(found(*twins)), CATEGORY)


@pytest.mark.parametrize("lie", LIES)
async def test_a_look_up_that_lies_never_leads_to_a_create(lie: Reply) -> None:
    wire = Wire(lie)

    with pytest.raises(RetryableError):
        await push(wire, ORDER)

    assert sent(wire) == ["findOrder"]


UNCLEAR: list[Reply] = [
    UnreachableError("reset"),
    Answer(500),
    Answer(502, b"<html>"),
    Answer(200, b'{"data":{"createOr'),
    Answer(200, b"<html>"),
    json({"data": {"createOrder": None}}),
    refusal("S0002E"),
]


@pytest.mark.parametrize("unclear", UNCLEAR)
async def test_an_unclear_create_is_looked_up_before_anything_else(unclear: Reply) -> None:
    wire = Wire(found(), unclear, found(HELD_ORDER))

    assert await push(wire, ORDER) == Pushed("order", "1234", "77", "created")
    assert sent(wire) == ["findOrder", "createOrder", "findOrder"]


@pytest.mark.parametrize("lie", [*LIES, found()])
async def test_an_unclear_create_whose_look_up_lies_is_left_to_a_retry(lie: Reply) -> None:
    wire = Wire(found(), UnreachableError("reset"), lie)

    with pytest.raises(RetryableError):
        await push(wire, ORDER)

    assert sent(wire) == ["findOrder", "createOrder", "findOrder"]


async def test_a_create_that_never_left_is_not_looked_up() -> None:
    wire = Wire(found(), UnreachableError("no connection", sent=False))

    with pytest.raises(UnreachableError):
        await push(wire, ORDER)

    assert sent(wire) == ["findOrder", "createOrder"]


@pytest.mark.parametrize("code", ["C0121E", "C0123E"])
async def test_what_exists_after_all_is_compared_and_updated(code: str) -> None:
    held = {"id": "3", "ref": "shoes", "name": "Old"}
    wire = Wire(found(), refusal(code), found(held), made("updateCategory", id="3", ref="shoes"))

    assert (await push(wire, CATEGORY)).how == "updated"
    assert sent(wire)[2:] == ["findCategory", "updateCategory"]


async def test_what_exists_but_is_never_found_gets_few_tries() -> None:
    with pytest.raises(UnknownCodeError) as caught:
        await push(Wire(found(), refusal("C0121E"), found()), ORDER)

    assert caught.value.few_tries


def parents(**refs: list[str]) -> Answer:
    held = {n: {"edges": [{"node": {"ref": r}} for r in rs]} for n, rs in refs.items()}
    return json({"data": held})


async def test_a_missing_parent_that_commercetools_can_send_is_named() -> None:
    present = parents(category=[], productCatalogue=["DEFAULT:1"])
    wire = Wire(found(), refusal("C0120E"), present)

    with pytest.raises(MissingParentError) as caught:
        await push(wire, CATEGORY)

    assert (caught.value.entity, caught.value.ref) == ("category", "root")
    assert caught.value.source == Reference("category", "c-0")
    assert sent(wire) == ["findCategory", "createCategory", "findParents"]


async def test_a_missing_parent_that_nobody_sends_is_refused_by_name() -> None:
    wire = Wire(found(), refusal("C0120E"), parents(category=[], productCatalogue=[]))

    with pytest.raises(RefusedError, match="no catalogue DEFAULT:1"):
        await push(wire, CATEGORY)


async def test_a_parent_that_came_meanwhile_is_tried_again() -> None:
    present = parents(category=["root"], productCatalogue=["DEFAULT:1"])

    with pytest.raises(RetryableError, match="exists by now") as caught:
        await push(Wire(found(), refusal("C0120E"), present), CATEGORY)

    assert caught.value.counts


async def test_a_look_for_parents_that_lies_names_nobody() -> None:
    with pytest.raises(UnreachableError):
        await push(Wire(found(), refusal("C0120E"), json({"data": {"category": None}})), CATEGORY)


async def test_a_product_leaves_the_categories_that_it_shall_not_be_in() -> None:
    held = {**HELD_PRODUCT, "categories": {"edges": [{"node": {"ref": r}} for r in "axby"]}}
    wire = Wire(found(held), json({"data": {"removeCategoriesFromStandardProduct": {}}}))
    wire.replies[1] = json({"data": {"removeCategoriesFromStandardProduct": {"status": "OK"}}})

    assert (await push(wire, PRODUCT)).how == "updated"
    assert wire.bodies()[1]["variables"]["input"] == {
        "standardProduct": {"ref": "P_1", "catalogue": CATALOGUE},
        "categories": [{"ref": r, "catalogue": CATALOGUE} for r in "xy"],
    }


async def test_an_unchanged_product_is_left_alone() -> None:
    assert (await push(Wire(found(HELD_PRODUCT)), PRODUCT)).how == "unchanged"


DEACTIVATION = Upsert(
    entity="standardProduct",
    ref="P_1",
    update={"ref": "P_1", "catalogue": CATALOGUE, "status": "INACTIVE"},
    identity=("commercetoolsId", "p-1"),
)


@pytest.mark.parametrize(
    "attributes", [None, [{"name": "commercetoolsId", "type": "STRING", "value": "p-2"}]]
)
async def test_a_deactivation_leaves_what_is_another_resources(attributes: object) -> None:
    wire = Wire(found({**HELD_PRODUCT, "attributes": attributes}))

    assert (await push(wire, DEACTIVATION)).how == "unchanged"


async def test_a_deactivation_of_nothing_is_absent() -> None:
    assert (await push(Wire(found()), DEACTIVATION)).how == "absent"


async def test_a_deactivation_of_our_own_is_carried_out() -> None:
    wire = Wire(found(HELD_PRODUCT), made("updateStandardProduct", id="5", ref="P_1"))

    assert (await push(wire, DEACTIVATION)).how == "updated"


async def test_an_order_is_updated_by_its_number() -> None:
    change = Upsert(entity="order", ref="1234", update={"totalPrice": 12})
    wire = Wire(found(HELD_ORDER), made("updateOrder", id="77", ref="1234"))

    assert (await push(wire, change)).how == "updated"
    assert wire.bodies()[1]["variables"]["input"] == {"totalPrice": 12, "id": "77"}


WITH_CUSTOMER = Upsert(
    entity="order",
    ref="1234",
    create={"ref": "1234", "customer": {"id": Ref("customer", "c-1", {"username": "c-1"})}},
)


async def test_a_customer_is_looked_up_once_and_remembered() -> None:
    customer = {"id": 9, "ref": "c-1", "username": "c-1"}
    wire = Wire(
        found(),
        found(customer),
        made("createOrder", id="1", ref="1234"),
        found(),
        made("createOrder", id="2", ref="1234"),
    )
    api = fluent(wire)

    await api.push(WITH_CUSTOMER)
    await api.push(WITH_CUSTOMER)

    assert sent(wire) == ["findOrder", "findCustomer", "createOrder", "findOrder", "createOrder"]
    assert wire.bodies()[2]["variables"]["input"]["customer"] == {"id": "9"}


async def test_a_missing_customer_is_created_and_a_duplicate_is_read() -> None:
    customer = {"id": "9", "ref": "c-1", "username": "c-1"}
    wire = Wire(
        found(),
        found(),
        refusal("C0123E"),
        found(customer),
        made("createOrder", id="1", ref="1234"),
    )

    await push(wire, WITH_CUSTOMER)

    assert sent(wire)[1:4] == ["findCustomer", "createCustomer", "findCustomer"]
    assert wire.bodies()[4]["variables"]["input"]["customer"] == {"id": "9"}


async def test_a_customer_that_is_missing_and_not_to_be_made_is_a_missing_parent() -> None:
    change = Upsert(
        entity="order",
        ref="1234",
        create={"ref": "1234", "customer": {"id": Ref("customer", "c-1")}},
        parents=(Parent("customer", "c-1", Reference("customer", "c-1")),),
    )

    with pytest.raises(MissingParentError):
        await push(Wire(found(), found()), change)


async def test_a_remembered_number_that_is_no_longer_good_is_looked_up_again() -> None:
    old, new = ({"id": n, "username": "c-1"} for n in ("8", "9"))
    wire = Wire(
        found(),
        found(old),
        made("createOrder", id="1", ref="1234"),
        found(),
        refusal("C0120E"),
        found(new),
        made("createOrder", id="2", ref="1234"),
    )
    api = fluent(wire)

    await api.push(WITH_CUSTOMER)
    await api.push(WITH_CUSTOMER)

    assert wire.bodies()[-1]["variables"]["input"]["customer"] == {"id": "9"}


def pusher(wire: Wire, clock: Clock) -> Pusher:
    graphql = Graphql(fluent_door(wire, clock), ErrorTable())
    return Pusher(graphql, "1", PushSettings(), clock=clock, sleep=clock.sleep)


UNPUBLISHED = Upsert(
    entity="standardProduct",
    ref="P_1",
    create={"ref": "P_1", "catalogue": CATALOGUE},
    update={"catalogue": CATALOGUE, "status": "INACTIVE"},
)
NEW = {"id": "5", "ref": "P_1", "status": "CREATED", "createdOn": "1970-01-12T13:46:30.000Z"}


async def test_a_status_is_set_once_the_entity_has_left_created() -> None:
    clock = Clock()
    wire = Wire(
        found(),
        made("createStandardProduct", id="5", ref="P_1", status="CREATED"),
        found(NEW),
        found(NEW),
        found({**NEW, "status": "ACTIVE"}),
        made("updateStandardProduct", id="5", ref="P_1"),
    )

    pushed = await pusher(wire, clock).upsert(UNPUBLISHED, Trace())

    assert pushed.how == "created"
    assert wire.bodies()[-1]["variables"]["input"]["status"] == "INACTIVE"


async def test_a_workflow_that_sets_the_status_itself_costs_no_update() -> None:
    change = Upsert(
        entity="standardProduct",
        ref="P_1",
        create=UNPUBLISHED.create,
        update={"catalogue": CATALOGUE, "status": "ACTIVE"},
    )
    wire = Wire(
        found(),
        made("createStandardProduct", id="5", ref="P_1", status="CREATED"),
        found({**NEW, "status": "ACTIVE"}),
    )

    assert (await push(wire, change)).how == "created"
    assert len(wire.requests) == 3


async def test_an_entity_that_stays_created_is_come_back_to_and_no_try_is_counted() -> None:
    wire = Wire(found(NEW))

    with pytest.raises(RetryableError, match="CREATED") as caught:
        await pusher(wire, Clock()).upsert(UNPUBLISHED, Trace())

    assert not caught.value.counts


async def test_an_old_entity_that_still_is_created_has_no_workflow_and_is_written() -> None:
    old = {**NEW, "createdOn": "1970-01-12T13:30:00.000Z"}
    wire = Wire(found(old), made("updateStandardProduct", id="5", ref="P_1"))

    assert (await pusher(wire, Clock()).upsert(UNPUBLISHED, Trace())).how == "updated"


async def test_a_mutation_is_one_call() -> None:
    wire = Wire(made("createOrder", id=77, ref="1234", status="CREATED"))

    pushed = await push(wire, Mutation("createOrder", {"ref": "1234"}))

    assert pushed == Pushed("order", "1234", "77", "created")
    assert len(wire.requests) == 1
    assert wire.bodies()[0]["variables"] == {"input": {"ref": "1234"}}


async def test_a_mutation_repeated_after_a_crash_finds_its_own_work() -> None:
    wire = Wire(refusal("C0121E"))

    pushed = await push(wire, Mutation("createOrder", {"ref": "1234"}))

    assert pushed == Pushed("order", "1234", None, "unchanged")


async def test_a_mutation_that_the_schema_has_not_is_refused() -> None:
    with pytest.raises(RefusedError, match="no mutation dropTables"):
        await push(Wire(), Mutation("dropTables", {}))


async def test_an_entity_made_in_spite_of_errors_is_made() -> None:
    body = {"data": {"createOrder": {"id": "7"}}, "errors": [{"message": "no view permission"}]}

    assert (await push(Wire(json(body)), Mutation("createOrder", {}))).id == "7"


TABLE: list[tuple[str, type[ConnectError]]] = [
    ("C0011E", RateLimitedError),
    ("C0020E", UnreachableError),
    ("C0120E", RefusedError),
    ("C0122E", RefusedError),
    ("C0128E", RefusedError),
    ("C0140E", RefusedError),
    ("C0155E", RefusedError),
    ("C0160E", RefusedError),
    ("S0001E", RefusedError),
    ("S0030E", RefusedError),
    ("S0002E", UnreachableError),
    ("S0040E", UnreachableError),
    ("T1234E", UnreachableError),
    ("C0003E", UnreachableError),
    ("C7777E", UnknownCodeError),
    ("", UnknownCodeError),
]
PLACES = ["extensions", "code", "message"]


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("code", "kind"), TABLE)
async def test_each_code_means_one_thing_wherever_it_stands(
    code: str, kind: type[ConnectError], place: str, status: int
) -> None:
    error: dict[str, object] = {"message": "no"}
    if place == "extensions":
        error["extensions"] = {"code": code}
    elif place == "code":
        error["code"] = code
    else:
        error["message"] = f"{code}: no"

    with pytest.raises(ConnectError) as caught:
        await push(Wire(json({"errors": [error]}, status)), Mutation("updateOrder", {}))

    assert isinstance(caught.value, kind)


async def test_a_missing_permission_stops_the_account() -> None:
    door = fluent_door(Wire(refusal("C0020E", "ORDER_CREATE is missing")))

    with pytest.raises(UnreachableError, match="ORDER_CREATE") as caught:
        await FluentApi(door, "1").bound(Trace()).push(Mutation("createOrder", {}))

    assert caught.value.outage
    assert door.breaker.open


async def test_a_url_without_graphql_is_an_outage() -> None:
    with pytest.raises(UnreachableError) as caught:
        await push(Wire(Answer(404, b"<html>")), Mutation("createOrder", {}))

    assert caught.value.outage


async def test_the_table_can_be_configured_by_code_and_by_words() -> None:
    table = ErrorTable(exists=("C9999E",), exists_texts=("already there",))

    assert table.meaning({"code": "C9999E"}) == "exists"
    assert table.meaning({"message": "It is Already There"}) == "exists"
    assert table.meaning({"code": "C0121E"}) == "unknown"
    assert table.meaning("odd") == "unknown"


async def test_a_schema_violation_is_refused_without_the_value() -> None:
    said = "Variable '$input' got invalid value {'email': 'Jane'}; Field 'ref' of required type"

    with pytest.raises(RefusedError) as caught:
        await push(Wire(json({"errors": [{"message": said}]})), Mutation("createOrder", {}))

    assert "Jane" not in str(caught.value)
    assert "Field 'ref' of required type" in str(caught.value)


EVENT = Event(name="UPSERT_PRODUCT", entity_type="PRODUCT_CATALOGUE", entity_ref="DEFAULT:1")


@pytest.mark.parametrize("body", [{"id": "e-1"}, {"eventId": "e-1", "eventStatus": "COMPLETE"}])
async def test_an_event_is_sent_for_the_retailer(body: dict[str, object]) -> None:
    wire = Wire(json(body))

    assert await push(wire, EVENT) == Pushed("PRODUCT_CATALOGUE", "DEFAULT:1", "e-1", "sent")
    assert wire.requests[0].url.endswith("/api/v4.1/event/async")
    assert wire.bodies()[0] == {
        "name": "UPSERT_PRODUCT",
        "type": "NORMAL",
        "accountId": "ACME",
        "retailerId": "1",
        "entityType": "PRODUCT_CATALOGUE",
        "entityRef": "DEFAULT:1",
        "attributes": {},
    }


@pytest.mark.parametrize("status", ["FAILED", "NO_MATCH"])
async def test_a_sync_event_that_is_not_carried_out_is_refused(status: str) -> None:
    event = Event(name="X", entity_type="ORDER", entity_id="1", sync=True)
    wire = Wire(json({"eventStatus": status, "errorMessage": "rule broke"}, 400))

    with pytest.raises(RefusedError, match=status):
        await push(wire, event)

    assert wire.requests[0].url.endswith("/event/sync")


async def test_an_event_without_retailer_is_refused_in_fluents_words() -> None:
    body = {"errors": [{"code": "NotNull", "message": "'retailerId' is required"}]}

    with pytest.raises(RefusedError, match="'retailerId' is required"):
        await push(Wire(json(body, 400)), EVENT)


async def test_an_event_answered_by_a_web_page_is_unclear() -> None:
    with pytest.raises(UnreachableError):
        await push(Wire(Answer(200, b"<html>")), EVENT)


async def test_me_proves_that_fluent_lets_us_in() -> None:
    assert await fluent(Wire(json({"data": {"me": {"id": "1"}}}))).me() == {"id": "1"}


async def test_a_query_of_the_callers_own_is_asked() -> None:
    wire = Wire(json({"data": {"order": {"id": "1"}}}))

    data = await fluent(wire).ask("query mine($r: String) { order(ref: $r) { id } }", {"r": "1"})

    assert data == {"order": {"id": "1"}}
    with pytest.raises(KeyError):
        await fluent(wire).query("nothing", {})
