"""What one thing in an order costs: its amount without tax, and its tax.

All amounts are integers of one unit, `10 ** -digits` of the currency.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

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

    @property
    def gross(self) -> int:
        """Return the amount with its tax."""
        return self.net + self.tax

    @property
    def is_negative(self) -> bool:
        """Say whether Fluent would refuse it (C0122E)."""
        return self.net < 0 or self.tax < 0


class Scale(msgspec.Struct, frozen=True):
    """How the amounts of one order are read.

    by_piece: the platform rounds the tax of one piece, not of the line (`UnitPriceLevel`).
    """

    digits: int
    currency: str
    taxed: bool
    by_piece: bool = False

    def share(
        self,
        total: Money | None,
        taxed: TaxedPrice | None,
        rate: TaxRate | None,
        quantity: int = 1,
    ) -> Share:
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
        if self.by_piece and quantity > 1 and amount % quantity == 0:
            net, tax = _parted(amount // quantity, part, included=rate.included_in_price)
            return Share(net * quantity, tax * quantity)
        return Share(*_parted(amount, part, included=rate.included_in_price))

    def units(self, amount: Money | None) -> int:
        """Return an amount in units of this scale."""
        return money.units(amount, self.digits)


def scale(order: Order, settings: Settings) -> Scale:
    """Return the finest unit in which an amount of the order is given.

    Raise UnprocessableError if its amounts are of several currencies, or it is to be taxed by now.
    """
    taxed = order.taxed_price is not None
    if not taxed and settings.untaxed == "dead":
        raise UnprocessableError(
            f"order {order.id} has no taxedPrice (untaxed: dead): set its tax rates, or take such"
            " orders as net (untaxed: net)"
        )
    currency = _currency(order)
    finest = -1
    for each in _amounts(order):
        if each.currency_code and each.currency_code != currency:
            raise UnprocessableError(f"order {order.id}: {each.currency_code} among {currency}")
        finest = max(finest, money.digits(each))
    return Scale(
        finest if finest >= 0 else 2,
        currency,
        taxed,
        by_piece=order.tax_calculation_mode == "UnitPriceLevel",
    )


def split(share: Share, quantities: Sequence[int]) -> list[Share]:
    """Return the share of each so many pieces; they add up to the whole."""
    if len(quantities) == 1:
        return [share]
    nets = money.allocate(share.net, quantities)
    taxes = money.allocate(share.tax, quantities)
    return [Share(net, tax, share.untold) for net, tax in zip(nets, taxes, strict=True)]


def portion_shares(plan: Plan, scale: Scale) -> list[Share]:
    """Return what each portion costs: its part of the line. Raise if a line has no price."""
    quantities: dict[str, list[int]] = {}
    keys: dict[str, list[str]] = {}
    for each in plan.portions:
        quantities.setdefault(each.line.id, []).append(each.quantity)
        keys.setdefault(each.line.id, []).append(each.shipping_key)
    shares: dict[str, Iterator[Share]] = {}
    found = []
    for each in plan.portions:
        line = each.line
        if line.id not in shares:
            whole = _line_share(line, scale)
            parts = _told_portions(line, keys[line.id], whole, scale)
            shares[line.id] = iter(parts or split(whole, quantities[line.id]))
        found.append(next(shares[line.id]))
    return found


def custom_share(line: CustomLineItem, scale: Scale) -> Share:
    """Return what a custom line costs; negative if it is a discount."""
    return scale.share(line.total_price, line.taxed_price, line.tax_rate, line.quantity)


def charges(infos: Iterable[ShippingInfo], scale: Scale) -> Share:
    """Return what so much shipping costs, after discounts. Raise if that is negative."""
    found = Share()
    for info in infos:
        found += scale.share(charge(info), info.taxed_price, info.tax_rate)
    if found.is_negative:
        raise UnprocessableError("a shipping price is negative, which Fluent refuses (C0122E)")
    return found


def charge(info: ShippingInfo) -> Money | None:
    """Return what shipping costs, with the discounts of the cart."""
    return info.discounted_price.value if info.discounted_price else info.price


def _parted(amount: int, rate: Fraction, *, included: bool) -> tuple[int, int]:
    if included:
        net = money.net_in(amount, rate)
        return net, amount - net
    return amount, money.tax_on(amount, rate)


def _line_share(line: LineItem, scale: Scale) -> Share:
    if line.total_price is None and line.taxed_price is None:
        raise UnprocessableError(f"line {line.id} has no total price")
    whole = scale.share(line.total_price, line.taxed_price, line.tax_rate, line.quantity)
    if whole.is_negative:
        raise UnprocessableError(f"line {line.id} is negative, which Fluent refuses (C0122E)")
    return whole


def _told_portions(
    line: LineItem, keys: Sequence[str], whole: Share, scale: Scale
) -> list[Share] | None:
    """Return what the order itself says of the parts of a line; None if they are not the whole."""
    if len(keys) == 1 or not line.taxed_price_portions or not scale.taxed:
        return None
    told = {
        each.shipping_method_key: scale.share(None, each.taxed_price, None)
        for each in line.taxed_price_portions
        if each.taxed_price is not None
    }
    if len(set(keys)) < len(keys) or told.keys() != set(keys):
        return None
    parts = [told[key] for key in keys]
    total = sum(parts, Share())
    fair = total == whole and not any(each.is_negative for each in parts)
    return parts if fair else None


def _amounts(order: Order) -> Iterator[Money]:
    """Yield every amount that is added up."""
    infos = [order.shipping_info, *(each.shipping_info for each in order.shipping)]
    charged = [each for each in infos if each is not None]
    priced: list[LineItem | CustomLineItem] = [*order.line_items, *order.custom_line_items]
    totals = [order.total_price, *(each.total_price for each in priced)]
    totals += [charge(each) for each in charged]
    taxed = [order.taxed_price, *(each.taxed_price for each in priced)]
    taxed += [each.taxed_price for each in charged]
    taxed += [part.taxed_price for each in order.line_items for part in each.taxed_price_portions]
    yield from (each for each in totals if each is not None)
    yield from (part for each in taxed if each for part in (each.total_net, each.total_gross))


def _currency(order: Order) -> str:
    total = order.total_price or (order.taxed_price and order.taxed_price.total_gross)
    if not total or not total.currency_code:
        raise UnprocessableError(f"order {order.id} has no total price")
    return total.currency_code
