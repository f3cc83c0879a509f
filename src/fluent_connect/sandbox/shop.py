"""A small shop of our own invention, the same for the same seed, in any size."""

import random
import uuid
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

Json = dict[str, Any]
LOCATIONS = ("STORE_HARBOUR", "STORE_STATION", "STORE_MARKET")
"""Where click and collect orders are picked up; `custom.fields.pickupLocationRef` names one."""
PRODUCTS = 20
CATEGORIES = 13
_RATE = Decimal("0.19")
_AT = "2026-01-05T09:00:00.000Z"
_ROOM = ("Kitchen", "Garden", "Studio", "Workshop")
_KIND = ("Lamp", "Kettle", "Stool", "Vase", "Clock")
_COLOUR = ("ochre", "slate", "moss")
_FIRST = ("Ada", "Bruno", "Carla", "Dmitri", "Elif", "Femi", "Greta", "Hugo")
_LAST = ("Andersen", "Baptiste", "Cho", "Duarte", "Eriksen", "Faber", "Gomez")
_TOWN = (("Lindau", "88131"), ("Husum", "25813"), ("Celle", "29221"), ("Goslar", "38640"))
_SHIPPING_CENTS = 490


class Shop:
    """Builds commercetools resources by number; ids and amounts follow from seed and number."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed

    def id(self, kind: str, name: object) -> str:
        """Return the id of a resource of this shop."""
        return str(
            uuid.uuid5(uuid.NAMESPACE_URL, f"fluent-connect-sandbox/{self.seed}/{kind}/{name}")
        )

    def resources(
        self, *, customers: int = 8, orders: int = 12, products: int = PRODUCTS
    ) -> Iterator[tuple[str, Json]]:
        """Yield (path, draft) of the whole shop, what is referred to first."""
        yield "tax-categories", self.tax_category()
        yield "product-types", self.product_type()
        yield "types", self.order_type()
        yield "states", self.state()
        yield "shipping-methods", self.shipping_method()
        for location in LOCATIONS:
            yield "channels", self.channel(location)
        yield "stores", self.store()
        for number in range(CATEGORIES):
            yield "categories", self.category(number)
        for number in range(products):
            yield "products", self.product(number)
            yield "inventory", self.inventory(number)
        for number in range(customers):
            yield "customers", self.customer(number)
        for number in range(orders):
            yield "payments", self.payment(number)
            yield "orders", self.order(number)

    def tax_category(self) -> Json:
        """Return the one tax category: 19 %, included in prices."""
        rate = self._rate() | {"id": "de-19"}
        return self._made("tax-category", "standard") | {"name": "Standard", "rates": [rate]}

    def product_type(self) -> Json:
        """Return the one product type."""
        text = {"isRequired": False, "isSearchable": True, "inputHint": "SingleLine"}
        attributes = [
            {"name": name, "label": {"en": name.title()}, "type": {"name": "text"}, **text}
            | {"attributeConstraint": "None"}
            for name in ("colour", "gtin")
        ]
        made = self._made("product-type", "household")
        return made | {"name": "Household", "description": "Things", "attributes": attributes}

    def order_type(self) -> Json:
        """Return the custom type of orders that are collected."""
        field = {
            "name": "pickupLocationRef",
            "label": {"en": "Pickup location"},
            "type": {"name": "String"},
            "required": False,
            "inputHint": "SingleLine",
        }
        made = self._made("type", "click-and-collect")
        name = {"name": {"en": "Click and collect"}, "resourceTypeIds": ["order"]}
        return made | name | {"fieldDefinitions": [field]}

    def state(self) -> Json:
        """Return the state that lines begin in."""
        return self._made("state", "initial") | {"type": "LineItemState", "initial": True}

    def shipping_method(self) -> Json:
        """Return the one shipping method."""
        tax = self._reference("tax-category", "standard")
        made = self._made("shipping-method", "parcel")
        rest = {"zoneRates": [], "isDefault": True, "active": True}
        return made | {"name": "Parcel", "taxCategory": tax} | rest

    def channel(self, key: str) -> Json:
        """Return the channel of a pickup location."""
        name = {"en": key.replace("_", " ").title()}
        return self._made("channel", key) | {"roles": ["InventorySupply"], "name": name}

    def store(self) -> Json:
        """Return the one store."""
        channels = [self._reference("channel", key) for key in LOCATIONS]
        return self._made("store", "web") | {"name": {"en": "Web"}, "supplyChannels": channels}

    def category(self, number: int) -> Json:
        """Return category `number`: 0 is the root, then its four rooms, then two in each."""
        key = f"category-{number}"
        made = self._made("category", key) | {"slug": {"en": key}, "orderHint": f"0.{number + 1}"}
        rooms = len(_ROOM)
        if number == 0:
            return made | {"name": {"en": "All", "de": "Alles"}}
        if number <= rooms:
            name, parent = _ROOM[number - 1], 0
        else:
            parent = (number - rooms - 1) % rooms + 1
            name = f"{_ROOM[parent - 1]} {_KIND[number % len(_KIND)]}s"
        above = self._reference("category", f"category-{parent}")
        return made | {"name": {"en": name, "de": f"{name} (de)"}, "parent": above}

    def product(self, number: int) -> Json:
        """Return published product `number` with two or three variants, priced in EUR and USD."""
        key = f"product-{number}"
        name = f"{_ROOM[number % len(_ROOM)]} {_KIND[number % len(_KIND)]} {number}"
        variants = [self._variant(number, index) for index in range(1, 3 + number % 2)]
        leaf = len(_ROOM) + 1 + number % (CATEGORIES - len(_ROOM) - 1)
        return {
            "id": self.id("product", key),
            "key": key,
            "productType": self._reference("product-type", "household"),
            "taxCategory": self._reference("tax-category", "standard"),
            "name": {"en": name, "de": f"{name} (de)"},
            "slug": {"en": key},
            "description": {"en": f"{name}, made to last."},
            "categories": [self._reference("category", f"category-{leaf}")],
            "masterVariant": variants[0],
            "variants": variants[1:],
            "publish": True,
        }

    def inventory(self, number: int) -> Json:
        """Return the stock of the first variant of a product."""
        made = self._made("inventory-entry", f"stock-{number}")
        return made | {"sku": sku(number, 1), "quantityOnStock": 40 + number}

    def customer(self, number: int) -> Json:
        """Return customer `number` with an address for shipping and billing."""
        first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
        address = self._address(number) | {"id": "home"}
        return {
            "id": self.id("customer", number),
            "key": f"customer-{number}",
            "customerNumber": f"C{number:06}",
            "email": f"{first}.{last}.{number}@example.com".lower(),
            "firstName": first,
            "lastName": last,
            "locale": "en",
            "addresses": [address],
            "defaultShippingAddressId": "home",
            "defaultBillingAddressId": "home",
            "shippingAddressIds": ["home"],
            "billingAddressIds": ["home"],
        }

    def payment(self, number: int) -> Json:
        """Return the payment of order `number`: authorized, and charged for every other."""
        total = self.order(number)["totalPrice"]
        kinds = ("Authorization", "Charge") if number % 2 else ("Authorization",)
        transactions = [
            {
                "id": self.id("transaction", f"{number}-{kind}"),
                "type": kind,
                "amount": total,
                "state": "Success",
                "timestamp": _AT,
                "interactionId": f"psp-{number}-{kind.lower()}",
            }
            for kind in kinds
        ]
        made = self._made("payment", f"payment-{number}")
        method = {"paymentInterface": "SandboxPay", "method": "CREDIT_CARD"}
        interface = {"interfaceId": f"psp-{number}", "paymentMethodInfo": method}
        return made | interface | {"amountPlanned": total, "transactions": transactions}

    def order(self, number: int, *, collect: bool | None = None, guest: bool | None = None) -> Json:
        """Return order `number`, whole: every third is collected, every fifth a guest's.

        Line totals, taxes and shipping add up to the cent. Every seventh has a price of more
        digits than cents.
        """
        collect = number % 3 == 2 if collect is None else collect  # noqa: PLR2004
        guest = number % 5 == 4 if guest is None else guest  # noqa: PLR2004
        chance = random.Random(f"{self.seed}/{number}")  # noqa: S311
        lines = [self._line(number, index, chance) for index in range(chance.randint(1, 3))]
        address = self._address(number)
        order: Json = {
            "id": self.id("order", number),
            "version": 1,
            "orderNumber": f"S{self.seed}-{number:06}",
            "createdAt": _AT,
            "lastModifiedAt": _AT,
            "orderState": "Open",
            "paymentState": "Paid" if number % 2 else "Pending",
            "customerEmail": f"guest.{number}@example.com",
            "country": "DE",
            "locale": "en",
            "store": {"typeId": "store", "key": "web"},
            "lineItems": lines,
            "customLineItems": [],
            "shippingAddress": address,
            "billingAddress": address,
            "paymentInfo": {"payments": [self._reference("payment", f"payment-{number}")]},
        }
        if not guest:
            customer = self.customer(number % 8)
            order |= {"customerId": customer["id"], "customerEmail": customer["email"]}
        if collect:
            custom = {"pickupLocationRef": LOCATIONS[number % len(LOCATIONS)]}
            kind = self._reference("type", "click-and-collect")
            order["custom"] = {"type": kind, "fields": custom}
        order["shippingInfo"] = self._shipping(0 if collect else _SHIPPING_CENTS)
        return order | _totals([*lines, order["shippingInfo"]])

    def _line(self, number: int, index: int, chance: random.Random) -> Json:
        product = chance.randrange(PRODUCTS)
        variant = self._variant(product, 1 + index % 2)
        quantity = chance.randint(1, 4)
        price = dict(variant["prices"][0])
        cents = Decimal(price["value"]["centAmount"])
        if number % 7 == 3 and index == 0:  # noqa: PLR2004
            cents += Decimal("0.37")
            exact = {"type": "highPrecision", "preciseAmount": int(cents * 100)}
            price["value"] = price["value"] | exact | {"fractionDigits": 4}
        total = _round(cents * quantity)
        whole = self.product(product)
        state = {"typeId": "state", "id": self.id("state", "initial")}
        return {
            "id": self.id("line", f"{number}-{index}"),
            "productId": whole["id"],
            "productKey": whole["key"],
            "productSlug": whole["slug"],
            "productType": whole["productType"],
            "name": whole["name"],
            "variant": variant,
            "price": price,
            "quantity": quantity,
            "totalPrice": euro(total),
            "taxedPrice": _taxed(total),
            "taxRate": self._rate(),
            "state": [{"quantity": quantity, "state": state}],
            "discountedPricePerQuantity": [],
            "priceMode": "Platform",
            "lineItemMode": "Standard",
        }

    def _shipping(self, cents: int) -> Json:
        return {
            "shippingMethodName": "Parcel",
            "shippingMethod": self._reference("shipping-method", "parcel"),
            "price": euro(cents),
            "shippingRate": {"price": euro(cents), "tiers": []},
            "taxedPrice": _taxed(cents),
            "taxRate": self._rate(),
            "taxCategory": self._reference("tax-category", "standard"),
            "deliveries": [],
            "shippingMethodState": "MatchesCart",
        }

    def _variant(self, product: int, index: int) -> Json:
        cents = 900 + 137 * product + 250 * index
        prices = [
            {"id": self.id("price", f"{product}-{index}-EUR"), "value": euro(cents)},
            {"id": self.id("price", f"{product}-{index}-USD"), "value": money(cents + 80, "USD")},
        ]
        return {
            "id": index,
            "sku": sku(product, index),
            "key": sku(product, index).lower(),
            "prices": prices,
            "attributes": [
                {"name": "colour", "value": _COLOUR[index % len(_COLOUR)]},
                {"name": "gtin", "value": f"40{product:05}{index:05}"},
            ],
            "images": [],
            "assets": [],
        }

    def _address(self, number: int) -> Json:
        city, postcode = _TOWN[number % len(_TOWN)]
        return {
            "id": f"a{number}",
            "firstName": _FIRST[number % len(_FIRST)],
            "lastName": _LAST[number % len(_LAST)],
            "streetName": "Seestrasse",
            "streetNumber": str(number % 90 + 1),
            "postalCode": postcode,
            "city": city,
            "country": "DE",
            "phone": f"+49 30 {number:06}",
            "email": f"guest.{number}@example.com",
        }

    def _rate(self) -> Json:
        rate = {"id": "de-19", "name": "19% incl.", "amount": float(_RATE)}
        return rate | {"includedInPrice": True, "country": "DE", "subRates": []}

    def _made(self, kind: str, key: str) -> Json:
        return {"id": self.id(kind, key), "key": key}

    def _reference(self, kind: str, key: str) -> Json:
        return {"typeId": kind, "id": self.id(kind, key)}


def build_order(number: int, *, seed: int = 1, **how: bool | None) -> Json:
    """Return order `number` of the shop."""
    return Shop(seed).order(number, **how)


def build_customer(number: int, *, seed: int = 1) -> Json:
    """Return customer `number` of the shop."""
    return Shop(seed).customer(number)


def build_product(number: int, *, seed: int = 1) -> Json:
    """Return product `number` of the shop (a draft that is published at once)."""
    return Shop(seed).product(number)


def sku(product: int, index: int) -> str:
    """Return the SKU of a variant."""
    return f"SKU-{product:04}-{index}"


def euro(cents: int) -> Json:
    """Return money in euros."""
    return money(cents, "EUR")


def money(cents: int, currency: str) -> Json:
    """Return money of a currency with two digits."""
    return {
        "type": "centPrecision",
        "currencyCode": currency,
        "centAmount": cents,
        "fractionDigits": 2,
    }


def _round(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_EVEN))


def _taxed(gross: int) -> Json:
    net = _round(Decimal(gross) / (1 + _RATE))
    portion = {"rate": float(_RATE), "name": "19% incl.", "amount": euro(gross - net)}
    totals = {"totalNet": euro(net), "totalGross": euro(gross), "totalTax": euro(gross - net)}
    return totals | {"taxPortions": [portion]}


def _totals(parts: list[Json]) -> Json:
    """Return the totals of an order: the sums of its lines and its shipping."""
    gross = sum(part["taxedPrice"]["totalGross"]["centAmount"] for part in parts)
    net = sum(part["taxedPrice"]["totalNet"]["centAmount"] for part in parts)
    portion = {"rate": float(_RATE), "name": "19% incl.", "amount": euro(gross - net)}
    totals = {"totalNet": euro(net), "totalGross": euro(gross), "totalTax": euro(gross - net)}
    return {"totalPrice": euro(gross), "taxedPrice": totals | {"taxPortions": [portion]}}
