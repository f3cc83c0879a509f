import pytest

from fluent_connect.handlers.message_handler import Refresh
from fluent_connect.handlers.order.refresh import OrderRefreshHandler
from fluent_connect.handlers.product.refresh import ProductRefreshHandler
from fluent_connect.model.errors import Skip, UnprocessableError
from fluent_connect.model.notification import Reference
from unit.handlers.stage import FakeCommercetools, context, map_context, message

ORDERS = OrderRefreshHandler()
PRODUCTS = ProductRefreshHandler()
TWO = [{"id": "b", "version": 1}, {"id": "a", "version": 1}]


async def test_a_payment_has_its_orders_looked_at_again() -> None:
    told = message("payment", "pay-1", "PaymentTransactionStateChanged", version=3)
    shop = FakeCommercetools(found={"order": TWO})
    fetched = await ORDERS.fetch(told, context(shop))
    assert fetched.version == 3
    assert fetched.resource is not None
    assert list(ORDERS.map(fetched.resource, told, map_context())) == [
        Refresh(Reference("order", "a")),
        Refresh(Reference("order", "b")),
    ]
    assert "pay-1" in str(shop.asked)


async def test_a_payment_of_no_order_is_skipped() -> None:
    told = message("payment", "pay-1")
    fetched = await ORDERS.fetch(told, context())
    assert fetched.resource is not None
    with pytest.raises(Skip, match="no order refers to payment/pay-1"):
        ORDERS.map(fetched.resource, told, map_context())


async def test_a_standalone_price_has_the_products_of_its_sku_looked_at_again() -> None:
    held = {"standalone-price/s": {"id": "s", "version": 1, "sku": "SKU-1"}}
    shop = FakeCommercetools(held, {"product": TWO})
    told = message("standalone-price", "s")
    fetched = await PRODUCTS.fetch(told, context(shop))
    assert fetched.resource is not None
    assert len(list(PRODUCTS.map(fetched.resource, told, map_context()))) == 2
    assert "SKU-1" in str(shop.asked)


@pytest.mark.parametrize("payload", [{"sku": "SKU-1"}, {"data": {"sku": "SKU-1"}}])
async def test_a_deleted_price_is_told_by_its_notification(payload: dict[str, object]) -> None:
    told = message("standalone-price", "s", "StandalonePriceDeleted")
    shop = FakeCommercetools(found={"product": TWO})
    fetched = await PRODUCTS.fetch(told, context(shop, payload=payload))
    assert fetched.deleted
    assert "SKU-1" in str(shop.asked)
    with pytest.raises(Skip, match="nobody tells its SKU"):
        await PRODUCTS.fetch(told, context(shop, payload={}))


async def test_a_price_that_cannot_be_seen_yet_is_not_taken_for_deleted() -> None:
    for kind in ("StandalonePriceCreated", "ResourceCreated"):
        fetched = await PRODUCTS.fetch(message("standalone-price", "s", kind), context())
        assert fetched.resource is None
        assert not fetched.deleted


@pytest.mark.parametrize("type_id", ["product-type", "tax-category"])
async def test_all_products_of_a_type_are_looked_at_again(type_id: str) -> None:
    told = message(type_id, "t")
    fetched = await PRODUCTS.fetch(told, context(FakeCommercetools(found={"product": TWO})))
    assert fetched.resource is not None
    assert len(fetched.resource) == 2


async def test_what_no_product_depends_on_is_skipped() -> None:
    with pytest.raises(Skip, match="no product depends on a channel"):
        await PRODUCTS.fetch(message("channel", "c"), context())


async def test_a_message_that_names_nothing_is_refused() -> None:
    for handler in (ORDERS, PRODUCTS):
        with pytest.raises(UnprocessableError, match="names no"):
            await handler.fetch(message("x", resource=None), context())
