"""The custom types that the connector reads and writes in commercetools, and what they lack.

Keys and fields of line items, deliveries and parcels are those of the vendor's connector; those of
orders and channels, which it does not publish, are ours. Facts about Types are commercetools':
the resources of a Type cannot be changed, and fields of one name have one type in a whole project.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec

Kind = Literal["order", "line-item", "delivery", "parcel", "channel"]
"""What a Type of ours extends, as the configuration calls it."""
KINDS: Sequence[Kind] = ("order", "line-item", "delivery", "parcel", "channel")
OFF = "off"
"""In place of a Type's key: nothing of ours is kept there."""
RESOURCES: Mapping[Kind, str] = {
    "order": "order",
    "line-item": "line-item",
    "delivery": "order-delivery",
    "parcel": "order-parcel",
    "channel": "channel",
}
"""commercetools' `resourceTypeId` of each kind."""
KEYS: Mapping[Kind, str] = {
    "order": "flOrder",
    "line-item": "flFulfilment",
    "delivery": "flConsignment",
    "parcel": "flArticle",
    "channel": "flStoreDetails",
}
FULFILMENT_METADATA = "flFulfilmentMetadata"
CONSIGNMENT_REF, CONSIGNMENT_STATUS = "flConsignmentRef", "flConsignmentStatus"
TRACKING_URL = "flTrackingUrl"
_NAMES: Mapping[Kind, str] = {
    "order": "Fluent Custom Field",
    "line-item": "Fluent Fulfilment Metadata",
    "delivery": "Fluent Consignment",
    "parcel": "Fluent Article",
    "channel": "Fluent Store Details",
}
_WRITTEN: Collection[Kind] = ("line-item", "delivery", "parcel", "channel")
"""Where the connector itself gives a resource its Type, so that it must know every required field.
An order has its Type from the checkout."""


