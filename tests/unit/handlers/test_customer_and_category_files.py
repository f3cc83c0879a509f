"""What a shop's own lines make of customers and categories; those of the documents among them."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.clients.fluent.schema.table import fields_of
from fluent_connect.handlers.category.upsert import CategoryState, CategoryUpsertHandler
from fluent_connect.handlers.customer import CustomerCreateHandler, CustomerState
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.blocks import parsed
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Mapper
from fluent_schema import faults
from unit.handlers.stage import map_context, message

DOCS = Path(__file__).parents[3] / "docs" / "mapping"
CUSTOMERS, CATEGORIES = CustomerCreateHandler(), CategoryUpsertHandler()
CUSTOMER = {
    "id": "c-1",
    "version": 2,
    "email": "ada@example.com",
    "companyName": "Example Ltd",
    "dateOfBirth": "1985-12-10",
    "addresses": [{"id": "a", "phone": "01", "mobile": "02"}, {"id": "b", "phone": "03"}],
    "defaultShippingAddressId": "a",
    "defaultBillingAddressId": "b",
    "custom": {"fields": {"tier": "g", "newsletter": True}},
}
CATEGORY = {
    "id": "cat-1",
    "version": 3,
    "name": {"en": "Lamps"},
    "metaDescription": {"en": "Lamps for every room"},
    "lastModifiedAt": "2026-01-05T09:00:00.000Z",
    "assets": [{"id": "a", "key": "banner"}],
    "custom": {"fields": {"season": "winter", "internalNote": "x", "categoryType": "SEASONAL"}},
}


def mapping(text: str) -> Mapper:
    """Return our mapping with these lines laid over it. Fail on a mistake in them."""
    rules = Rules(
        parsed(text, "mapping/own.yml").over(packaged()),
        {**CUSTOMERS.targets, **CATEGORIES.targets},
        settings=Settings,
        inputs=fields_of,
    )
    assert rules.faults() == []
    return Mapper(rules)


def mapped(raw: dict[str, Any], lines: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs of create and update, attributes by name."""
    handler, shape = (CUSTOMERS, CustomerState) if "email" in raw else (CATEGORIES, CategoryState)
    context = msgspec.structs.replace(map_context(), mapping=mapping(lines))
    (change,) = handler.map(msgspec.convert(raw, shape), message("x"), context)  # type: ignore[arg-type]
    assert isinstance(change, Upsert)
    assert faults(change) == []
    create, update = (_by_name(each or {}) for each in (change.create, change.update))
    return create, update


def _by_name(body: Any) -> dict[str, Any]:
    return {**body, "attributes": {each["name"]: each["value"] for each in body["attributes"]}}


def example(page: str) -> str:
    (found,) = re.findall(r"```yaml[^\n]*\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    return str(found)


def test_our_own_files_have_no_mistake() -> None:
    mapping("")


def test_the_example_of_the_customers_page_does_what_it_says() -> None:
    create, update = mapped(CUSTOMER, example("customer.md"))
    assert update["lastName"] == "Example Ltd"
    assert update["primaryPhone"] == "03"
    assert "dateOfBirth" not in update["attributes"]
    assert update["attributes"]["loyaltyTier"] == "GOLD"
    assert create["promotionOptIn"] is True
    assert "promotionOptIn" not in update


def test_the_example_of_the_categories_page_does_what_it_says() -> None:
    create, update = mapped(CATEGORY, example("category.md"))
    assert update["summary"] == "Lamps for every room"
    assert create["type"] == "SEASONAL"
    assert "type" not in update
    told = update["attributes"]
    assert told["season"] == "winter"
    assert told["changedAt"] == "2026-01-05T09:00:00.000Z"
    assert {"assets", "internalNote"}.isdisjoint(told)


def test_an_opt_in_that_commercetools_owns_goes_into_each_update() -> None:
    lines = "customer: { fields: { promotionOptIn: customer.custom.fields.newsletter } }"
    create, update = mapped(CUSTOMER, lines)
    assert create["promotionOptIn"] is update["promotionOptIn"] is True
    without = {**CUSTOMER, "custom": None}
    create, update = mapped(without, lines)
    assert create["promotionOptIn"] is False
    assert "promotionOptIn" not in update


def test_attributes_of_a_create_alone_stand_beside_the_others() -> None:
    lines = """
    category-create:
      attributes:
        madeBy: { value: connector }
        commercetoolsId: { value: forged }
    """
    create, update = mapped(CATEGORY, lines)
    assert create["attributes"]["madeBy"] == "connector"
    assert create["attributes"]["commercetoolsId"] == "cat-1"
    assert "madeBy" not in update["attributes"]


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ("customer: { fields: { department: { value: x } } }", "department"),
        ("customer: { fields: { title: customer.titel } }", "titel"),
        ("category: { fields: { name: category.names } }", "names"),
    ],
)
def test_a_field_that_there_is_not_is_a_mistake_at_start(lines: str, wrong: str) -> None:
    rules = Rules(
        parsed(lines, "mapping/own.yml").over(packaged()),
        {**CUSTOMERS.targets, **CATEGORIES.targets},
        settings=Settings,
        inputs=fields_of,
    )
    (fault,) = rules.faults()
    assert wrong in f"{fault}"
    assert "mapping/own.yml:1:" in str(fault.place)
