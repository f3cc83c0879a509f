"""What everything in an order costs, so that it adds up to what the customer pays.

One identity holds exactly: totals and taxes of the items, prices and taxes of the fulfilment
choices, and the custom lines kept as attributes add up to the order's gross total. All amounts are
integers of one unit, `10 ** -digits` of the currency.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import msgspec

from fluent_connect.clients.commercetools.line import CustomLineItem
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.handlers.order.destinations import Plan
from fluent_connect.handlers.order.shares import (
    Scale,
    Share,
    charges,
    custom_share,
    portion_shares,
    scale,
)
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.model.errors import UnprocessableError

FULFILMENT, ATTRIBUTE, DISCOUNT = "fulfilment", "attribute", "discount"
_NO_ITEM = frozenset({FULFILMENT, ATTRIBUTE, DISCOUNT})


class Service(msgspec.Struct, frozen=True):
    """A custom line that becomes an item: the SKU of its service product, and what it costs."""

    line: CustomLineItem
    sku: str
    share: Share


class Costs(msgspec.Struct, frozen=True):
    """What things cost, in the order of the plan that they were worked out for."""

    scale: Scale
    portions: Sequence[Share]
    services: Sequence[Service]
    destinations: Sequence[Share]
    noted: Sequence[tuple[CustomLineItem, Share]]
    """Custom lines that are no items: kept as an attribute."""
    total: Share

    @property
    def digits(self) -> int:
        """Return how many decimals the amounts have."""
        return self.scale.digits


def settle(order: Order, plan: Plan, settings: Settings) -> Costs:
    """Return what everything costs. Raise UnprocessableError if it cannot add up."""
    unit = scale(order, settings)
    portions = portion_shares(plan, unit)
    choices = [charges(each.charges, unit) for each in plan.destinations]
    services: list[Service] = []
    noted: list[tuple[CustomLineItem, Share]] = []
    kept: list[Share] = []
    places = {each.key: place for place, each in enumerate(plan.destinations)}
    for line in order.custom_line_items:
        share = custom_share(line, unit)
        use = _use(line, share, settings)
        if use == FULFILMENT:
            choices[places[plan.home(line)]] += share
        elif use == ATTRIBUTE:
            kept.append(share)
        if use not in _NO_ITEM:
            services.append(Service(line, use, share))
        elif use != FULFILMENT:
            noted.append((line, share))
    total = _total(order, unit)
    sold = [*portions, *(each.share for each in services)]
    sold, choices = _add_up(sold, choices, kept, total=total, digits=unit.digits)
    count = len(portions)
    return Costs(
        scale=unit,
        portions=sold[:count],
        services=[
            Service(each.line, each.sku, share)
            for each, share in zip(services, sold[count:], strict=True)
        ],
        destinations=choices,
        noted=noted,
        total=total,
    )


def _use(line: CustomLineItem, share: Share, settings: Settings) -> str:
    """Return what becomes of a custom line; a negative one is always a discount."""
    if share.is_negative:
        return DISCOUNT
    table = settings.custom_lines
    if line.slug in table:
        return table[line.slug]
    return next((use for slug, use in table.items() if fnmatchcase(line.slug, slug)), ATTRIBUTE)


def _total(order: Order, unit: Scale) -> Share:
    total = unit.share(order.total_price, order.taxed_price, None)
    if total.is_negative:
        raise UnprocessableError(
            f"order {order.id}: its total is negative, which Fluent refuses (C0122E)"
        )
    return total


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
    if net == 0 and tax == 0:
        return list(sold), list(choices)
    if net + tax > len(parts) and not everything.untold:
        lines, wanted = money.text(everything.gross, digits), money.text(total.gross, digits)
        raise UnprocessableError(f"the lines add up to {lines}, the order to {wanted}")
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
