"""What else the input of a mutation names: all that a "not found" (C0120E) can be about. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from fluent_connect.clients.fluent.model import Parent
from fluent_connect.clients.fluent.schema.table import Field, shipped

_KEYS = {
    "CategoryKey": "category",
    "CustomerKey": "customer",
    "LocationLinkInput": "location",
    "ProductCatalogueKey": "catalogue",
    "ProductKey": "product",
    "StandardProductKey": "standardProduct",
    "VariantProductKey": "variantProduct",
}
_REFS = {
    "locationRef": "location",
    "pickupLocationRef": "location",
    "productCatalogueRef": "catalogue",
    "productRef": "product",
}
_FAMILIES = {
    "standardProduct": "product",
    "variantProduct": "product",
    "groupProduct": "product",
    "productCatalogue": "catalogue",
}


def named(mutation: str, given: Mapping[str, object], known: Sequence[Parent]) -> Sequence[Parent]:
    """Return what an input names by a ref, each once, without what is `known` of it already.

    Nobody says which commercetools resources would bring these about.
    """
    type_ = shipped().mutations.get(mutation)
    told = {_family(parent) for parent in known}
    found = {} if type_ is None else {_family(each): each for each in _walk(type_, given)}
    return [parent for family, parent in found.items() if family not in told]


def catalogue_of(given: Mapping[str, object] | None) -> object:
    """Return the catalogue that an input is about: its own, or that of an order's items."""
    if given is None:
        return None
    if "catalogue" in given:
        return given["catalogue"]
    items = given.get("items")
    for item in items if isinstance(items, list | tuple) else ():
        ref = item.get("productCatalogueRef") if isinstance(item, Mapping) else None
        if isinstance(ref, str):
            return {"ref": ref}
    return None


def _family(parent: Parent) -> tuple[str, str]:
    return _FAMILIES.get(parent.entity, parent.entity), parent.ref


def _walk(type_: str, given: Mapping[str, object]) -> Iterator[Parent]:
    fields = shipped().inputs[type_]
    for name, value in given.items():
        field = fields.get(name)
        if field is not None:
            for each in value if isinstance(value, list | tuple) else (value,):
                yield from _names(name, field, each)


def _names(name: str, field: Field, value: object) -> Iterator[Parent]:
    if isinstance(value, Mapping) and field.type in shipped().inputs:
        ref = value.get("ref")
        if field.type in _KEYS and isinstance(ref, str):
            yield Parent(_KEYS[field.type], ref)
        yield from _walk(field.type, value)
    elif name in _REFS and isinstance(value, str):
        yield Parent(_REFS[name], value)
