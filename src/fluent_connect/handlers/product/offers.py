"""The prices of a variant, embedded and standing alone, as sources of Fluent's price rows."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from fluent_connect.clients.commercetools.model import Head, Link, Money
from fluent_connect.clients.commercetools.product import Price, Variant
from fluent_connect.handlers.product.catalogued import CataloguedProduct, link_key
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.prices import Offer, limited, price_type, valid
from fluent_connect.mapping.text import clean
from fluent_connect.model.errors import UnprocessableError


class PriceSource(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A price that Fluent gets, for the mapping of its row.

    type:   what the price tables call it. amount: what it costs: the price's value, its discounted
            value, or that of a tier; `price` is the whole of it.
    offer:  whom it is for, each by its key ("" = anyone): offer.channel, offer.tier ...
    """

    type: str
    amount: Money
    discounted: bool
    offer: Offer
    price: Price
    variant: Variant
    product: CataloguedProduct


def tables(settings: Settings) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the price tables: of full prices, and of discounted ones."""
    reduced, short = settings.discounted_types, settings.discounted_type
    if short and not reduced:
        reduced = {"*/": short, "*/*": f"{short}_{{country}}"}
    return settings.price_types, reduced


def sources(
    product: CataloguedProduct, variant: Variant, settings: Settings
) -> Iterator[PriceSource]:
    """Yield the prices of a variant that hold now and that the tables keep."""
    for offer, amount, price, reduced in _offers(_standing(prices_of(product, variant), product)):
        name = price_type(offer, tables(settings)[reduced])
        if not name:
            continue
        if (amount.cent_amount if amount.precise_amount is None else amount.precise_amount) < 0:
            raise UnprocessableError(f"price {offer.name} of variant {variant.sku} is negative")
        if not clean(amount.currency_code):
            raise UnprocessableError(f"price {offer.name} of variant {variant.sku} has no currency")
        yield PriceSource(
            type=name,
            amount=amount,
            discounted=reduced,
            offer=offer,
            price=price,
            variant=variant,
            product=product,
        )


def prices_of(product: CataloguedProduct, variant: Variant) -> Iterable[Price]:
    """Return the embedded prices, or those that stand alone, as the product says."""
    if product.price_mode == "Standalone":
        return [price for price in product.standalone if price.sku == variant.sku]
    return variant.prices


def campaigns(product: CataloguedProduct, variant: Variant, settings: Settings) -> Iterator[Price]:
    """Yield the prices of a variant that begin or end, as far as the tables keep them."""
    for price in prices_of(product, variant):
        if price.active and limited(price):
            kinds = (
                price_type(offer, tables(settings)[reduced])
                for offer, _, _, reduced in _offers([price])
            )
            if any(kinds):
                yield price


def _standing(prices: Iterable[Price], product: CataloguedProduct) -> list[Price]:
    """Return what holds now; for the same people, a price with dates goes before one without."""
    now = [price for price in prices if not product.at or valid(price, product.at)]
    if not any(map(limited, now)):
        return now
    dated = {_people(price) for price in now if limited(price)}
    return [price for price in now if limited(price) or _people(price) not in dated]


def _people(price: Price) -> tuple[object, ...]:
    links = (price.channel, price.customer_group, price.recurrence_policy)
    return (price.value.currency_code, price.country, *(each.id if each else "" for each in links))


def _offers(prices: Iterable[Price]) -> Iterator[tuple[Offer, Money, Price, bool]]:
    """Yield the offers of prices: the value, the value from a quantity on, the discounted one."""
    for index, price in enumerate(prices):
        offer = _offer(price, index)
        yield offer, price.value, price, False
        for tier in price.tiers:
            quantity = str(tier.minimum_quantity)
            name = f"{offer.name} from {quantity} on"
            yield msgspec.structs.replace(offer, name=name, tier=quantity), tier.value, price, False
        if price.discounted:
            name = f"{offer.name} (discounted)"
            reduced = msgspec.structs.replace(offer, name=name)
            yield reduced, price.discounted.value, price, True


def _offer(price: Price, index: int) -> Offer:
    def called(link: Link[Head] | None) -> str:
        return (link_key(link) or link.id) if link else ""

    return Offer(
        name=price.key or price.id or f"no. {index + 1}",
        currency=price.value.currency_code,
        country=price.country or "",
        channel=called(price.channel),
        group=called(price.customer_group),
        recurrence=called(price.recurrence_policy),
    )
