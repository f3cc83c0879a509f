"""Resources that nobody would make up by hand: Hypothesis makes them, of the typed shapes."""

from typing import Any

from hypothesis import strategies as st

from fluent_connect.clients.commercetools import line, model, order, payment, product, shipping
from fluent_connect.handlers.category.upsert import CategoryState
from fluent_connect.handlers.customer import CustomerState
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.handlers.product.catalogued import CataloguedProduct
from fluent_connect.handlers.product.in_fluent import InFluent

_TEXT = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["x" * 300, "e\u0301" * 140, "\U0001f600" * 130, "\x00", " ", "EUR", "DE"]),
)
_ID = st.sampled_from(["id-1", "id-2", "a" * 36, "A-1"])
_MAYBE = st.none() | _TEXT
_LOCALIZED = st.dictionaries(st.sampled_from(["en", "de", "fr-CA", ""]), _TEXT, max_size=3)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2),
    max_leaves=4,
)
_CENTS = st.one_of(st.integers(-500, 100_000), st.integers(-(10**20), 10**20))
_CURRENCY = st.sampled_from(["EUR", "EUR", "EUR", "JPY", ""])


@st.composite
def _money(draw: st.DrawFn) -> model.Money:
    return model.Money(
        currency_code=draw(_CURRENCY),
        cent_amount=draw(_CENTS),
        fraction_digits=draw(st.sampled_from([2, 2, 2, None, 0, 3, 30, -1])),
        precise_amount=draw(st.none() | _CENTS),
    )


def of(type_: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(type_, **fields)


_ADDRESS = of(
    model.Address,
    id=st.none() | _ID,
    key=st.none() | _ID,
    first_name=_MAYBE,
    last_name=_MAYBE,
    street_name=_MAYBE,
    street_number=_MAYBE,
    p_o_box=_MAYBE,
    city=_MAYBE,
    country=_MAYBE,
    phone=_MAYBE,
    mobile=_MAYBE,
    email=_MAYBE,
)
_TAXED = of(model.TaxedPrice, total_net=_money(), total_gross=_money())
_RATE = of(
    model.TaxRate,
    amount=st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 0.19]),
    included_in_price=st.booleans(),
    country=_MAYBE,
)
_CUSTOM = of(
    model.CustomFields,
    fields=st.dictionaries(st.sampled_from(["pickupLocationRef", "x"]), _JSON, max_size=2),
)
_HEAD = of(model.Head, id=_ID, key=_MAYBE)
_LINK = of(model.Link, type_id=_TEXT, id=_ID, key=_MAYBE, obj=st.none() | _HEAD)
_ATTRIBUTE = of(product.Attribute, name=_TEXT, value=_JSON)
_DATE = st.sampled_from(
    [None, None, "2025-01-01T00:00:00Z", "2026-06-01T00:00:00.5Z", "9999-12-31T23:59:59.999Z", "x"]
)
_PRICE = of(
    product.Price,
    id=_MAYBE,
    key=_MAYBE,
    sku=st.none() | _ID,
    value=_money(),
    country=_MAYBE,
    channel=st.none() | _LINK,
    customer_group=st.none() | _LINK,
    valid_from=_DATE,
    valid_until=_DATE,
    active=st.booleans(),
    tiers=st.lists(of(product.PriceTier, minimum_quantity=st.integers(0, 9), value=_money()))
    | st.just([]),
    discounted=st.none() | of(model.DiscountedPrice, value=_money()),
    recurrence_policy=st.none() | _LINK,
)
_ASSET = of(
    model.Asset,
    key=_MAYBE,
    name=_LOCALIZED,
    description=st.none() | _LOCALIZED,
    tags=st.lists(_TEXT, max_size=2),
    sources=st.lists(of(model.AssetSource, uri=_TEXT, content_type=_MAYBE), max_size=2),
)
_VARIANT = of(
    product.Variant,
    id=st.integers(0, 5),
    sku=st.none() | _ID | _TEXT,
    key=_MAYBE,
    prices=st.lists(_PRICE, max_size=3),
    attributes=st.lists(_ATTRIBUTE, max_size=3),
    images=st.lists(of(product.Image, url=_TEXT, label=_MAYBE), max_size=2),
    assets=st.lists(_ASSET, max_size=2),
)
_KIND = st.fixed_dictionaries(
    {"name": st.sampled_from(["text", "ltext", "enum", "lenum", "money", "number", "reference"])}
)
_PRODUCT_TYPE = of(
    product.ProductType,
    id=_ID,
    key=_MAYBE,
    attributes=st.lists(of(product.AttributeDefinition, name=_TEXT, type=_KIND), max_size=3),
)
_TAX = of(
    product.TaxCategory,
    id=_ID,
    version=st.integers(1, 9),
    key=_MAYBE,
    rates=st.lists(_RATE, max_size=2),
)
_TARGET = of(
    line.ItemTarget,
    address_key=st.none() | _ID,
    quantity=st.integers(-1, 3),
    shipping_method_key=st.none() | _ID,
)
_LINE = of(
    line.LineItem,
    id=_ID,
    product_id=st.none() | _ID,
    name=_LOCALIZED,
    variant=_VARIANT,
    price=st.none() | _PRICE,
    quantity=st.integers(-1, 4) | st.integers(0, 2**40),
    total_price=st.none() | _money(),
    taxed_price=st.none() | _TAXED,
    tax_rate=st.none() | _RATE,
    shipping_details=st.none() | of(line.ItemShipping, targets=st.lists(_TARGET, max_size=2)),
    custom=st.none() | _CUSTOM,
)
_CUSTOM_LINE = of(
    line.CustomLineItem,
    id=_ID,
    slug=_TEXT,
    quantity=st.integers(-1, 3),
    total_price=st.none() | _money(),
    taxed_price=st.none() | _TAXED,
    tax_rate=st.none() | _RATE,
)
_INFO = of(
    shipping.ShippingInfo,
    shipping_method_name=_MAYBE,
    price=st.none() | _money(),
    taxed_price=st.none() | _TAXED,
    tax_rate=st.none() | _RATE,
)
_SHIPPING = of(
    shipping.Shipping,
    shipping_key=_ID,
    shipping_info=st.none() | _INFO,
    shipping_address=st.none() | _ADDRESS,
    shipping_custom_fields=st.none() | _CUSTOM,
)
_TRANSACTION = of(
    payment.Transaction,
    type=st.sampled_from(["Charge", "Authorization", "Refund"]),
    state=st.sampled_from(["Success", "Pending"]),
    amount=st.none() | _money(),
    interaction_id=_MAYBE,
)
_PAYMENT = of(
    payment.Payment,
    id=_ID,
    version=st.integers(1, 9),
    transactions=st.lists(_TRANSACTION, max_size=2),
)
_PAYMENTS = of(
    order.PaymentInfo,
    payments=st.lists(of(model.Link, id=_ID, obj=st.none() | _PAYMENT), max_size=2),
)

