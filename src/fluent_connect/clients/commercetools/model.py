"""commercetools' resources as far as mappings read them, and the updates that we send.

Written for the specification, not for one project: only `id` and `version` are required, what is
unknown is ignored, enums are text (a new value must not lose a resource), money is integers, and
dates stay text until someone needs one. Passwords are not read at all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from fluent_connect.model.notification import Reference

T = TypeVar("T")
Localized = Mapping[str, str]


class Update(msgspec.Struct, frozen=True):
    """Update actions for a resource at a version (None: at the version it has when sent)."""

    resource: Reference
    actions: Sequence[Mapping[str, object]]
    version: int | None = None


class Link(msgspec.Struct, Generic[T], frozen=True, kw_only=True, rename="camel"):
    """A reference; `obj` is there if it was expanded and its target exists and may be read."""

    type_id: str = ""
    id: str = ""
    key: str | None = None
    obj: T | None = None


class Head(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What nearly every resource has; all that is read of most expanded references."""

    id: str = ""
    version: int = 0
    key: str | None = None


class Money(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An amount: `centAmount` of the smallest unit, or `preciseAmount` of a finer one."""

    currency_code: str = ""
    cent_amount: int = 0
    fraction_digits: int | None = None
    precise_amount: int | None = None


class TaxedPrice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An amount without and with its taxes."""

    total_net: Money
    total_gross: Money


class TaxRate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A rate (0.19), and whether prices include it."""

    name: str | None = None
    amount: float = 0.0
    included_in_price: bool = False
    country: str | None = None


class CustomFields(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The custom fields of a resource, by name."""

    fields: Mapping[str, Any] = {}


class Address(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A postal address with its contact."""

    id: str | None = None
    key: str | None = None
    title: str | None = None
    salutation: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    department: str | None = None
    street_name: str | None = None
    street_number: str | None = None
    additional_street_info: str | None = None
    building: str | None = None
    apartment: str | None = None
    p_o_box: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    state: str | None = None
    country: str | None = None
    phone: str | None = None
    mobile: str | None = None
    email: str | None = None
    additional_address_info: str | None = None


class Customer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A customer, without the password."""

    id: str
    version: int
    key: str | None = None
    customer_number: str | None = None
    external_id: str | None = None
    email: str | None = None
    title: str | None = None
    salutation: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    vat_id: str | None = None
    locale: str | None = None
    addresses: Sequence[Address] = ()
    default_shipping_address_id: str | None = None
    default_billing_address_id: str | None = None
    customer_group: Link[Head] | None = None
    stores: Sequence[Link[Head]] = ()
    custom: CustomFields | None = None


class Category(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A category and its place in the tree."""

    id: str
    version: int
    key: str | None = None
    external_id: str | None = None
    name: Localized = {}
    slug: Localized = {}
    description: Localized | None = None
    order_hint: str | None = None
    parent: Link[Head] | None = None
    custom: CustomFields | None = None


class TaxCategory(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A tax category and its rates."""

    id: str
    version: int
    key: str | None = None
    rates: Sequence[TaxRate] = ()


class DiscountedPrice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a price comes down to by a product discount."""

    value: Money


class Price(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A price, embedded in a variant or standing alone (then with `sku` and `version`)."""

    id: str | None = None
    version: int | None = None
    key: str | None = None
    sku: str | None = None
    value: Money
    country: str | None = None
    channel: Link[Head] | None = None
    customer_group: Link[Head] | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    active: bool = True
    discounted: DiscountedPrice | None = None


class Attribute(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product attribute: any JSON by name."""

    name: str = ""
    value: Any = None


class Image(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An image of a variant."""

    url: str = ""
    label: str | None = None


class Variant(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A variant of a product (also as a line item keeps it)."""

    id: int = 0
    sku: str | None = None
    key: str | None = None
    prices: Sequence[Price] = ()
    attributes: Sequence[Attribute] = ()
    images: Sequence[Image] = ()


class ProductData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One view of a product: current or staged."""

    name: Localized = {}
    slug: Localized = {}
    description: Localized | None = None
    categories: Sequence[Link[Head]] = ()
    attributes: Sequence[Attribute] = ()
    master_variant: Variant | None = None
    variants: Sequence[Variant] = ()


class MasterData(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Both views of a product, and whether customers see it."""

    current: ProductData | None = None
    published: bool = False


class Product(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product as `/products/{id}` gives it."""

    id: str
    version: int
    key: str | None = None
    product_type: Link[Head] | None = None
    tax_category: Link[TaxCategory] | None = None
    price_mode: str | None = None
    master_data: MasterData = MasterData()


class StandalonePrice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The SKU that a standalone price belongs to (its amounts are read as `Price`)."""

    id: str
    version: int
    sku: str | None = None


class PaymentMethodInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who handles a payment, and how it is paid."""

    payment_interface: str | None = None
    method: str | None = None


class Transaction(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One step of a payment."""

    id: str = ""
    type: str = ""
    state: str = ""
    amount: Money | None = None
    interaction_id: str | None = None


class Payment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A payment and its transactions."""

    id: str
    version: int
    key: str | None = None
    interface_id: str | None = None
    amount_planned: Money | None = None
    payment_method_info: PaymentMethodInfo = PaymentMethodInfo()
    transactions: Sequence[Transaction] = ()


class ItemTarget(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many of a line go to one address, or (Multiple) with one shipping entry."""

    address_key: str | None = None
    quantity: int = 0
    shipping_method_key: str | None = None


class ItemShipping(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a line goes, if the order says so line by line."""

    targets: Sequence[ItemTarget] = ()


class LineItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line of an order."""

    id: str = ""
    key: str | None = None
    product_id: str | None = None
    product_key: str | None = None
    name: Localized = {}
    variant: Variant = Variant()
    price: Price | None = None
    quantity: int = 0
    total_price: Money | None = None
    taxed_price: TaxedPrice | None = None
    tax_rate: TaxRate | None = None
    line_item_mode: str | None = None
    shipping_details: ItemShipping | None = None
    supply_channel: Link[Head] | None = None
    distribution_channel: Link[Head] | None = None
    custom: CustomFields | None = None


class CustomLineItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line without a product: a fee, a service, a discount."""

    id: str = ""
    key: str | None = None
    slug: str = ""
    name: Localized = {}
    money: Money | None = None
    quantity: int = 1
    total_price: Money | None = None
    taxed_price: TaxedPrice | None = None
    tax_rate: TaxRate | None = None


class ShippingInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How an order ships, and for how much."""

    shipping_method_name: str | None = None
    shipping_method: Link[Head] | None = None
    price: Money | None = None
    discounted_price: DiscountedPrice | None = None
    taxed_price: TaxedPrice | None = None
    tax_rate: TaxRate | None = None


class Shipping(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One of the shipments of an order whose `shippingMode` is Multiple."""

    shipping_key: str = ""
    shipping_info: ShippingInfo | None = None
    shipping_address: Address | None = None
    shipping_custom_fields: CustomFields | None = None


class DiscountOnTotal(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A discount on the whole order, that no line carries."""

    discounted_amount: Money | None = None


class PaymentInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The payments of an order."""

    payments: Sequence[Link[Payment]] = ()


class Order(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order."""

    id: str
    version: int
    created_at: str | None = None
    order_number: str | None = None
    purchase_order_number: str | None = None
    customer_id: str | None = None
    customer_email: str | None = None
    total_price: Money | None = None
    taxed_price: TaxedPrice | None = None
    discount_on_total_price: DiscountOnTotal | None = None
    order_state: str | None = None
    shipment_state: str | None = None
    payment_state: str | None = None
    state: Link[Head] | None = None
    line_items: Sequence[LineItem] = ()
    custom_line_items: Sequence[CustomLineItem] = ()
    billing_address: Address | None = None
    shipping_address: Address | None = None
    item_shipping_addresses: Sequence[Address] = ()
    shipping_mode: str | None = None
    shipping_info: ShippingInfo | None = None
    shipping: Sequence[Shipping] = ()
    shipping_custom_fields: CustomFields | None = None
    payment_info: PaymentInfo | None = None
    store: Link[Head] | None = None
    locale: str | None = None
    origin: str | None = None
    custom: CustomFields | None = None
