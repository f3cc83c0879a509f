"""Update actions of categories, customers, prices, stock, stores and what products refer to."""

# ruff: noqa: ARG001 - all of a table's functions take the same arguments.

import uuid

from fluent_connect.sandbox.commercetools.actions import Action, Setter, item
from fluent_connect.sandbox.commercetools.drafts import ancestors, money
from fluent_connect.sandbox.commercetools.errors import invalid
from fluent_connect.sandbox.commercetools.kinds import Json
from fluent_connect.sandbox.commercetools.project import Project
from fluent_connect.sandbox.commercetools.type_actions import TYPE


def change_parent(project: Project, category: Json, action: Json) -> list[Json]:
    """Move a category, and with it all below."""
    above = ancestors(project, action["parent"])
    if any(one["id"] == category["id"] for one in above):
        raise invalid("A category cannot be below itself.", "InvalidOperation")
    category["parent"], category["ancestors"] = action["parent"], above
    for below in list(project.scan("category")):
        ids = [one["id"] for one in below["ancestors"]]
        if category["id"] in ids:
            rest = below["ancestors"][ids.index(category["id"]) :]
            project.change("category", below | {"ancestors": [*above, *rest]})
    return []


def change_email(project: Project, customer: Json, action: Json) -> list[Json]:
    """Change the address that a customer signs in with."""
    before, customer["email"] = customer["email"], action["email"]
    return [{"type": "CustomerEmailChanged", "email": action["email"], "oldEmail": before}]


def add_address(project: Project, customer: Json, action: Json) -> list[Json]:
    """Add an address."""
    address = {"id": uuid.uuid4().hex[:8], **action["address"]}
    customer["addresses"].append(address)
    return [{"type": "CustomerAddressAdded", "address": address}]


def change_address(project: Project, customer: Json, action: Json) -> list[Json]:
    """Replace an address."""
    address = item(customer, "addresses", action["addressId"])
    address.clear()
    address |= {"id": action["addressId"], **action["address"]}
    return [{"type": "CustomerAddressChanged", "address": address, "addressRoles": []}]


def remove_address(project: Project, customer: Json, action: Json) -> list[Json]:
    """Take an address away."""
    address = item(customer, "addresses", action["addressId"])
    customer["addresses"].remove(address)
    return [{"type": "CustomerAddressRemoved", "address": address, "addressRoles": []}]


def _default_address(role: str) -> Action:
    def act(project: Project, customer: Json, action: Json) -> list[Json]:
        customer[f"default{role}AddressId"] = action.get("addressId")
        address = (
            item(customer, "addresses", action["addressId"]) if action.get("addressId") else None
        )
        return [{"type": f"CustomerDefault{role}AddressSet", "address": address}]

    return act


def change_quantity(project: Project, entry: Json, action: Json) -> list[Json]:
    """Set how many are in stock."""
    return _stock(entry, int(action["quantity"]))


def add_quantity(project: Project, entry: Json, action: Json) -> list[Json]:
    """Add to what is in stock."""
    return _stock(entry, entry["quantityOnStock"] + int(action["quantity"]))


def remove_quantity(project: Project, entry: Json, action: Json) -> list[Json]:
    """Take from what is in stock."""
    return _stock(entry, entry["quantityOnStock"] - int(action["quantity"]))


def _stock(entry: Json, quantity: int) -> list[Json]:
    before, available = entry["quantityOnStock"], entry["availableQuantity"]
    entry["quantityOnStock"] = quantity
    entry["availableQuantity"] = available + quantity - before
    told = {
        "oldQuantityOnStock": before,
        "newQuantityOnStock": quantity,
        "oldAvailableQuantity": available,
        "newAvailableQuantity": entry["availableQuantity"],
        "sku": entry["sku"],
    }
    return [{"type": "InventoryEntryQuantitySet", **told}]


def change_value(project: Project, price: Json, action: Json) -> list[Json]:
    """Change a standalone price."""
    before, price["value"] = price["value"], money(action["value"])
    told = {"value": price["value"], "oldValue": before, "staged": bool(action.get("staged"))}
    return [{"type": "StandalonePriceValueChanged", **told}]