CUSTOMERS = of(
    CustomerState,
    id=_ID,
    version=st.integers(1, 2**53),
    customer_number=_MAYBE,
    email=_MAYBE,
    title=_MAYBE,
    first_name=_MAYBE,
    last_name=_MAYBE,
    company_name=_MAYBE,
    addresses=st.lists(_ADDRESS, max_size=2),
    default_shipping_address_id=st.none() | _ID,
    erased=st.booleans(),
)
ORDERS = of(
    ExportedOrder,
    id=_ID,
    version=st.integers(1, 2**53),
    order_number=_MAYBE,
    customer_id=st.none() | _ID,
    customer_email=_MAYBE,
    total_price=st.none() | _money(),
    taxed_price=st.none() | _TAXED,
    discount_on_total_price=st.none()
    | of(order.DiscountOnTotal, discounted_amount=st.none() | _money()),
    order_state=st.sampled_from(["Open", "Open", "Confirmed", "New"]),
    payment_state=st.sampled_from([None, None, "Paid", "Failed"]),
    line_items=st.lists(_LINE, max_size=3),
    custom_line_items=st.lists(_CUSTOM_LINE, max_size=2),
    shipping_address=st.none() | _ADDRESS,
    billing_address=st.none() | _ADDRESS,
    item_shipping_addresses=st.lists(_ADDRESS, max_size=2),
    shipping_mode=st.sampled_from([None, "Single", "Multiple"]),
    shipping_info=st.none() | _INFO,
    shipping=st.lists(_SHIPPING, max_size=2),
    payment_info=st.none() | _PAYMENTS,
    custom=st.none() | _CUSTOM,
    buyer=st.none() | CUSTOMERS,
)
CATEGORIES = of(
    CategoryState,
    id=_ID,
    version=st.integers(1, 2**53),
    key=_MAYBE,
    name=_LOCALIZED,
    slug=_LOCALIZED,
    description=st.none() | _LOCALIZED,
    parent=st.none() | _LINK,
)
PRODUCTS = of(
    CataloguedProduct,
    id=_ID,
    version=st.integers(1, 2**53),
    key=_MAYBE,
    product_type=st.none() | of(model.Link, id=_ID, obj=st.none() | _PRODUCT_TYPE),
    tax_category=st.none() | of(model.Link, id=_ID, obj=st.none() | _TAX),
    price_mode=st.sampled_from([None, "Embedded", "Standalone"]),
    master_data=of(
        product.MasterData,
        published=st.booleans(),
        current=st.none()
        | of(
            product.ProductData,
            name=_LOCALIZED,
            slug=_LOCALIZED,
            description=st.none() | _LOCALIZED,
            categories=st.lists(_LINK, max_size=2),
            attributes=st.lists(_ATTRIBUTE, max_size=2),
            master_variant=st.none() | _VARIANT,
            variants=st.lists(_VARIANT, max_size=2),
        ),
    ),
    standalone=st.lists(_PRICE, max_size=2),
    in_fluent=of(
        InFluent,
        variants=st.lists(_ID, max_size=2),
        inactive=st.frozensets(_ID, max_size=2),
        standards=st.lists(_ID, max_size=1),
        prices=st.dictionaries(
            _ID,
            st.dictionaries(
                st.sampled_from(["DEFAULT/EUR", "A/B/JPY"]), st.sampled_from(["sent", "removed"])
            ),
        ),
    ),
    at=st.sampled_from(["", "2026-01-01T00:00:00.000Z"]),
    gone=st.booleans(),
)
