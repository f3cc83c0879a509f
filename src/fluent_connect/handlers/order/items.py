"""The items of Fluent's createOrder."""

from collections.abc import Iterator

from fluent_connect.clients.commercetools.line import CustomLineItem, LineItem
from fluent_connect.clients.commercetools.model import Money, TaxRate
from fluent_connect.clients.fluent.model import Parent
from fluent_connect.handlers.order.amounts import Costs
from fluent_connect.handlers.order.destinations import Plan, Portion
from fluent_connect.handlers.order.shares import Share
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.localized import localized
from fluent_connect.mapping.text import whole
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.notification import Reference

_REF = 255
_INT = 2**31


def items(
    plan: Plan, costs: Costs, settings: Settings, choice_refs: dict[str, str]
) -> list[dict[str, object]]:
    """Return one item for each portion, then those of the custom lines that are products.

    `choice_refs` gives the fulfilment choice by destination; empty if there is only one choice.
    """
    made = [
        _item(portion, share, costs, settings)
        | ({"fulfilmentChoiceRef": choice_refs[portion.to]} if choice_refs else {})
        for portion, share in zip(plan.portions, costs.portions, strict=True)
    ]
    made += [
        _service(each.line, each.sku, each.share, costs, settings)
        | ({"fulfilmentChoiceRef": choice_refs[plan.home(each.line)]} if choice_refs else {})
        for each in costs.services
    ]
    return made


def product_parents(plan: Plan, costs: Costs) -> Iterator[Parent]:
    """Yield the products that the items name, each once."""
    found: dict[str, Parent] = {}
    for portion in plan.portions:
        sku, product = portion.line.variant.sku or "", portion.line.product_id
        source = Reference("product", product) if product else None
        found.setdefault(sku, Parent("variantProduct", sku, source))
    for each in costs.services:
        found.setdefault(each.sku, Parent("variantProduct", each.sku))
    yield from found.values()


def _item(portion: Portion, share: Share, costs: Costs, settings: Settings) -> dict[str, object]:
    line = portion.line
    if not line.variant.sku:
        raise UnprocessableError(f"line {line.id} has no SKU")
    return {
        "ref": whole(portion.ref, _REF, f"the ref of line {line.id}"),
        "productRef": whole(line.variant.sku, _REF, f"the SKU of line {line.id}"),
        **_common(portion.quantity, share, line.tax_rate, costs, settings),
        **_list_price(line, portion.quantity, costs, settings),
        "attributes": attributes(
            {
                "commercetoolsLineItemId": line.id,
                "commercetoolsProductId": line.product_id,
                "lineItemKey": line.key,
                "lineItemMode": None if line.line_item_mode == "Standard" else line.line_item_mode,
                "productName": localized(line.name, settings.locales),
            }
        ),
    }


def _service(
    line: CustomLineItem, sku: str, share: Share, costs: Costs, settings: Settings
) -> dict[str, object]:
    return {
        "ref": whole(line.id, _REF, "the ref of a custom line"),
        "productRef": whole(sku, _REF, "the SKU of a service product"),
        **_common(max(line.quantity, 1), share, line.tax_rate, costs, settings),
        "attributes": attributes(
            {
                "commercetoolsLineItemId": line.id,
                "customLineSlug": line.slug,
                "productName": localized(line.name, settings.locales),
            }
        ),
    }


def _common(
    quantity: int, share: Share, rate: TaxRate | None, costs: Costs, settings: Settings
) -> dict[str, object]:
    if quantity >= _INT:
        raise UnprocessableError(f"a quantity of {quantity} is more than Fluent counts")
    pieces = 1 if settings.item_prices.endswith("-line") else quantity
    paid = share.net + (share.tax if settings.item_prices.startswith("gross") else 0)
    country = rate.country if rate and rate.country else "*"
    tax_type = settings.tax_types.get(country) or settings.tax_types.get("*")
    return {
        "productCatalogueRef": settings.catalogue,
        "quantity": quantity,
        "currency": costs.scale.currency,
        "paidPrice": money.number(money.divided(paid, pieces), costs.digits),
        "taxPrice": money.number(money.divided(share.tax, pieces), costs.digits),
        "totalPrice": money.number(share.net, costs.digits),
        "totalTaxPrice": money.number(share.tax, costs.digits),
        **({"taxType": tax_type} if rate and tax_type else {}),
    }


def _list_price(
    line: LineItem, quantity: int, costs: Costs, settings: Settings
) -> dict[str, object]:
    """Return the price before all discounts, net or gross as the account wants it."""
    if line.price is None:
        return {}
    amount, digits = _converted(line.price.value, line.tax_rate, costs, settings)
    if amount < 0:
        raise UnprocessableError(f"the price of line {line.id} is negative")
    pieces = quantity if settings.item_prices.endswith("-line") else 1
    return {"price": money.number(amount * pieces, digits)}


def _converted(
    value: Money, rate: TaxRate | None, costs: Costs, settings: Settings
) -> tuple[int, int]:
    digits = money.digits(value)
    amount = money.units(value, digits)
    if rate is None or not costs.scale.taxed:
        return amount, digits
    part = money.tax_rate(rate.amount)
    gross = settings.item_prices.startswith("gross")
    if rate.included_in_price and not gross:
        return money.net_in(amount, part), digits
    if gross and not rate.included_in_price:
        return amount + money.tax_on(amount, part), digits
    return amount, digits
