"""The items of Fluent's createOrder: what each line, and each service, comes to."""

from collections.abc import Iterator, Mapping, Sequence

from fluent_connect.clients.commercetools.line import (
    CustomLineItem,
    DiscountedQuantity,
    LineItem,
)
from fluent_connect.clients.commercetools.model import Money, TaxRate
from fluent_connect.clients.fluent.model import Parent
from fluent_connect.handlers.message_handler import MapContext
from fluent_connect.handlers.order.amounts import Costs, Service
from fluent_connect.handlers.order.destinations import Plan, Portion
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.handlers.order.shares import Share
from fluent_connect.handlers.order.sources import Item, ItemSource, Json, ServiceItemSource
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.notification import Reference

Filled = dict[str, object]
_INT = 2**31


def items(
    order: ExportedOrder,
    plan: Plan,
    costs: Costs,
    context: MapContext,
    choice_refs: Mapping[str, str | None],
) -> list[Filled]:
    """Return one item for each portion, then those of the custom lines that are products.

    `choice_refs`: what the fulfilment choice of each destination is called; None: not to be told.
    """
    fill, till = context.mapping.fill, _Till(costs, context.settings)
    made = []
    line: LineItem | CustomLineItem | None = None
    try:
        for portion, share in zip(plan.portions, costs.portions, strict=True):
            line = portion.line
            item = till.portion(portion, share, choice_refs[portion.to])
            made.append(fill("item", ItemSource(order, portion.line, item)))
        for each in costs.services:
            line = each.line
            item = till.service(each, choice_refs[plan.home(each.line)])
            made.append(fill("service-item", ServiceItemSource(order, each.line, item)))
    except UnprocessableError as error:
        told = f"line {line.id if line else '?'} of order {order.id}: {error}"
        error.args = (told, *error.args[1:])
        raise
    _distinct(made, order)
    return made


def product_parents(plan: Plan, costs: Costs, made: Sequence[Filled]) -> Iterator[Parent]:
    """Yield the products that the items name, each once, with what would bring them about."""
    sources = [_product(portion.line) for portion in plan.portions]
    sources += [None for _ in costs.services]
    found: dict[str, Parent] = {}
    for item, source in zip(made, sources, strict=True):
        ref = str(item["productRef"])
        found.setdefault(ref, Parent("variantProduct", ref, source))
    yield from found.values()


def _product(line: LineItem) -> Reference | None:
    return Reference("product", line.product_id) if line.product_id else None


def _distinct(made: Sequence[Filled], order: ExportedOrder) -> None:
    refs = [item["ref"] for item in made]
    if len(set(refs)) < len(refs):
        twice = next(ref for ref in refs if refs.count(ref) > 1)
        raise UnprocessableError(f"order {order.id}: two of its items have one ref, {twice}")


class _Till:
    """How the prices of one order's items are told."""

    def __init__(self, costs: Costs, settings: Settings) -> None:
        self._scale = costs.scale
        self._tax_types = settings.tax_types
        self._gross = settings.item_prices.startswith("gross")
        self._by_line = settings.item_prices.endswith("-line")

    def portion(self, portion: Portion, share: Share, choice_ref: str | None) -> Item:
        """Return what a line, or its part, comes to."""
        line = portion.line
        return self._item(
            line,
            share,
            list_price=line.price.value if line.price else None,
            ref=portion.ref,
            sku=line.variant.sku,
            quantity=portion.quantity,
            shipping_key=portion.shipping_key,
            choice_ref=choice_ref,
        )

    def service(self, service: Service, choice_ref: str | None) -> Item:
        """Return what a custom line comes to that stands for a product."""
        return self._item(
            service.line,
            service.share,
            list_price=service.line.money,
            ref=service.line.id,
            sku=service.sku,
            quantity=max(service.line.quantity, 1),
            shipping_key="",
            choice_ref=choice_ref,
        )

    def _item(
        self,
        line: LineItem | CustomLineItem,
        share: Share,
        *,
        list_price: Money | None,
        ref: str,
        sku: str | None,
        quantity: int,
        shipping_key: str,
        choice_ref: str | None,
    ) -> Item:
        if quantity >= _INT:
            raise UnprocessableError(
                f"a quantity of {quantity} is more than Fluent counts (32 bits)"
            )
        rate = _rate(line, shipping_key)
        digits = self._scale.digits
        pieces = 1 if self._by_line else quantity
        finest = max(digits, money.digits(list_price)) if list_price else digits
        finer = 10 ** (finest - digits)
        paid = (share.gross if self._gross else share.net) * finer
        return Item(
            ref=ref,
            sku=sku,
            quantity=quantity,
            currency=self._scale.currency,
            net=money.number(share.net, digits),
            tax=money.number(share.tax, digits),
            gross=money.number(share.gross, digits),
            price=self._list_price(list_price, rate, quantity),
            paid_price=money.number(money.divided(paid, pieces), finest),
            tax_price=money.number(money.divided(share.tax * finer, pieces), finest),
            tax_rate=rate,
            tax_type=self._tax_type(rate),
            shipping_key=shipping_key,
            choice_ref=choice_ref,
            discounts=_discounts(line.discounted_price_per_quantity)
            if line.discounted_price_per_quantity
            else (),
        )

    def _list_price(self, value: Money | None, rate: TaxRate | None, quantity: int) -> float | None:
        """Return the price before all discounts, net or gross as the account wants it."""
        if value is None:
            return None
        digits = money.digits(value)
        amount = money.units(value, digits)
        if amount < 0:
            raise UnprocessableError("its price is negative, which Fluent refuses (C0122E)")
        before, after = (quantity, 1) if self._by_line else (1, 1)
        if self._scale.by_piece:
            before, after = after, before
        return money.number(self._converted(amount * before, rate) * after, digits)

    def _converted(self, amount: int, rate: TaxRate | None) -> int:
        if rate is None or not self._scale.taxed or rate.included_in_price is self._gross:
            return amount
        part = money.tax_rate(rate.amount)
        if self._gross:
            return amount + money.tax_on(amount, part)
        return money.net_in(amount, part)

    def _tax_type(self, rate: TaxRate | None) -> str | None:
        if rate is None:
            return None
        return self._tax_types.get(rate.country or "*") or self._tax_types.get("*")


def _rate(line: LineItem | CustomLineItem, shipping_key: str) -> TaxRate | None:
    """Return the tax rate of what goes with one shipment: its own, else that of the line."""
    for each in line.per_method_tax_rate:
        if each.shipping_method_key == shipping_key and each.tax_rate is not None:
            return each.tax_rate
    return line.tax_rate


def _discounts(steps: Sequence[DiscountedQuantity]) -> list[Json]:
    """Return what each discount takes off the line: its id, and the amount as text."""
    found: dict[str, tuple[int, int]] = {}
    for step in steps:
        for each in step.discounted_price.included_discounts if step.discounted_price else ():
            amount = each.discounted_amount
            if amount is None:
                continue
            name = each.discount.id if each.discount else ""
            digits = money.digits(amount)
            before, known = found.get(name, (0, digits))
            finest = max(digits, known)
            total = before * 10 ** (finest - known) + money.units(amount, finest) * step.quantity
            found[name] = (total, finest)
    return [
        {"discount": name, "amount": money.text(amount, digits)}
        for name, (amount, digits) in found.items()
        if amount
    ]
