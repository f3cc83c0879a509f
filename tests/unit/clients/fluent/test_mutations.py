import pytest

from fluent_connect.clients.fluent.client import FluentApi
from fluent_connect.clients.fluent.errors import ErrorTable, UnknownCodeError
from fluent_connect.clients.fluent.model import Event, Mutation, Pushed
from fluent_connect.clients.http import Answer, Trace
from fluent_connect.model.errors import (
    ConnectError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from unit.clients.fluent.pushes import fluent, push
from unit.clients.wire import Wire, fluent_door, json, made, refusal


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
