from com.fluentcommerce.connect.custom.shipped_today_job import ShippedTodayJobHandler

from fluent_connect.testing.fake_commercetools import FakeCommercetools
from fluent_connect.testing.run_job import run_job


async def test_what_is_shipped_is_swept() -> None:
    orders = [{"id": "o-1", "shipmentState": "Shipped"}, {"id": "o-2", "shipmentState": "Ready"}]
    ran = await run_job(ShippedTodayJobHandler, commercetools=FakeCommercetools({"order": orders}))
    assert [str(each.resource) for each in ran.messages] == ["order/o-1"]
