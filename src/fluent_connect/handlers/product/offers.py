"""The prices of a variant, embedded and standing alone, as offers that mapping can choose from."""

from collections.abc import Iterable, Iterator

from fluent_connect.clients.commercetools.product import Price, Variant
from fluent_connect.handlers.product.catalogued import CataloguedProduct, link_key
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.prices import Offer, amount, price_rows, valid
from fluent_connect.model.errors import UnprocessableError


def rows(
    product: CataloguedProduct, variant: Variant, settings: Settings
) -> list[dict[str, object]]:
    """Return Fluent's price rows of a variant. Raise UnprocessableError if two would be one."""
    valid_now = [
        price for price in _of(product, variant) if valid(price, product.at) or not product.at
    ]
    found = price_rows(_offers(valid_now), settings.price_types)
    if settings.discounted_type:
        reduced = [price for price in valid_now if price.discounted]
        further = price_rows(_discounted(reduced), {"*/": settings.discounted_type})
        held = {(row["type"], row["currency"]) for row in found}
        for row in further:
            if (row["type"], row["currency"]) in held:
                raise UnprocessableError(
                    f"a price and a discounted price are both type {row['type']} in"
                    f" {row['currency']}: tell them apart by discounted-type"
                )
        found += further
    return found


def _of(product: CataloguedProduct, variant: Variant) -> Iterable[Price]:
    """Return the embedded prices, or those that stand alone, as the product says."""
    if product.price_mode == "Standalone":
        return [price for price in product.standalone if price.sku == variant.sku]
    return variant.prices


def _offers(prices: Iterable[Price]) -> Iterator[Offer]:
    for index, price in enumerate(prices):
        yield _offer(price, amount(price.value), index)


def _discounted(prices: Iterable[Price]) -> Iterator[Offer]:
    for index, price in enumerate(prices):
        if price.discounted:
            yield _offer(price, amount(price.discounted.value), index)


def _offer(price: Price, value: float, index: int) -> Offer:
    return Offer(
        name=price.key or price.id or f"no. {index + 1}",
        amount=value,
        currency=price.value.currency_code,
        country=price.country or "",
        channel=(link_key(price.channel) or price.channel.id) if price.channel else "",
        group=(
            (link_key(price.customer_group) or price.customer_group.id)
            if price.customer_group
            else ""
        ),
    )
