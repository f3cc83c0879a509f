"""What a file is taken for."""

import base64
import json
from typing import Any

import pytest

from fluent_connect.app.shadow.given import given, type_of
from fluent_connect.model.errors import UnprocessableError

CHANGE = {
    "notificationType": "ResourceUpdated",
    "projectKey": "shop",
    "resource": {"typeId": "order", "id": "o-1"},
    "version": 3,
}
ORDER = {"id": "o-1", "version": 3, "lineItems": [], "orderState": "Open"}


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()


def told(body: bytes) -> list[Any]:
    return [json.loads(each) for each in given(body).notifications]


def test_a_resource_is_known_by_its_fields() -> None:
    found = given(raw(ORDER))
    assert (found.type_id, found.resource, found.notifications) == ("order", ORDER, ())
    assert given(raw(ORDER), "quote").type_id == "quote"


@pytest.mark.parametrize(
    ("resource", "type_id"),
    [
        ({"masterData": {}}, "product"),
        ({"ancestors": []}, "category"),
        ({"email": "a", "isEmailVerified": False}, "customer"),
        ({"lineItems": [], "cartState": "Active"}, "cart"),
        ({"paymentMethodInfo": {}}, "payment"),
        ({"sku": "S", "quantityOnStock": 1}, "inventory-entry"),
        ({"sku": "S", "value": {}}, "standalone-price"),
    ],
)
def test_types_are_told_apart(resource: dict[str, Any], type_id: str) -> None:
    assert type_of(resource) == type_id


def test_a_notification_stands_for_itself() -> None:
    assert told(raw(CHANGE)) == [CHANGE]


def test_envelopes_are_opened_and_batches_split() -> None:
    data = base64.b64encode(raw(CHANGE)).decode()
    pubsub = {"message": {"data": data}, "subscription": "s"}
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": CHANGE}
    assert told(raw(pubsub)) == [CHANGE]
    assert told(raw([event, event])) == [CHANGE, CHANGE]


@pytest.mark.parametrize("body", [b"no JSON", b"{}", b"[1]", raw({"id": "1", "version": 1})])
def test_what_is_none_of_them_is_refused(body: bytes) -> None:
    with pytest.raises(UnprocessableError):
        given(body)
