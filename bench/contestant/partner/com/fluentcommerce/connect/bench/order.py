"""A partner's order handler: one read, a pure map, one createOrder, as the other contestants."""

from collections.abc import Iterable, Mapping

import msgspec

from fluent_connect import (
    Fetched,
    HandlerContext,
    MapContext,
    Message,
    MessageHandler,
    Mutation,
    Skip,
)


class Money(msgspec.Struct, rename="camel"):
    cent_amount: int
    fraction_digits: int
    currency_code: str

    @property
    def amount(self) -> float:
        return self.cent_amount / 10**self.fraction_digits


class Taxed(msgspec.Struct, rename="camel"):
    total_tax: Money


class Price(msgspec.Struct):
    value: Money


class Variant(msgspec.Struct):
    sku: str


class Line(msgspec.Struct, rename="camel"):
    id: str
    quantity: int
    variant: Variant
    price: Price
    total_price: Money
    taxed_price: Taxed
    name: Mapping[str, str]


class Address(msgspec.Struct, rename="camel"):
    first_name: str
    last_name: str
    street_name: str
    street_number: str
    city: str
    postal_code: str
    country: str
    state: str | None = None
    company: str | None = None


class Store(msgspec.Struct):
    key: str


class Order(msgspec.Struct, rename="camel"):
    id: str
    version: int
    order_number: str
    created_at: str
    customer_id: str
    customer_email: str
    total_price: Money
    taxed_price: Taxed
    shipping_address: Address
    store: Store
    line_items: list[Line]


class BenchOrderHandler(MessageHandler[Order]):
    """Carry an order to Fluent with the fields that every contestant maps."""

    name = "BenchOrderHandler"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Order]:
        if message.resource is None:
            raise Skip("no order")
        order = await context.commercetools.get(message.resource, Order)
        return Fetched(order, None if order is None else order.version)

    def map(self, order: Order, message: Message, context: MapContext) -> Iterable[Mutation]:
        address, total = order.shipping_address, order.total_price
        name = f"{address.first_name} {address.last_name}"
        yield Mutation(
            "createOrder",
            {
                "ref": order.id,
                "type": "HD",
                "retailer": {"id": context.retailer},
                "totalPrice": total.amount,
                "totalTaxPrice": order.taxed_price.total_tax.amount,
                "customer": {"id": order.customer_id},
                "fulfilmentChoice": {
                    "currency": total.currency_code,
                    "deliveryType": "STANDARD",
                    "fulfilmentType": "HD_PFDC",
                    "deliveryFirstName": address.first_name,
                    "deliveryLastName": address.last_name,
                    "deliveryEmail": order.customer_email,
                    "deliveryAddress": {
                        "ref": order.id,
                        "name": name,
                        "street": f"{address.street_name} {address.street_number}",
                        "city": address.city,
                        "postcode": address.postal_code,
                        "state": address.state,
                        "country": address.country,
                        "companyName": address.company,
                    },
                },
                "attributes": [
                    {"name": "createdOn", "type": "STRING", "value": order.created_at},
                    {"name": "orderNumber", "type": "STRING", "value": order.order_number},
                    {"name": "store", "type": "STRING", "value": order.store.key},
                ],
                "items": [_item(line) for line in order.line_items],
            },
        )


def _item(line: Line) -> dict[str, object]:
    return {
        "ref": line.id,
        "productRef": line.variant.sku,
        "productCatalogueRef": "DEFAULT:1",
        "quantity": line.quantity,
        "price": line.price.value.amount,
        "totalPrice": line.total_price.amount,
        "totalTaxPrice": line.taxed_price.total_tax.amount,
        "currency": line.total_price.currency_code,
        "attributes": [{"name": "name", "type": "STRING", "value": line.name["en-GB"]}],
    }