class Field(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A field definition, as the API gives it."""

    name: str
    type: Mapping[str, Any]
    label: Mapping[str, str] = {}
    required: bool = False
    input_hint: str = "SingleLine"


class CustomType(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A Type, as the API gives it."""

    id: str = ""
    version: int = 0
    key: str = ""
    name: Mapping[str, str] = {}
    resource_type_ids: Sequence[str] = ()
    field_definitions: Sequence[Field] = ()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A Type that has to be there: which one, and the fields that it has to have."""

    kind: Kind
    key: str
    fields: Sequence[Field]

    def draft(self) -> dict[str, object]:
        """Return what creates it."""
        return {
            "key": self.key,
            "name": {"en": _NAMES[self.kind]},
            "resourceTypeIds": [RESOURCES[self.kind]],
            "fieldDefinitions": [msgspec.to_builtins(each) for each in self.fields],
        }


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not as it shall be: `+` is missing, `!` stands in the way.

    What stands in the way has to be settled by a person: nothing of that Type is changed.
    """

    sign: Literal["+", "!"]
    what: str
    told: str = ""
    fix: str = ""


def _text(name: str, label: str, *, long: bool = False) -> Field:
    hint = "MultiLine" if long else "SingleLine"
    return Field(name=name, type={"name": "String"}, label={"en": label}, input_hint=hint)


def _number(name: str, label: str) -> Field:
    return Field(name=name, type={"name": "Number"}, label={"en": label})


_FIELDS: Mapping[Kind, Sequence[Field]] = {
    "line-item": (_text(FULFILMENT_METADATA, "Fulfilment Metadata", long=True),),
    "delivery": (_text(CONSIGNMENT_REF, "Ref"), _text(CONSIGNMENT_STATUS, "Status")),
    "parcel": (_text(TRACKING_URL, "Fluent Tracking Url"),),
    "channel": (
        _text("flStoreType", "Type"),
        _text("flStoreStatus", "Status"),
        _text("flStoreEmail", "Email"),
        _text("flStorePhone", "Phone No."),
        _number("flStoreLatitude", "Latitude"),
        _number("flStoreLongitude", "Longitude"),
        _text("flStoreTimezone", "Timezone"),
        _text("flStoreOpeningSchedule", "Opening Schedule", long=True),
        _text("flStoreAttributes", "Attributes", long=True),
    ),
}


def wanted(keys: Mapping[Kind, str], pickup_fields: Sequence[str]) -> list[Wanted]:
    """Return the Types that are needed: their keys by kind (OFF: none), and the fields they need.

    `pickup_fields`: the custom fields of an order that name the pickup location, if any is read.
    """
    pickup = tuple(_text(name, "Pickup Location Ref") for name in dict.fromkeys(pickup_fields))
    fields = {"order": pickup, **_FIELDS}
    return [
        Wanted(kind=kind, key=keys[kind], fields=fields[kind])
        for kind in KINDS
        if keys[kind] != OFF and fields[kind]
    ]


def differences(want: Wanted, types: Sequence[CustomType]) -> list[Difference]:
    """Return what the project lacks, or has otherwise, for one wanted Type; nothing if all is."""
    found = next((each for each in types if each.key == want.key), None)
    others = [each for each in types if each.key != want.key]
    elsewhere = [told for field in want.fields for told in _otherwise(field, others)]
    if found is None:
        resource = RESOURCES[want.kind]
        named = ", ".join(field.name for field in want.fields)
        told = f"{named} (for {resource})"
        return [Difference("+", f"type {want.key}", told, _hint(want, others)), *elsewhere]
    held = {field.name: field for field in found.field_definitions}
    told_fields = [_field(want.key, field, held.get(field.name)) for field in want.fields]
    return [
        *_resources(want, found),
        *(each for each in told_fields if each is not None),
        *_demanded(want, found),
        *(elsewhere if any(field.name not in held for field in want.fields) else ()),
    ]


def actions(want: Wanted, found: CustomType) -> list[dict[str, object]]:
    """Return the update actions that give a Type the fields that it lacks."""
    held = {field.name for field in found.field_definitions}
    return [
        {"action": "addFieldDefinition", "fieldDefinition": msgspec.to_builtins(field)}
        for field in want.fields
        if field.name not in held
    ]


def _resources(want: Wanted, found: CustomType) -> list[Difference]:
    resource = RESOURCES[want.kind]
    if resource in found.resource_type_ids:
        return []
    told = f"is for {', '.join(found.resource_type_ids) or 'nothing'}, not for {resource}"
    fix = f"name another key: `custom-types: {{ {want.kind}: … }}`; no Type changes what it is for"
    return [Difference("!", f"type {want.key}", told, fix)]


def _field(key: str, field: Field, held: Field | None) -> Difference | None:
    name = f"field {key}.{field.name}"
    if held is None:
        return Difference("+", name, _type(field))
    if _type(held) == _type(field):
        return None
    told = f"is {_type(held)}, and has to be {_type(field)}"
    fix = "no field changes its type: remove it there, or name another Type under `custom-types`"
    return Difference("!", name, told, fix)


def _otherwise(field: Field, others: Sequence[CustomType]) -> list[Difference]:
    """Return the fields of that name in other Types that are of another type."""
    return [
        Difference(
            "!",
            f"field {other.key}.{each.name}",
            f"is {_type(each)}: in a project all fields of one name have one type",
            f"rename that field, or have the connector use another than {field.name}",
        )
        for other in others
        for each in other.field_definitions
        if each.name == field.name and _type(each) != _type(field)
    ]


def _demanded(want: Wanted, found: CustomType) -> list[Difference]:
    """Return the required fields that we, who give resources this Type, know nothing of."""
    if want.kind not in _WRITTEN:
        return []
    ours = {field.name for field in want.fields}
    return [
        Difference(
            "!",
            f"field {want.key}.{field.name}",
            "is required, and the connector does not know what to put there",
            "make it optional, or name another Type under `custom-types`",
        )
        for field in found.field_definitions
        if field.required and field.name not in ours
    ]


def _hint(want: Wanted, others: Sequence[CustomType]) -> str:
    """Return a word about a Type of the shop's own that would do as well."""
    names = {field.name for field in want.fields}
    for other in others:
        held = {field.name for field in other.field_definitions}
        if RESOURCES[want.kind] in other.resource_type_ids and names <= held:
            key = other.key
            return f"or use {key}, which has all of it: `custom-types: {{ {want.kind}: {key} }}`"
    return ""


def _type(field: Field) -> str:
    """Return a field's type as one word: String, Set of String."""
    element = field.type.get("elementType")
    name = str(field.type.get("name", "?"))
    return f"{name} of {element.get('name', '?')}" if isinstance(element, Mapping) else name
