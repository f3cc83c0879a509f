"""What everything in an order costs, so that it adds up to what the customer pays.

One identity holds exactly: totals and taxes of the items, prices and taxes of the fulfilment
choices, and the custom lines kept as attributes add up to the order's gross total. All amounts are
integers of one unit, `10 ** -digits` of the currency.
"""

from collections.abc import Sequence
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
"""What becomes of a custom line; anything else is the SKU of a service product."""


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
    """Custom lines that are no items, discounts last: kept as an attribute."""
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
    kept: list[tuple[CustomLineItem, Share]] = []
    discounts: list[tuple[CustomLineItem, Share]] = []
    places = {each.key: place for place, each in enumerate(plan.destinations)}
    for line in order.custom_line_items:
        share = custom_share(line, unit)
        use = _use(line, share, settings)
        if use == FULFILMENT:
            choices[places[plan.home(line)]] += share
        elif use == ATTRIBUTE:
            kept.append((line, share))
        elif use == DISCOUNT:
            discounts.append((line, share))
        else:
            services.append(Service(line, use, share))
    total = _total(order, unit)
    sold = [*portions, *(each.share for each in services)]
    sold, choices, rest = _add_up((sold, choices, [share for _, share in kept]), total, unit.digits)
    count = len(portions)
    return Costs(
        scale=unit,
        portions=sold[:count],
        services=[
            Service(each.line, each.sku, share)
            for each, share in zip(services, sold[count:], strict=True)
        ],
        destinations=choices,
        noted=[
            *((line, share) for (line, _), share in zip(kept, rest, strict=True)),
            *discounts,
        ],
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


def _add_up(groups: Sequence[list[Share]], total: Share, digits: int) -> Sequence[list[Share]]:
    """Return items, choices and custom lines so changed that all adds up to the total.

    What is missing is a discount that no line carries, or rounding: it is taken from the items by
    their size, then from the shipping, from custom lines last. What is over must not be more than
    rounding.
    """
    parts = [each for group in groups for each in group]
    everything = sum(parts, Share())
    net, tax = total.net - everything.net, total.tax - everything.tax
    if net == 0 and tax == 0:
        return groups
    if net + tax > len(parts) and not everything.untold:
        lines, wanted = money.text(everything.gross, digits), money.text(total.gross, digits)
        raise UnprocessableError(f"the lines add up to {lines}, the order to {wanted}")
    nets = _level([[each.net for each in group] for group in groups], net)
    taxes = _level([[each.tax for each in group] for group in groups], tax)
    return [
        [Share(*pair) for pair in zip(*both, strict=True)] for both in zip(nets, taxes, strict=True)
    ]


def _level(groups: Sequence[list[int]], change: int) -> list[list[int]]:
    """Return the amounts with `change` shared out, each group before those that follow."""
    if change > 0:
        first = groups[0]
        weights = first if sum(first) else [1] * len(first)
        shares = money.allocate(change, weights)
        return [[each + share for each, share in zip(first, shares, strict=True)], *groups[1:]]
    left, changed = -change, []
    for group in groups:
        taken = min(left, sum(group))
        shares = money.allocate(taken, group) if taken else [0] * len(group)
        changed.append([each - share for each, share in zip(group, shares, strict=True)])
        left -= taken
    if left:
        raise UnprocessableError("the discounts are larger than what they are taken from")
    return changed
