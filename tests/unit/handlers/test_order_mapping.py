"""What a shop's own mapping/order.yml can change, and what it cannot."""

import pathlib
import re
from typing import Any

import msgspec
import pytest

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.clients.fluent.schema.table import fields_of
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.handlers.order.sources import TARGETS
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.blocks import parsed
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import TracedMapper
from fluent_connect.model.errors import UnprocessableError
from unit.handlers.made_up_orders import line, order, payment
from unit.handlers.mapped_orders import HANDLER, attribute, body, mapped, shipped_twice
from unit.handlers.stage import map_context, message

PAGE = (pathlib.Path(__file__).parents[3] / "docs/mapping/order.md").read_text("utf-8")
PUT_IN = frozenset(
    {"ref", "retailer", "customer", "billingAddress", "items", "financialTransactions"}
    | {"fulfilmentChoice", "fulfilmentChoices", "deliveryAddress"}
)
"""What the handler puts in itself."""
OURS = [name for name in TARGETS if not name.startswith("customer")]


def test_our_rules_fill_what_fluent_knows_from_what_commercetools_has() -> None:
    rules = Rules(packaged(), TARGETS, settings=Settings, inputs=fields_of)
    assert [str(fault) for fault in rules.faults()] == []


@pytest.mark.parametrize("target", OURS)
def test_the_page_tells_of_every_field_that_fluent_has(target: str) -> None:
    known = fields_of(TARGETS[target].input)
    assert known
    words = set(re.findall(r"\w+", PAGE))
    assert [name for name in known if name not in words] == []


def test_the_example_of_the_page_is_a_mapping() -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    rules = Rules(
        parsed(example, "order.yml").over(packaged()), TARGETS, settings=Settings, inputs=fields_of
    )
    assert [str(fault) for fault in rules.faults()] == []
    raw = order(
        custom={"fields": {"deliveryKind": "bulky", "season": "winter", "wishDate": "2026-02-01"}},
        lineItems=[
            line(variant={"sku": "SKU-1", "attributes": [{"name": "colour", "value": "red"}]})
        ],
    )
    created = body(raw, rules=example)
    assert created["type"] == "FREIGHT"
    assert attribute(created, "season") == "winter"
    assert attribute(created, "deliveryKind") is None
    assert attribute(created["items"][0], "colour") == "red"
    assert created["fulfilmentChoice"]["deliverBefore"] == "2026-02-01T00:00:00Z"


def test_history_starts_nothing_whatever_a_mapping_says() -> None:
    settings = Settings(import_orders="history", inert_order_types=("HISTORY",))
    rules = "order: { fields: { type: { value: HD } } }"
    assert body(order(), settings, kind="OrderImported", rules=rules)["type"] == "HISTORY"


@pytest.mark.parametrize("rule", ["~", "{ value: somebody else }"])
def test_no_mapping_hides_whose_order_it_is(rule: str) -> None:
    rules = f"order: {{ attributes: {{ commercetoolsOrderId: {rule} }} }}"
    assert attribute(body(order(), rules=rules), "commercetoolsOrderId") == "order-1"


def test_parents_are_those_that_the_mapping_names() -> None:
    rules = """
    item: { fields: { productRef: line.variant.key } }
    fulfilment-choice: { fields: { pickupLocationRef: { text: "S-{choice.pickup}" } } }
    """
    raw = order(
        lineItems=[line(variant={"sku": "SKU-1", "key": "variant-1"})],
        custom={"fields": {"pickupLocationRef": "7"}},
    )
    parents = {(each.entity, each.ref) for each in mapped(raw, rules=rules).parents}
    assert ("variantProduct", "variant-1") in parents
    assert ("location", "S-7") in parents
    assert ("variantProduct", "SKU-1") not in parents


def test_items_point_to_choices_by_the_refs_that_the_mapping_gives() -> None:
    rules = 'fulfilment-choice: { fields: { ref: { text: "{order.orderNumber}/{shipment.key}" } } }'
    created = body(shipped_twice(), rules=rules)
    assert [each["ref"] for each in created["fulfilmentChoices"]] == ["1001/s1", "1001/s2"]
    assert [each["fulfilmentChoiceRef"] for each in created["items"]] == ["1001/s1", "1001/s2"]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("item: { fields: { ref: { value: X } } }", "two of its items have one ref, X"),
        (
            "fulfilment-choice: { fields: { ref: { value: X } } }",
            "two of its fulfilment choices have one ref",
        ),
    ],
)
def test_two_parts_of_one_ref_are_refused(rules: str, told: str) -> None:
    with pytest.raises(UnprocessableError, match=told):
        mapped(shipped_twice(), rules=rules)


def test_a_rule_that_fails_names_the_line_and_its_own_place() -> None:
    raw = order(lineItems=[line(variant={"id": 1})])
    told = r"line line-1 of order order-1: mapping/defaults/order\.yml:\d+:\d+: item\.productRef"
    with pytest.raises(UnprocessableError, match=told):
        mapped(raw)


@pytest.mark.parametrize(
    ("method", "card"), [("visa", "VISA"), ("mc", "MASTERCARD"), ("Invoice", None)]
)
def test_the_kind_of_card_is_told_where_the_method_is_one(method: str, card: str | None) -> None:
    paid: dict[str, Any] = payment(("Charge", "Success", 2975))
    paid["paymentMethodInfo"]["method"] = method
    created = body(order(paymentInfo={"payments": [{"id": "payment-1", "obj": paid}]}))
    assert created["financialTransactions"][0].get("cardType") == card


def test_every_part_of_an_order_knows_the_rules_that_made_it() -> None:
    context = map_context()
    traced = context.mapping.traced()
    resource = msgspec.convert(shipped_twice() | paid_up(), ExportedOrder)
    told = message("order", "order-1", "OrderCreated")
    placed = msgspec.structs.replace(context, mapping=traced)
    (change,) = HANDLER.map(resource, told, placed)
    assert isinstance(change, Upsert)
    created: dict[str, Any] = dict(change.create or {})
    mapper = placed.mapping
    assert isinstance(mapper, TracedMapper)
    parts = [
        created["customer"]["id"].create,
        created["billingAddress"],
        *created["items"],
        *created["fulfilmentChoices"],
        *(each["deliveryAddress"] for each in created["fulfilmentChoices"]),
        *created["financialTransactions"],
    ]
    for part in (change.create, *parts):
        known = {origin.path.partition("[")[0] for origin in mapper.origins(part)}
        assert set(part or {}) - known <= PUT_IN, part
    (origin,) = (one for one in mapper.origins(created["items"][0]) if one.path == "totalPrice")
    assert origin.reads == ("item.net",)
    assert re.fullmatch(r"mapping/defaults/order\.yml:\d+:\d+", origin.at)


def paid_up() -> dict[str, Any]:
    obj = payment(("Charge", "Success", 2975))
    return {"paymentInfo": {"payments": [{"id": "payment-1", "obj": obj}]}}


def test_what_is_cut_is_told() -> None:
    context = map_context()
    address = {"lastName": "Example", "streetName": "S" * 300, "country": "DE"}
    resource = msgspec.convert(order(shippingAddress=address), ExportedOrder)
    list(HANDLER.map(resource, message("order", "order-1", "OrderCreated"), context))
    told = [str(cut) for cut in context.mapping.cuts]
    assert "delivery-address.street cut from 300 to 255" in told
