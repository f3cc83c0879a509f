"""What mapping files read to fill the parts of Fluent's createOrder.

The fields of each source are the roots of its paths: commercetools' own resources, and what was
worked out of them. Amounts among the latter are numbers in whole currency that print as their exact
decimals (`money.number`).
"""

from collections.abc import Mapping, Sequence

import msgspec

from fluent_connect.clients.commercetools.line import CustomLineItem, LineItem
from fluent_connect.clients.commercetools.model import Address, CustomFields, TaxRate
from fluent_connect.clients.commercetools.payment import Payment, Transaction
from fluent_connect.clients.commercetools.shipping import ShippingInfo
from fluent_connect.handlers import customer_input
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.mapping.rules.target import Target

Json = Mapping[str, object]


class Made(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an order comes to.

    price:         as `totalPrice` is to be: with or without tax, by `item-prices`.
    discount:      the discount on the total, as text; it is shared out among the items.
    custom_lines:  those that are no items: id, slug, quantity, net and tax as text.
    tax_portions:  name, rate and amount as text.
    discount_codes: code (its id, if it was not expanded) and state.
    open_payments: payments that hold no money (yet): id, method, provider, amount, state.
    """

    ref: str
    type: str
    currency: str
    net: float
    tax: float
    gross: float
    price: float
    discount: str | None = None
    custom_lines: Sequence[Json] = ()
    tax_portions: Sequence[Json] = ()
    discount_codes: Sequence[Json] = ()
    open_payments: Sequence[Json] = ()


class Item(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an item comes to: a line, a part of one, or a custom line.

    net, tax, gross: of all pieces, after all discounts. price, paid_price, tax_price: as
    `item-prices` says. discounts: of the line, id and amount as text. choice_ref: None unless
    the order is of several ways (MULTI).
    """

    ref: str
    sku: str | None
    quantity: int
    currency: str
    net: float
    tax: float
    gross: float
    price: float | None
    paid_price: float
    tax_price: float
    tax_rate: TaxRate | None
    tax_type: str | None
    shipping_key: str
    choice_ref: str | None
    discounts: Sequence[Json] = ()


class Choice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a fulfilment choice comes to. pickup: the location's ref, if it is collected."""

    ref: str
    type: str
    fulfilment_type: str
    delivery_type: str | None
    currency: str
    price: float
    tax: float
    pickup: str | None


class Shipment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a fulfilment choice ships, be the shipping mode Single or Multiple."""

    key: str
    info: ShippingInfo | None
    address: Address | None
    custom: CustomFields | None


class Money(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The money that a payment holds. unscaled, scale: None where 32 bits cannot hold it.

    type: "Charge" or "Authorization". exact, refunded: as text. method: by `payment-methods`.
    """

    type: str
    amount: float
    currency: str
    scale: int | None
    unscaled: int | None
    exact: str | None
    refunded: str | None
    method: str


class OrderSource(msgspec.Struct, frozen=True):
    """For `order`."""

    order: ExportedOrder
    made: Made


class ItemSource(msgspec.Struct, frozen=True):
    """For `item`."""

    order: ExportedOrder
    line: LineItem
    item: Item


class ServiceItemSource(msgspec.Struct, frozen=True):
    """For `service-item`: a custom line that stands for a product."""

    order: ExportedOrder
    line: CustomLineItem
    item: Item


class ChoiceSource(msgspec.Struct, frozen=True):
    """For `fulfilment-choice`. `recipient`: the shipping address, else the billing address."""

    order: ExportedOrder
    shipment: Shipment
    recipient: Address
    choice: Choice


class AddressSource(msgspec.Struct, frozen=True):
    """For `delivery-address` and `billing-address`; `ref` is that of the fulfilment choice."""

    order: ExportedOrder
    address: Address
    ref: str


class TransactionSource(msgspec.Struct, frozen=True):
    """For `financial-transaction`. `transaction`: the first of `transactions`, which sum up."""

    order: ExportedOrder
    payment: Payment
    transaction: Transaction
    transactions: Sequence[Transaction]
    held: Money


TARGETS: Mapping[str, Target] = {
    **customer_input.TARGETS,
    "order": Target(OrderSource, "CreateOrderInput"),
    "item": Target(ItemSource, "CreateOrderItemWithOrderInput"),
    "service-item": Target(ServiceItemSource, "CreateOrderItemWithOrderInput"),
    "fulfilment-choice": Target(ChoiceSource, "CreateFulfilmentChoiceWithOrderInput"),
    "delivery-address": Target(AddressSource, "CreateCustomerAddressInput"),
    "billing-address": Target(AddressSource, "CreateOrderBillingAddressInput"),
    "financial-transaction": Target(TransactionSource, "CreateFinancialTransactionWithOrderInput"),
}
