"""What an account may decide about its mappings, each with the default that suits most."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The choices of one account and retailer.

    locales:               tried in order for localized text; then any locale that there is.
    enum_attributes:       of an enum value, its key or its label.
    localized_attributes:  localized text as the text of the first locale, or all of it as JSON.
    money_attributes:      money as text ("12.34 EUR"), or as commercetools' JSON.
    reference_attributes:  what a reference points to, by its id or by its key (else its id).
    decimal_attributes:    numbers that may have decimals: type JSON, FLOAT, or text (STRING).
    order_ref:             what an order is called in Fluent, without fallback.
    order_number_deadline: seconds that an order without number waits for one (`order-number`).
    order_number_wait:     seconds between two looks at such an order.
    export_when:           per field of the order, the values that let it pass ("" = absent).
    import_orders:         `OrderImported`: off, through the gate like any other, or as history.
    inert_order_types:     order types that start no fulfilment; history is loaded as the first.
    expand_order:          references to read with an order beside those that our mapping needs
                           ("lineItems[*].productType", "custom.fields.shop").
    order_types:           Fluent's order types for home delivery, collection and both.
    pickup_field:          custom field of order, line or shipping that names the pickup location.
    pickup_from:           where the pickup location is looked for, in this order ("channel": the
                           key of the line's supply channel).
    missing_address:       home delivery without an address: dead, or sent without one.
    delivery_types:        shipping method key or name -> Fluent `deliveryType`; "*" = any other.
    custom_lines:          slug, or pattern ("fee-*") -> "fulfilment", "attribute" or the SKU of a
                           service product; a negative one is a discount, whatever stands here.
    untaxed:               an order without `taxedPrice`: dead, or taken as net.
    item_prices:           what `price`, `paidPrice` and `taxPrice` of an item hold: net or gross of
                           tax, for one piece or (`-line`) for the line; the totals are always net
                           and tax.
    tax_types:             country of the tax rate -> `taxType` of an item; "*" = any.
    payment_methods:       payment method -> Fluent's; what is not named is kept as it is.
    username:              what a customer is called in Fluent for ever.
    username_prefix:       before each username, where retailers of one account could clash.
    missing_email:         a customer without e-mail: dead, or this address with {id} filled in.
    promotion_opt_in:      sent on create only, as is `timezone`.
    standard_product_ref:  pattern for the standard product's ref.
    product_key:           what the pattern's {key} is: the key (else the id), or always the id.
    gtin_attribute:        product attribute that holds the barcode; else the ref, cut to 20.
    category_ref:          what a category is called in Fluent.
    category_root:         ref of Fluent's category under which those without a parent stand; "" =
                           they have none, and a move to the root cannot be expressed.
    price_types:           pattern `currency/country/channel/group/tier/recurrence` -> price `type`,
                           first match wins: mapping/prices.py. What matches none is left out.
    discounted_types:      the same for further rows of prices' discounted values.
    discounted_type:       short for discounted_types {"*/": TYPE, "*/*": TYPE_{country}}.
    removed_price:         a price that is gone: its row is kept, or marked by `price_marker`.
    price_marker:          value of the row of a price that is gone.
    order_states:          Fluent's status of an order -> `orderState` in commercetools; "*" = any
                           other; what is named nowhere changes nothing.
    payment_states:        Fluent's status of an order -> `paymentState`, likewise.
    shipment_states:       Fluent's status of an order -> `shipmentState`, likewise.
    tax_country:           country of a product's tax; "" = of its tax category, if that has one.
    """

    catalogue: str = "DEFAULT:1"
    locales: Sequence[str] = ("en", "en-GB", "en-US")
    enum_attributes: Literal["key", "label"] = "key"
    localized_attributes: Literal["first", "all"] = "first"
    money_attributes: Literal["text", "json"] = "text"
    reference_attributes: Literal["id", "key"] = "id"
    decimal_attributes: Literal["json", "float", "text"] = "json"
    order_ref: Literal["order-number", "id"] = "order-number"
    order_number_deadline: float = 3 * 86400.0
    order_number_wait: float = 60.0
    export_when: Mapping[str, Sequence[str]] = msgspec.field(
        default_factory=lambda: {
            "orderState": ("Open", "Confirmed"),
            "shipmentState": ("", "Pending", "Ready"),
            "paymentState": ("", "BalanceDue", "Pending", "CreditOwed", "Paid"),
        }
    )
    import_orders: Literal["gate", "history", "off"] = "off"
    inert_order_types: Sequence[str] = ()
    expand_order: Sequence[str] = ()
    order_types: Mapping[str, str] = msgspec.field(
        default_factory=lambda: {"HD": "HD", "CC": "CC", "MULTI": "MULTI"}
    )
    pickup_field: str = "pickupLocationRef"
    pickup_from: Sequence[Literal["line", "shipping", "order", "channel"]] = (
        "line",
        "shipping",
        "order",
    )
    missing_address: Literal["dead", "send"] = "dead"
    delivery_types: Mapping[str, str] = msgspec.field(default_factory=lambda: {"*": "STANDARD"})
    custom_lines: Mapping[str, str] = msgspec.field(default_factory=lambda: {"*": "attribute"})
    untaxed: Literal["dead", "net"] = "net"
    item_prices: Literal["net", "gross", "net-line", "gross-line"] = "net"
    tax_types: Mapping[str, str] = msgspec.field(default_factory=lambda: {"*": "VAT"})
    payment_methods: Mapping[str, str] = msgspec.field(
        default_factory=lambda: {
            "CREDIT_CARD": "CREDITCARD",
            "CreditCard": "CREDITCARD",
            "creditCard": "CREDITCARD",
            "card": "CREDITCARD",
            "scheme": "CREDITCARD",
            "PayPal": "PAYPAL",
            "paypal": "PAYPAL",
            "GiftCard": "GIFTVOUCHER",
            "giftcard": "GIFTVOUCHER",
            "afterpaytouch": "AFTERPAY",
        }
    )
    username: Literal["id", "customer-number", "email"] = "id"
    username_prefix: str = ""
    missing_email: str = "{id}@no-email.invalid"
    promotion_opt_in: bool = False
    timezone: str = "UTC"
    standard_product_ref: str = "P_{key}"
    product_key: Literal["key", "id"] = "key"
    gtin_attribute: str | None = None
    category_ref: Literal["id", "key"] = "id"
    category_root: str = ""
    price_types: Mapping[str, str] = msgspec.field(
        default_factory=lambda: {"*/": "DEFAULT", "*/*": "DEFAULT_{country}"}
    )
    discounted_types: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    discounted_type: str = ""
    removed_price: Literal["keep", "mark"] = "keep"
    price_marker: int = 0
    tax_country: str = ""
    tax_group: str = "STANDARD"
    tax_tariff: str = "STANDARD"
    order_states: Mapping[str, str] = msgspec.field(
        default_factory=lambda: {
            **dict.fromkeys(("CREATED", "RECEIVED", "PENDING_PAYMENT", "ESCALATED"), "Open"),
            **dict.fromkeys(
                (
                    *("BOOKED", "PICK_PACK", "PICK_PACK_CC", "AWAITING_COURIER_COLLECTION"),
                    "AWAITING_CUSTOMER_COLLECTION",
                ),
                "Confirmed",
            ),
            "COMPLETE": "Complete",
            "CANCELLED": "Cancelled",
        }
    )
    payment_states: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    shipment_states: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
