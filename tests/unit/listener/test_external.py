import pytest

from fluent_connect.listener.external import ExternalDoor
from fluent_connect.listener.sources import source
from fluent_connect.model.codec import decode_message
from fluent_connect.model.errors import (
    ConfigError,
    MalformedError,
    UnprocessableError,
)
from fluent_connect.model.fact import Told
from fluent_connect.model.outcome import Unseen
from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.store import Delivery
from unit.listener.hearing import PARCEL_ID, SHOP, delivery, listener, target

CARRIER = ExternalDoor(
    name="carrier",
    targets=[SHOP],
    name_from=source("header:X-Event"),
    key_from=source("/parcel/0/track~1no"),
    id_from=source("/uid"),
    version_from=source("/rev"),
    account_from=source("constant:acme/1"),
    ordered=frozenset({"moved"}),
)


SDK = ExternalDoor(name="sdk", targets=[SHOP, target("b")])


def external(body: object, **headers: str) -> Delivery:
    return delivery(body, headers)


async def test_any_json_becomes_a_message_by_configuration() -> None:
    hears = listener(external={"carrier": CARRIER})
    assert CARRIER.headers == {"x-event"}
    body = {"uid": 7, "rev": 3, "parcel": [{"track/no": "T1"}], "weight": 2}
    outcome = await hears(external(body, door="carrier", **{"x-event": "moved"}))
    message = decode_message(outcome.puts[0].parcel.body)
    assert outcome.puts[0].parcel.ordered
    assert (message.name, message.key, message.version) == ("moved", "acme/1/T1", 3)
    assert (message.cause, message.resource) == ("external", None)
    assert message.attributes == {"uid": 7, "rev": 3, "weight": 2}
    assert outcome.guards == (Unseen("carrier|7"),)


async def test_the_fields_of_the_sdk_need_no_configuration() -> None:
    hears = listener(external={"sdk": SDK})
    body = {
        "id": "e1",
        "name": "stock",
        "accountId": "b",
        "retailerId": 1,
        "entityType": "location",
        "entityRef": "L1",
        "attributes": {"x": 1},
    }
    outcome = await hears(external(body, door="sdk"))
    message = decode_message(outcome.puts[0].parcel.body)
    assert (message.account, message.key) == ("b", "b/1/location/L1")
    assert message.attributes == {"x": 1}
    (told,) = [fact for fact in outcome.facts if isinstance(fact, Told)]
    assert (told.notification_id, told.type_id, told.resource) == ("e1", "location", "L1")


async def test_without_an_id_the_digest_of_the_body_is_known_for_a_day() -> None:
    hears = listener(external={"sdk": SDK})
    outcome = await hears(external({"name": "stock", "accountId": "b"}, door="sdk"))
    assert len(outcome.guards) == 4
    assert outcome.puts[0].parcel.key == f"b/1/external/{PARCEL_ID}"
    odd = external({"name": "stock", "accountId": "b"}, door="sdk")
    odd.parcel = Parcel("manual", "", odd.parcel.body, headers=odd.parcel.headers)
    assert len((await hears(odd)).guards) == 4


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"name": "x"}, "2 accounts of the door sdk"),
        ({"name": "x", "accountId": "none"}, "0 accounts of the door sdk"),
        ({"name": True}, "finds no message name"),
        ([1], "finds no message name"),
        ({"name": "x" * 600}, "longer than 512"),
        (b"{", "not JSON"),
    ],
)
async def test_an_external_request_that_cannot_be_taken_says_why(body: object, error: str) -> None:
    with pytest.raises(UnprocessableError, match=error):
        await listener(external={"sdk": SDK})(external(body, door="sdk"))


async def test_sources_that_find_nothing_and_versions_that_are_none() -> None:
    hears = listener(external={"carrier": CARRIER})
    with pytest.raises(MalformedError, match="not a version"):
        await hears(external({"rev": "v1"}, door="carrier", **{"x-event": "moved"}))
    outcome = await hears(external([1, "a"], door="carrier", **{"x-event": "moved"}))
    assert decode_message(outcome.puts[0].parcel.body).attributes == {}
    with pytest.raises(ConfigError):
        source("")
    assert source("plain") == source("constant:plain")
