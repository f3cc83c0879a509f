from com.fluentcommerce.connect.custom.my_order_handler import MyOrderHandler
from orders import order

from fluent_connect.testing.deliver import deliver


async def test_our_orders_carry_their_channel() -> None:
    result = await deliver(MyOrderHandler, resource=order(), props={"channel": "app"})
    assert result.fate.note == "created"
    assert {"name": "channel", "type": "STRING", "value": "app"} in result.created["attributes"]
