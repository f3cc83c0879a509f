"""What everything in an order costs, so that it adds up to what the customer pays.

One identity holds exactly: totals and taxes of the items, prices and taxes of the fulfilment
choices, and the custom lines kept as attributes add up to the order's gross total. All amounts are
integers of one unit, `10 ** -digits` of the currency.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from fluent_connect.clients.commercetools.line import CustomLineItem, LineItem
from fluent_connect.clients.commercetools.model import Money, TaxedPrice, TaxRate
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.clients.commercetools.shipping import ShippingInfo
from fluent_connect.handlers.order.destinations import Plan
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.model.errors import UnprocessableError


class Share(msgspec.Struct, frozen=True):
    """An amount without tax, and its tax. `untold`: what of it is tax, nobody said."""

    net: int = 0
    tax: int = 0
    untold: bool = False

    def __add__(self, other: "Share") -> "Share":
        return Share(self.net + other.net, self.tax + other.tax, self.untold or other.untold)


class Costs(msgspec.Struct, frozen=True):
    """What things cost, in the order of the plan that they were worked out for."""

    digits: int
    currency: str
    taxed: bool
    portions: Sequence[Share]
    services: Sequence[tuple[CustomLineItem, str, Share]]
    """Custom lines that are items, with the SKU of their service product."""
    destinations: Sequence[Share]
    noted: Sequence[tuple[CustomLineItem, Share]]
    """Custom lines that are no items: kept as an attribute."""
    total: Share


class Scale(msgspec.Struct, frozen=True):
    """How the amounts of one order are read."""

    digits: int
    taxed: bool

    def share(self, total: Money | None, taxed: TaxedPrice | None, rate: TaxRate | None) -> Share:
        """Return what a total comes to; without `taxed`, its rate tells what of it is tax."""
        if self.taxed and taxed is not None:
            net = self.units(taxed.total_net)
            return Share(net, self.units(taxed.total_gross) - net)
        amount = self.units(total)
        if not self.taxed:
            return Share(amount)
        if rate is None:
            return Share(amount, untold=True)
        part = money.tax_rate(rate.amount)
        if rate.included_in_price:
            net = money.net_in(amount, part)
            return Share(net, amount - net)
        return Share(amount, money.tax_on(amount, part))

    def units(self, amount: Money | None) -> int:
        """Return an amount in units of this scale."""
        return money.units(amount, self.digits)


def settle(order: Order, plan: Plan, settings: Settings) -> Costs:
    """Return what everything costs. Raise UnprocessableError if it cannot add up."""
    scale = _scale(order, settings)
    customs = [(line, _custom_share(line, scale)) for line in order.custom_line_items]
    uses = [(line, share, _use(line, share, settings)) for line, share in customs]
    portions = list(_portion_shares(plan, scale))
    services = [(line, use, share) for line, share, use in uses if use not in _NO_ITEM]
    choices = [_charges(each.charges, scale) for each in plan.destinations]
    for _, share, use in uses:
        if use == "fulfilment":
            choices[0] += share
    noted = [(line, share) for line, share, use in uses if use in {"attribute", "discount"}]
    kept = [share for _, share, use in uses if use == "attribute"]
    total = _total(order, scale)
    sold = [*portions, *(share for *_, share in services)]
    sold, choices = _add_up(sold, choices, kept, total=total, digits=scale.digits)
    count = len(portions)
    return Costs(
        digits=scale.digits,
        currency=_currency(order),
        taxed=scale.taxed,
        portions=sold[:count],
        services=[
            (line, sku, share) for (line, sku, _), share in zip(services, sold[count:], strict=True)
        ],
        destinations=choices,
        noted=noted,
        total=total,
    )


_NO_ITEM = frozenset({"fulfilment", "attribute", "discount"})


def _use(line: CustomLineItem, share: Share, settings: Settings) -> str:
    """Return what becomes of a custom line; a negative one is always a discount."""
    if share.net < 0 or share.tax < 0:
        return "discount"
    return settings.custom_lines.get(line.slug) or settings.custom_lines.get("*", "attribute")


def _scale(order: Order, settings: Settings) -> Scale:
    taxed = order.taxed_price is not None
    if not taxed and settings.untaxed == "dead":
        raise UnprocessableError(f"order {order.id} has no taxedPrice (untaxed: dead)")
    amounts = list(_amounts(order))
    currency = _currency(order)
    for each in amounts:
        if each.currency_code and each.currency_code != currency:
            raise UnprocessableError(f"order {order.id}: {each.currency_code} among {currency}")
    return Scale(max((money.digits(each) for each in amounts), default=2), taxed)


def _amounts(order: Order) -> Iterator[Money]:
    """Yield every amount that is added up."""
    infos = [order.shipping_info, *(each.shipping_info for each in order.shipping)]
    charged = [each for each in infos if each is not None]
    priced: list[LineItem | CustomLineItem] = [*order.line_items, *order.custom_line_items]
    totals = [order.total_price, *(each.total_price for each in priced)]
    totals += [_charge(each) for each in charged]
    taxed = [order.taxed_price, *(each.taxed_price for each in priced)]
    taxed += [each.taxed_price for each in charged]
    yield from (each for each in totals if each is not None)
    yield from (part for each in taxed if each for part in (each.total_net, each.total_gross))


def _currency(order: Order) -> str:
    total = order.total_price or (order.taxed_price and order.taxed_price.total_gross)
    if not total or not total.currency_code:
        raise UnprocessableError(f"order {order.id} has no total price")
    return total.currency_code


def _total(order: Order, scale: Scale) -> Share:
    total = scale.share(order.total_price, order.taxed_price, None)
    if total.net < 0 or total.tax < 0:
        raise UnprocessableError(f"order {order.id}: its total is negative")
    return total


def _custom_share(line: CustomLineItem, scale: Scale) -> Share:
    return scale.share(line.total_price, line.taxed_price, line.tax_rate)


def _charge(info: ShippingInfo) -> Money | None:
    return info.discounted_price.value if info.discounted_price else info.price


def _charges(infos: Iterable[ShippingInfo], scale: Scale) -> Share:
    found = Share()
    for info in infos:
        found += scale.share(_charge(info), info.taxed_price, info.tax_rate)
    if found.net < 0 or found.tax < 0:
        raise UnprocessableError("a shipping price is negative")
    return found


def _portion_shares(plan: Plan, scale: Scale) -> Iterator[Share]:
    """Yield what each portion costs: its part of the line, by pieces."""
    quantities: dict[str, list[int]] = {}
    for each in plan.portions:
        quantities.setdefault(each.line.id, []).append(each.quantity)
    shares: dict[str, Iterator[Share]] = {}
    for each in plan.portions:
        line = each.line
        if line.id not in shares:
            if line.total_price is None and line.taxed_price is None:
                raise UnprocessableError(f"line {line.id} has no total price")
            whole = scale.share(line.total_price, line.taxed_price, line.tax_rate)
            if whole.net < 0 or whole.tax < 0:
                raise UnprocessableError(f"line {line.id} is negative")
            shares[line.id] = iter(_split(whole, quantities[line.id]))
        yield next(shares[line.id])


def _split(share: Share, quantities: Sequence[int]) -> list[Share]:
    nets = money.allocate(share.net, quantities)
    taxes = money.allocate(share.tax, quantities)
    return [Share(net, tax, share.untold) for net, tax in zip(nets, taxes, strict=True)]


def _add_up(
    sold: Sequence[Share],
    choices: Sequence[Share],
    kept: Iterable[Share],
    *,
    total: Share,
    digits: int,
) -> tuple[list[Share], list[Share]]:
    """Return items and choices so changed that all adds up to the total.

    What is missing is a discount that no line carries, or rounding: it is taken from the items by
    their size, from the shipping last. What is over must not be more than rounding.
    """
    parts = [*sold, *choices]
    everything = Share()
    for each in (*parts, *kept):
        everything += each
    net, tax = total.net - everything.net, total.tax - everything.tax
    if net + tax > len(parts) and not everything.untold:
        lines = money.text(everything.net + everything.tax, digits)
        raise UnprocessableError(
            f"the lines add up to {lines}, the order to {money.text(total.net + total.tax, digits)}"
        )
    nets = _level([each.net for each in parts], len(sold), net)
    taxes = _level([each.tax for each in parts], len(sold), tax)
    done = [Share(*pair) for pair in zip(nets, taxes, strict=True)]
    return done[: len(sold)], done[len(sold) :]


def _level(amounts: Sequence[int], items: int, change: int) -> list[int]:
    """Return the amounts with `change` shared out, the first `items` of them before the others."""
    if change > 0:
        weights = amounts[:items] if sum(amounts[:items]) else [1] * items
        shares = [*money.allocate(change, weights), *(0 for _ in amounts[items:])]
        return [amount + share for amount, share in zip(amounts, shares, strict=True)]
    left, changed = -change, list(amounts)
    for part in (slice(0, items), slice(items, None)):
        here = changed[part]
        taken = min(left, sum(here))
        if taken:
            shares = money.allocate(taken, here)
            changed[part] = [amount - share for amount, share in zip(here, shares, strict=True)]
        left -= taken
    if left:
        raise UnprocessableError("the discounts are larger than what they are taken from")
    return changed