def replace_rate(project: Project, category: Json, action: Json) -> list[Json]:
    """Replace a tax rate."""
    rate = item(category, "rates", action["taxRateId"])
    rate.clear()
    rate |= {"id": uuid.uuid4().hex[:8], **action["taxRate"]}
    return []


def add_rate(project: Project, category: Json, action: Json) -> list[Json]:
    """Add a tax rate."""
    category.setdefault("rates", []).append({"id": uuid.uuid4().hex[:8], **action["taxRate"]})
    return []


def add_definition(project: Project, product_type: Json, action: Json) -> list[Json]:
    """Add an attribute to a product type."""
    product_type["attributes"].append(action["attribute"])
    return []


def change_label(project: Project, product_type: Json, action: Json) -> list[Json]:
    """Change how an attribute is called."""
    for attribute in product_type["attributes"]:
        if attribute["name"] == action["attributeName"]:
            attribute["label"] = action["label"]
    return []


CATEGORY: dict[str, Action] = {
    "changeParent": change_parent,
    "changeSlug": Setter("slug", "", "CategorySlugChanged", "", "oldSlug"),
    "changeOrderHint": Setter("orderHint"),
    "setMetaTitle": Setter("metaTitle"),
    "setMetaDescription": Setter("metaDescription"),
}
CUSTOMER: dict[str, Action] = {
    "changeEmail": change_email,
    "setFirstName": Setter("firstName", "", "CustomerFirstNameSet"),
    "setLastName": Setter("lastName", "", "CustomerLastNameSet"),
    "setTitle": Setter("title", "", "CustomerTitleSet"),
    "setCompanyName": Setter("companyName", "", "CustomerCompanyNameSet"),
    "setDateOfBirth": Setter("dateOfBirth", "", "CustomerDateOfBirthSet"),
    "setExternalId": Setter("externalId", "", "CustomerExternalIdSet"),
    "setCustomerGroup": Setter("customerGroup", "", "CustomerGroupSet"),
    "setMiddleName": Setter("middleName"),
    "setSalutation": Setter("salutation"),
    "setLocale": Setter("locale"),
    "setVatId": Setter("vatId"),
    "setCustomerNumber": Setter("customerNumber"),
    "addAddress": add_address,
    "changeAddress": change_address,
    "removeAddress": remove_address,
    "setDefaultShippingAddress": _default_address("Shipping"),
    "setDefaultBillingAddress": _default_address("Billing"),
}
OTHERS: dict[str, dict[str, Action]] = {
    "inventory-entry": {
        "changeQuantity": change_quantity,
        "addQuantity": add_quantity,
        "removeQuantity": remove_quantity,
        "setSupplyChannel": Setter("supplyChannel"),
        "setRestockableInDays": Setter("restockableInDays"),
    },
    "standalone-price": {
        "changeValue": change_value,
        "changeActive": Setter("active", "", "StandalonePriceActiveChanged", "", "oldActive"),
        "setValidFrom": Setter(
            "validFrom", "", "StandalonePriceValidFromSet", "", "previousValidFrom"
        ),
        "setValidUntil": Setter(
            "validUntil", "", "StandalonePriceValidUntilSet", "", "previousValidUntil"
        ),
    },
    "store": {
        "setName": Setter("name", "", "StoreNameSet"),
        "setDistributionChannels": Setter("distributionChannels"),
        "setSupplyChannels": Setter("supplyChannels"),
    },
    "channel": {
        "setRoles": Setter("roles"),
        "setAddress": Setter("address"),
        "setGeoLocation": Setter("geoLocation"),
    },
    "tax-category": {"addTaxRate": add_rate, "replaceTaxRate": replace_rate},
    "product-type": {
        "addAttributeDefinition": add_definition,
        "changeLabel": change_label,
    },
    "shipping-method": {"setLocalizedName": Setter("localizedName")},
    "type": TYPE,
}
