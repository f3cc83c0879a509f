"""Update actions that many kinds share, and what all actions are made of."""

# ruff: noqa: ARG001, ARG002 - all of a table's functions take the same arguments.

from collections.abc import Callable
from typing import Any

import msgspec

from fluent_connect.sandbox.commercetools.errors import invalid
from fluent_connect.sandbox.commercetools.kinds import Json
from fluent_connect.sandbox.commercetools.project import Project

Action = Callable[[Project, Json, Json], list[Json]]
"""Changes the resource in place; returns Messages without their common fields."""


class Setter(msgspec.Struct, frozen=True):
    """An action that sets one field, and tells of its new and old value."""

    field: str
    key: str = ""
    message: str = ""
    new: str = ""
    old: str = ""

    def __call__(self, project: Project, resource: Json, action: Json) -> list[Json]:
        """Set the field, or take it away where no value is given."""
        key = self.key or self.field
        value, before = action.get(key), resource.get(self.field)
        if value is None:
            resource.pop(self.field, None)
        else:
            resource[self.field] = value
        if not self.message or value == before:
            return []
        told = {"type": self.message}
        if value is not None:
            told[self.new or key] = value
        if self.old and before is not None:
            told[self.old] = before
        return [told]


def set_custom_type(project: Project, resource: Json, action: Json) -> list[Json]:
    """Give a resource a custom type and its fields, or take both away."""
    prefix = _prefix(resource)
    before = (resource.pop("custom", None) or {}).get("type", {}).get("id")
    previous = {"previousTypeId": before} if before else {}
    if "type" not in action:
        return [{"type": f"{prefix}CustomTypeRemoved", **previous}] if prefix else []
    resource["custom"] = {"type": action["type"], "fields": action.get("fields", {})}
    told = {"type": f"{prefix}CustomTypeSet", "customFields": resource["custom"], **previous}
    return [told] if prefix else []


def set_custom_field(project: Project, resource: Json, action: Json) -> list[Json]:
    """Set one custom field, or take it away where no value is given."""
    custom = resource.get("custom")
    if custom is None:
        raise invalid("The resource has no custom type.", "InvalidOperation")
    name, value = action["name"], action.get("value")
    before = custom["fields"].get(name)
    prefix = _prefix(resource)
    if value is None:
        custom["fields"].pop(name, None)
        told: Json = {"type": f"{prefix}CustomFieldRemoved", "name": name}
    elif before is None:
        custom["fields"][name] = value
        told = {"type": f"{prefix}CustomFieldAdded", "name": name, "value": value}
    else:
        custom["fields"][name] = value
        told = {"type": f"{prefix}CustomFieldChanged", "name": name, "value": value}
        told["previousValue"] = before
    return [told] if prefix and before != value else []


def item(resource: Json, field: str, id_: Any) -> Json:
    """Return the member of a list with this id. Raise a 400 if there is none."""
    for one in resource.get(field, ()):
        if one.get("id") == id_:
            found: Json = one
            return found
    raise invalid(f"'{id_}' is no {field} of this resource.", "InvalidOperation")


def _prefix(resource: Json) -> str:
    """Return what Messages about custom fields of this resource begin with, if it sends any."""
    if "lineItems" in resource:
        return "Order"
    return "Customer" if "email" in resource and "addresses" in resource else ""


GENERAL: dict[str, Action] = {
    "setCustomType": set_custom_type,
    "setCustomField": set_custom_field,
    "setKey": Setter("key"),
    "changeKey": Setter("key"),
    "changeName": Setter("name"),
    "setName": Setter("name"),
    "setDescription": Setter("description"),
    "changeDescription": Setter("description"),
    "setExternalId": Setter("externalId"),
}
