from com.fluentcommerce.connect.custom.my_order_handler import MarketplaceOrderHandler
from orders import order

from fluent_connect.testing.deliver import deliver


async def test_orders_of_the_marketplace_are_carried() -> None:
    result = await deliver(MarketplaceOrderHandler, resource=order("MP-7"))
    assert result.created["ref"] == "MP-7"


async def test_other_orders_are_skipped() -> None:
    result = await deliver(MarketplaceOrderHandler, resource=order("1234"))
    assert result.fate.reason == "not from the marketplace"
