"""What money there is for an order: one financial transaction for each payment that holds some."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from fluent_connect.clients.commercetools.model import Money
from fluent_connect.clients.commercetools.order import Order
from fluent_connect.clients.commercetools.payment import Payment, Transaction
from fluent_connect.handlers.message_handler import MapContext
from fluent_connect.handlers.order import sources
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.handlers.order.sources import Json, TransactionSource
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping import money
from fluent_connect.mapping.text import clean
from fluent_connect.model.errors import RetryableError, UnprocessableError, UnreachableError

_UNKNOWN = "UNKNOWN"


class Held(msgspec.Struct, frozen=True):
    """The money that a payment holds: what was charged, else what was authorized, never both.

    `transactions` are those that it is the sum of; `refunded`: what of it went back.
    """

    payment: Payment
    kind: str
    transactions: Sequence[Transaction]
    amount: int
    refunded: int
    digits: int
    currency: str


class PaymentGoneError(RetryableError):
    """A payment of an order was deleted, or cannot be seen yet: no reason to send it as unpaid."""

    few_tries = True


def payments(order: Order) -> list[Payment]:
    """Return the order's payments, each once. Raise UnreachableError if one could not be read.

    A payment that was to be expanded and is not there means that we may not read payments (or,
    seldom, that it was deleted): no reason to send an order as unpaid.
    """
    found: dict[str, Payment] = {}
    for link in order.payment_info.payments if order.payment_info else ():
        if link.obj is None:
            raise UnreachableError(
                f"payment {link.id} of order {order.id} cannot be read:"
                " missing scope view_payments",
                outage=True,
            )
        found[link.obj.id] = link.obj
    return list(found.values())


def sorted_out(found: Iterable[Payment]) -> tuple[list[Held], list[Payment]]:
    """Return the money that is held, and the payments that hold none (yet, or any more)."""
    holding, empty = [], []
    for payment in found:
        held = _held(payment)
        if held is None:
            empty.append(payment)
        else:
            holding.append(held)
    return holding, empty


def _held(payment: Payment) -> Held | None:
    """Return what was charged, else what was authorized and not given up."""
    charged = list(_good(payment, "Charge"))
    if charged:
        return _sum("Charge", charged, (), _good(payment, "Refund"), payment)
    reserved = list(_good(payment, "Authorization"))
    if reserved:
        return _sum("Authorization", reserved, _good(payment, "CancelAuthorization"), (), payment)
    return None


def _good(payment: Payment, kind: str) -> Iterator[Transaction]:
    for each in payment.transactions:
        if each.type == kind and each.state == "Success" and each.amount is not None:
            yield each


def _sum(
    kind: str,
    plus: Sequence[Transaction],
    minus: Iterable[Transaction],
    back: Iterable[Transaction],
    payment: Payment,
) -> Held | None:
    less, refunds = list(minus), list(back)
    amounts = [each.amount for each in (*plus, *less, *refunds) if each.amount is not None]
    currencies = {each.currency_code for each in amounts}
    if len(currencies) > 1:
        raise UnprocessableError(
            f"payment {payment.id} has transactions in {', '.join(sorted(currencies))}"
        )
    digits = max(money.digits(each) for each in amounts)
    total = _units(plus, digits) - _units(less, digits)
    if total <= 0:
        return None
    return Held(
        payment=payment,
        kind=kind,
        transactions=plus,
        amount=total,
        refunded=_units(refunds, digits),
        digits=digits,
        currency=currencies.pop(),
    )


def _units(several: Iterable[Transaction], digits: int) -> int:
    none = Money()
    return sum(money.units(each.amount or none, digits) for each in several)


def transactions(
    order: ExportedOrder, found: Iterable[Held], context: MapContext
) -> list[dict[str, object]]:
    """Return one financial transaction for each payment that holds money."""
    fill, settings = context.mapping.fill, context.settings
    return [
        fill(
            "financial-transaction",
            TransactionSource(
                order,
                held.payment,
                held.transactions[0],
                held.transactions,
                _money(held, settings),
            ),
        )
        for held in found
    ]


def open_payments(found: Iterable[Payment]) -> list[Json]:
    """Return what is told of payments that hold no money: who is asked for it, and how it went."""
    return [
        {name: value for name, value in _open(each).items() if value is not None} for each in found
    ]


def _open(payment: Payment) -> Json:
    info, planned = payment.payment_method_info, payment.amount_planned
    last = payment.transactions[-1] if payment.transactions else None
    return {
        "payment": payment.id,
        "method": info.method,
        "provider": info.payment_interface,
        "planned": money.written(planned) if planned else None,
        "currency": planned.currency_code if planned else None,
        "last": f"{last.type} {last.state}" if last else None,
    }


def _money(held: Held, settings: Settings) -> sources.Money:
    digits, unscaled = held.digits, money.unscaled(held.amount)
    method = clean(held.payment.payment_method_info.method) or _UNKNOWN
    return sources.Money(
        type=held.kind,
        amount=money.number(held.amount, digits),
        currency=held.currency,
        scale=None if unscaled is None else digits,
        unscaled=unscaled,
        exact=money.text(held.amount, digits) if unscaled is None else None,
        refunded=money.text(held.refunded, digits) if held.refunded else None,
        method=settings.payment_methods.get(method, method),
    )
