"""Customers and categories that nobody would make up by hand, as commercetools writes them."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from fluent_connect.handlers.category.upsert import CategoryState
from fluent_connect.handlers.customer import CustomerState

Json = dict[str, Any]

ids = st.sampled_from(["id-1", "id-2", "id-3", "a" * 36, "0" * 8])
texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["Hüte", "x" * 300, "e\u0301" * 140, "\U0001f600" * 130, "\x00", " ", "a\tb", "Ünïcødé "]
    ),
)
keys = st.from_regex(r"[A-Za-z0-9_-]{2,12}", fullmatch=True) | st.sampled_from(
    ["k" * 256, " ", "\x00"]
)
localized = st.dictionaries(st.sampled_from(["en", "de", "fr-CA", "en-GB"]), texts, max_size=3)
moments = st.sampled_from(["2026-01-05T09:00:00.000Z", "2020-02-29T23:59:59.999Z"])
anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def record(must: dict[str, st.SearchStrategy[Any]], **may: st.SearchStrategy[Any]) -> Any:
    """Return objects with all fields of `must` and any of `may`, as JSON objects have them."""
    return st.fixed_dictionaries(must, optional=may)


def reference(type_id: str) -> Any:
    """Return references, some of them expanded."""
    head = record({"id": ids, "version": st.integers(1, 99)}, key=keys)
    return record({"typeId": st.just(type_id), "id": ids}, obj=head)


custom = record(
    {"type": reference("type")},
    fields=st.dictionaries(
        texts | st.sampled_from(["newsletter", "commercetoolsId", "company", "season"]),
        anything,
        max_size=4,
    ),
)
phones = st.from_regex(r"\+?[0-9 ()/.-]{3,26}", fullmatch=True) | texts
emails = st.sampled_from(["ada@example.com", "Ada@Example.COM", "a" * 250 + "@x.example"]) | texts
addresses = record(
    {"country": st.sampled_from(["DE", "US", "GB", "FR"]) | texts},
    id=ids,
    key=keys,
    externalId=texts,
    title=texts,
    salutation=texts,
    firstName=texts,
    lastName=texts,
    company=texts,
    department=texts,
    streetName=texts,
    streetNumber=texts,
    additionalStreetInfo=texts,
    building=texts,
    apartment=texts,
    pOBox=texts,
    postalCode=texts,
    city=texts,
    region=texts,
    state=texts,
    phone=phones,
    mobile=phones,
    email=emails,
    fax=phones,
    additionalAddressInfo=texts,
    custom=custom,
)
assets = record(
    {"id": ids, "sources": st.lists(record({"uri": texts}, key=keys, contentType=texts))},
    name=localized,
    description=localized,
    tags=st.lists(texts, max_size=2),
    key=keys,
    custom=custom,
)
_resource = {"id": ids, "version": st.integers(1, 2**53)}
_dated = {"createdAt": moments, "lastModifiedAt": moments}

customers_json = record(
    _resource,
    **_dated,
    key=keys,
    customerNumber=texts,
    externalId=texts,
    email=emails,
    isEmailVerified=st.booleans(),
    authenticationMode=st.sampled_from(["Password", "ExternalAuth"]),
    password=st.just("hash"),
    title=texts,
    salutation=texts,
    firstName=texts,
    middleName=texts,
    lastName=texts,
    dateOfBirth=st.just("1815-12-10"),
    companyName=texts,
    vatId=texts,
    locale=st.sampled_from(["en", "de-AT"]),
    addresses=st.lists(addresses, max_size=3),
    defaultShippingAddressId=ids,
    shippingAddressIds=st.lists(ids, max_size=2),
    defaultBillingAddressId=ids,
    billingAddressIds=st.lists(ids, max_size=2),
    customerGroup=reference("customer-group"),
    customerGroupAssignments=st.lists(
        record({"customerGroup": reference("customer-group")}), max_size=2
    ),
    stores=st.lists(record({"typeId": st.just("store"), "key": keys}), max_size=3),
    custom=custom,
)
categories_json = record(
    {**_resource, "name": localized, "slug": localized},
    **_dated,
    key=keys,
    externalId=texts,
    description=localized,
    metaTitle=localized,
    metaDescription=localized,
    metaKeywords=localized,
    orderHint=st.sampled_from(["0.1", "0.000014"]) | texts,
    ancestors=st.lists(reference("category"), max_size=3),
    parent=reference("category"),
    assets=st.lists(assets, max_size=2),
    custom=custom,
)
CUSTOMERS = customers_json.map(lambda raw: msgspec.convert(raw, CustomerState))
CATEGORIES = categories_json.map(lambda raw: msgspec.convert(raw, CategoryState))
