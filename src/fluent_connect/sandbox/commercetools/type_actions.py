"""Custom types: what their fields have to be, and the update actions that change them."""

# ruff: noqa: ARG001 - all of a table's functions take the same arguments.

import re
from collections.abc import Sequence

from fluent_connect.sandbox.commercetools.actions import Action
from fluent_connect.sandbox.commercetools.errors import RefusedRequestError, invalid
from fluent_connect.sandbox.commercetools.kinds import Json
from fluent_connect.sandbox.commercetools.project import Project

_NAME = re.compile(r"[A-Za-z0-9_-]{2,36}")
_SIMPLE = frozenset(
    {
        *("Boolean", "String", "LocalizedString", "Number", "Money"),
        *("Date", "Time", "DateTime"),
    }
)
_NEEDED = {"Enum": "values", "LocalizedEnum": "values", "Reference": "referenceTypeId"}
_RESOURCES = frozenset(
    {
        *("address", "approval-flow", "asset", "associate-role", "business-unit", "cart-discount"),
        *("category", "channel", "custom-line-item", "customer", "customer-group"),
        *("discount-code", "discount-group", "inventory-entry", "line-item", "order", "order-edit"),
        *("order-delivery", "order-parcel", "order-return-item", "payment"),
        *("payment-interface-interaction", "product-price", "product-selection"),
        *("product-tailoring", "quote", "recurring-order", "review", "shipping", "shipping-method"),
        *("shopping-list", "shopping-list-text-line-item", "standalone-price", "store"),
        *("transaction",),
    }
)


def check_resources(named: Sequence[str]) -> None:
    """Raise a 400 for a type of nothing, or of what takes no custom fields."""
    unknown = [each for each in named if each not in _RESOURCES]
    if unknown or not named:
        text = f"Malformed parameter: resourceTypeIds: '{unknown[0] if unknown else ''}'"
        raise invalid(f"{text} is not a resource with custom fields.")


def field_of(project: Project, type_: Json, draft: Json) -> Json:
    """Return a new field of a type. Raise a 400 where it cannot be one."""
    name, kind = draft["name"], draft["type"]
    if not _NAME.fullmatch(name):
        raise invalid(f"Malformed parameter: fieldDefinitions: the name '{name}' is not allowed.")
    _check_kind(kind)
    if not draft.get("label"):
        raise invalid(
            "Request body does not contain valid JSON: label: Missing required value",
            "RequiredField",
            field="label",
        )
    if any(each["name"] == name for each in type_["fieldDefinitions"]):
        message = f"A duplicate value '\"{name}\"' exists for field 'fieldDefinitions.name'."
        raise RefusedRequestError(400, "DuplicateField", message, field="fieldDefinitions.name")
    _check_elsewhere(project, type_, name, kind)
    return {"required": False, "inputHint": "SingleLine", **draft}


def _check_kind(kind: Json) -> None:
    name = kind.get("name")
    if name == "Set":
        _check_kind(kind["elementType"])
    elif name in _NEEDED:
        if _NEEDED[name] not in kind:
            raise invalid(f"Malformed parameter: type: {name} needs {_NEEDED[name]}.")
    elif name not in _SIMPLE:
        raise invalid(f"Malformed parameter: type: there is no '{name}'.")


def _check_elsewhere(project: Project, type_: Json, name: str, kind: Json) -> None:
    """Refuse a field that another type has under this name, and with another type."""
    for other in project.scan("type"):
        if other["id"] == type_.get("id"):
            continue
        for each in other.get("fieldDefinitions", ()):
            if each["name"] == name and each["type"] != kind:
                message = (
                    f"The field definition '{name}' of type '{other.get('key')}' has another type:"
                    " fields of one name have one type in a project."
                )
                raise invalid(message, "InvalidOperation")


def add_field(project: Project, type_: Json, action: Json) -> list[Json]:
    """Add a field."""
    type_["fieldDefinitions"].append(field_of(project, type_, action["fieldDefinition"]))
    return []


def remove_field(project: Project, type_: Json, action: Json) -> list[Json]:
    """Take a field away, and with it what resources hold in it."""
    type_["fieldDefinitions"].remove(_field(type_, action["fieldName"]))
    return []


def change_field_label(project: Project, type_: Json, action: Json) -> list[Json]:
    """Change how a field is called."""
    _field(type_, action["fieldName"])["label"] = action["label"]
    return []


def change_order(project: Project, type_: Json, action: Json) -> list[Json]:
    """Put the fields into another order."""
    names = action["fieldNames"]
    if sorted(names) != sorted(each["name"] for each in type_["fieldDefinitions"]):
        raise invalid("The names do not match those of the field definitions.", "InvalidOperation")
    type_["fieldDefinitions"] = [_field(type_, name) for name in names]
    return []


def _field(type_: Json, name: str) -> Json:
    for each in type_["fieldDefinitions"]:
        if each["name"] == name:
            found: Json = each
            return found
    raise invalid(f"There is no field definition '{name}'.", "InvalidOperation")


TYPE: dict[str, Action] = {
    "addFieldDefinition": add_field,
    "removeFieldDefinition": remove_field,
    "changeLabel": change_field_label,
    "changeFieldDefinitionOrder": change_order,
}
