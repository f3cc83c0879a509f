from com.fluentcommerce.connect.custom.carrier_handler import CarrierHandler

from fluent_connect.testing.deliver import deliver

SENT = {"status": "DELIVERED", "parcel": {"reference": "F-7"}, "at": "2026-01-01T10:00:00Z"}


async def test_fluent_hears_of_a_parcel_that_arrived() -> None:
    result = await deliver(CarrierHandler, payload=SENT, props={"carrier": "Swift"})
    (event,) = result.pushed
    assert (event.name, event.entity_ref) == ("CarrierDelivered", "F-7")
    assert event.attributes == {"carrier": "Swift", "at": "2026-01-01T10:00:00Z"}
