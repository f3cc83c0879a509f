from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from fluent_connect.clients.commercetools.client import PAGE, Commercetools, CommercetoolsApi
from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.http import Answer, Trace
from fluent_connect.clients.statuses import VersionConflictError
from fluent_connect.model.errors import MalformedError, RefusedError, UnreachableError
from fluent_connect.model.notification import Reference
from unit.clients.wire import Wire, commercetools_door, json

ORDER = Reference("order", "o-1")


class Thing(msgspec.Struct):
    id: str
    version: int


def client(wire: Wire) -> Commercetools:
    return CommercetoolsApi(commercetools_door(wire), "shop").bound(Trace())


@pytest.mark.parametrize(
    ("type_id", "path"),
    [
        ("order", "/shop/orders"),
        ("customer", "/shop/customers"),
        ("product", "/shop/products"),
        ("category", "/shop/categories"),
        ("standalone-price", "/shop/standalone-prices"),
        ("inventory-entry", "/shop/inventory"),
        ("tax-category", "/shop/tax-categories"),
        ("product-type", "/shop/product-types"),
        ("key-value-document", "/shop/custom-objects"),
        ("payment", "/shop/payments"),
        ("channel", "/shop/channels"),
        ("store", "/shop/stores"),
    ],
)
def test_each_type_lives_at_its_own_path(type_id: str, path: str) -> None:
    assert CommercetoolsApi(commercetools_door(Wire()), "shop").path(type_id) == path


async def test_a_resource_is_read_as_its_type() -> None:
    wire = Wire(json({"id": "o-1", "version": 3, "more": 1}))

    thing = await client(wire).get(
        Reference("order", "a/b ü"), Thing, expand=["paymentInfo.payments[*]"]
    )

    assert thing == Thing("o-1", 3)
    assert wire.requests[0].url == (
        "https://api.test/shop/orders/a%2Fb%20%C3%BC?expand=paymentInfo.payments%5B%2A%5D"
    )


async def test_a_resource_is_read_as_plain_json_too() -> None:
    assert await client(Wire(json({"id": "o-1"}))).get(ORDER, dict) == {"id": "o-1"}


async def test_what_is_gone_is_none() -> None:
    assert await client(Wire(Answer(404))).get(ORDER, Thing) is None


async def test_json_of_another_shape_names_the_field() -> None:
    with pytest.raises(MalformedError, match=r"orders/o-1.*\$\.version"):
        await client(Wire(json({"id": "o-1", "version": "x"}))).get(ORDER, Thing)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id":"o-1","ver', b'{"version":"x","id":'])
async def test_what_is_no_json_is_no_answer(body: bytes) -> None:
    with pytest.raises(UnreachableError):
        await client(Wire(Answer(200, body))).get(ORDER, Thing)


async def test_a_query_carries_predicates_variables_and_limits() -> None:
    wire = Wire(json({"results": [{"id": "a", "version": 1}]}))

    found = await client(wire).query(
        "standalone-price",
        Thing,
        where=["sku in :skus", "active=true"],
        sort=["id asc"],
        limit=7,
        expand=["channel"],
        variables={"skus": ["A&B", "C"], "one": "1"},
    )

    assert found == [Thing("a", 1)]
    assert parse_qsl(urlsplit(wire.requests[0].url).query) == [
        ("where", "sku in :skus"),
        ("where", "active=true"),
        ("sort", "id asc"),
        ("limit", "7"),
        ("withTotal", "false"),
        ("expand", "channel"),
        ("var.skus", "A&B"),
        ("var.skus", "C"),
        ("var.one", "1"),
    ]


async def test_all_pages_are_read_by_rising_id() -> None:
    full = json({"results": [{"id": f"{n:04}", "version": 1} for n in range(PAGE)]})
    wire = Wire(full, json({"results": [{"id": "9", "version": 1}]}))

    ids = [item["id"] async for item in client(wire).all("category", dict, where=["a=1"])]

    assert len(ids) == PAGE + 1
    second = parse_qsl(urlsplit(wire.requests[1].url).query)
    assert second[:2] == [("where", "a=1"), ("where", 'id > "0499"')]


ACTIONS: tuple[Mapping[str, object], ...] = ({"action": "setX"},)


async def test_an_update_returns_the_new_version() -> None:
    wire = Wire(json({"version": 4}))

    assert await client(wire).update(Update(ORDER, ACTIONS, 3)) == 4
    assert wire.bodies() == [{"version": 3, "actions": [{"action": "setX"}]}]


async def test_an_update_at_a_version_that_is_gone_tells_which_one_stands() -> None:
    wire = Wire(json({"errors": [{"code": "ConcurrentModification", "currentVersion": 9}]}, 409))

    with pytest.raises(VersionConflictError) as caught:
        await client(wire).update(Update(ORDER, ACTIONS, 3))

    assert caught.value.current == 9


async def test_an_update_without_a_version_reads_it_and_again_after_a_conflict() -> None:
    wire = Wire(json({"version": 3}), Answer(409), json({"version": 5}), json({"version": 6}))

    assert await client(wire).update(Update(ORDER, ACTIONS)) == 6
    assert [body["version"] for body in wire.bodies()] == [3, 5]


async def test_an_update_of_what_is_gone_is_refused() -> None:
    with pytest.raises(RefusedError, match="no order/o-1"):
        await client(Wire(Answer(404))).update(Update(ORDER, ACTIONS))


async def test_a_resource_is_created_and_deleted() -> None:
    wire = Wire(json({"id": "n", "version": 1}, 201), json({}), Answer(404))
    commercetools = client(wire)

    assert await commercetools.create("channel", {"key": "k"}, Thing) == Thing("n", 1)
    assert await commercetools.delete(ORDER, 3)
    assert not await commercetools.delete(ORDER, 3)
    assert wire.requests[1].url.endswith("/orders/o-1?version=3")


async def test_a_404_that_commercetools_did_not_write_says_nothing_of_the_resource() -> None:
    proxy = Wire(Answer(404, b"<html>no such host</html>", {"content-type": "text/html"}))
    with pytest.raises(UnreachableError):
        await client(proxy).get(ORDER, Thing)
    own = json({"statusCode": 404, "errors": [{"code": "ResourceNotFound"}]}, 404)
    assert await client(Wire(own)).get(ORDER, Thing) is None
