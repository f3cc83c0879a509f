import msgspec
import pytest

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.handlers.order.transactions import PaymentGoneError
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import (
    RetryableError,
    Skip,
    UnprocessableError,
)
from fluent_schema import faults
from unit.handlers.made_up_orders import (
    order,
    payment,
)
from unit.handlers.mapped_orders import HANDLER, body, mapped
from unit.handlers.stage import (
    NOW,
    FakeCommercetools,
    FakeFluent,
    context,
    corpus,
    map_context,
    message,
    needs_corpus,
    outcome_of,
)

_ID_OF_C1 = {"name": "commercetoolsId", "value": "c-1"}

# The gate.


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("paymentState", "Failed", "paymentState=Failed"),
        ("orderState", "Cancelled", "orderState=Cancelled"),
        ("shipmentState", "Shipped", "shipmentState=Shipped"),
        ("orderState", None, "orderState=absent"),
    ],
)
def test_an_order_that_must_not_start_fulfilment_is_skipped(
    field: str, value: str | None, told: str
) -> None:
    with pytest.raises(Skip, match=f"not exportable \\({told}\\)"):
        mapped(order(**{field: value}))


def test_the_gate_may_ask_for_a_custom_field() -> None:
    settings = Settings(export_when={"custom.checked": ("yes",)})
    with pytest.raises(Skip, match=r"custom\.checked=absent"):
        mapped(order(), settings)
    assert mapped(order(custom={"fields": {"checked": "yes"}}), settings).ref == "1001"


def test_an_imported_order_is_skipped_gated_or_history() -> None:
    with pytest.raises(Skip, match="import-orders: off"):
        mapped(order(), kind="OrderImported")
    with pytest.raises(Skip, match="not exportable"):
        mapped(order(paymentState="Failed"), Settings(import_orders="gate"), kind="OrderImported")
    history = Settings(import_orders="history", inert_order_types=("HISTORY",))
    shipped = order(shipmentState="Shipped", orderState="Complete")
    assert body(shipped, history, kind="OrderImported")["type"] == "HISTORY"
    with pytest.raises(UnprocessableError, match="inert-order-types"):
        mapped(order(), Settings(import_orders="history"), kind="OrderImported")


# Reading it.


async def test_an_order_without_its_number_waits_until_its_deadline() -> None:
    raw = order(orderNumber=None)
    shop = FakeCommercetools({"order/order-1": raw})
    told = message("order", "order-1", "OrderCreated")
    with pytest.raises(RetryableError, match="no order number") as raised:
        await HANDLER.fetch(told, context(shop, now=NOW))
    assert not raised.value.counts
    assert raised.value.retry_after == 60
    with pytest.raises(UnprocessableError, match="no order number"):
        await HANDLER.fetch(told, context(shop, now=NOW + 4 * 86400))
    by_id = await HANDLER.fetch(told, context(shop, settings=Settings(order_ref="id")))
    assert by_id.resource is not None


async def test_an_order_of_no_known_age_does_not_wait_for_its_number() -> None:
    shop = FakeCommercetools({"order/order-1": order(orderNumber=None, createdAt="yesterday")})
    with pytest.raises(UnprocessableError, match="and waited"):
        await HANDLER.fetch(message("order", "order-1", "OrderCreated"), context(shop))


async def test_an_order_that_is_kept_back_is_not_asked_about_further() -> None:
    shop = FakeCommercetools({"order/order-1": order(paymentState="Failed", customerId="c")})
    fetched = await HANDLER.fetch(message("order", "order-1"), context(shop))
    assert fetched.version == 4
    assert len(shop.asked) == 1


async def test_the_customer_is_read_with_the_order() -> None:
    shop = FakeCommercetools(
        {
            "order/order-1": order(customerId="c-1"),
            "customer/c-1": {"id": "c-1", "version": 7, "email": "x@example.com"},
        }
    )
    fetched = await HANDLER.fetch(message("order", "order-1"), context(shop))
    assert fetched.resource is not None
    assert fetched.resource.buyer is not None
    assert fetched.resource.buyer.version == 7
    assert fetched.dependencies == {"customer/c-1": 7}


async def test_references_of_one_shop_are_read_with_the_order() -> None:
    shop = FakeCommercetools({"order/order-1": order()})
    settings = Settings(expand_order=("customerGroup", "custom.fields.store"))
    await HANDLER.fetch(message("order", "order-1"), context(shop, settings=settings))
    ((asked, expanded),) = shop.asked
    assert asked == "order/order-1"
    assert isinstance(expanded, tuple)
    assert expanded[-2:] == ("customerGroup", "custom.fields.store")
    assert "paymentInfo.payments[*]" in expanded


async def test_a_customer_whose_address_changed_keeps_its_name_in_orders() -> None:
    known = {"username": "old@example.com", "attributes": [_ID_OF_C1]}
    fluent = FakeFluent([{"email": {"edges": [{"node": known}]}}])
    shop = FakeCommercetools(
        {
            "order/order-1": order(customerId="c-1"),
            "customer/c-1": {"id": "c-1", "version": 7, "email": "new@example.com"},
        }
    )
    settings = Settings(username="email")
    told = message("order", "order-1", "OrderCreated")
    fetched = await HANDLER.fetch(told, context(shop, fluent, settings=settings))
    assert fetched.resource is not None
    (change,) = HANDLER.map(fetched.resource, told, map_context(settings))
    assert isinstance(change, Upsert)
    assert change.create is not None
    customer = change.create["customer"]
    assert isinstance(customer, dict)
    assert customer["id"].ref == "old@example.com"
    assert customer["id"].create["username"] == "old@example.com"


async def test_an_unexpanded_payment_is_read_by_itself_and_one_that_is_gone_holds_up_nobody() -> (
    None
):
    raw = order(paymentInfo={"payments": [{"typeId": "payment", "id": "payment-1"}]})
    held = {"order/order-1": raw}
    with pytest.raises(PaymentGoneError, match="payment-1, which commercetools does not") as raised:
        await HANDLER.fetch(message("order", "order-1"), context(FakeCommercetools(held)))
    assert raised.value.few_tries
    assert raised.value.counts
    both = {**held, "payment/payment-1": payment(("Charge", "Success", 2975))}
    fetched = await HANDLER.fetch(message("order", "order-1"), context(FakeCommercetools(both)))
    assert fetched.resource is not None
    assert fetched.resource.payment_info is not None
    assert fetched.resource.payment_info.payments[0].obj is not None


async def test_an_order_that_is_not_there_is_gone() -> None:
    fetched = await HANDLER.fetch(message("order", "order-1"), context())
    assert fetched.resource is None
    with pytest.raises(Skip):
        HANDLER.gone(message("order", "order-1"), map_context())


@needs_corpus
def test_every_recorded_order_maps_or_says_why_not() -> None:
    done = 0
    for name, raw in corpus("orders"):
        resource = msgspec.convert(raw, ExportedOrder)
        settings = Settings(order_ref="id", missing_address="send")
        changes = outcome_of(HANDLER, resource, message("order", raw["id"]), settings)
        for change in changes:
            assert isinstance(change, Upsert)
            assert faults(change) == [], name
            done += 1
    assert done > 2
