# ruff: noqa: D102 - the properties of a port say it by their names
"""Money: whole numbers of a smallest unit inside, exact decimals at the edge, never in between.

Within a calculation all amounts are integers of one unit, `10 ** -digits` of the currency.
"""

import functools
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from fluent_connect.model.errors import UnprocessableError

_THREE = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_NONE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"}
    | {"UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_FINEST = 20
_LARGEST = 2**63
_FLOAT_DIGITS = 15
_INT32 = 2**31


class Money(Protocol):
    """An amount as commercetools writes it: `cent_amount`, or finer `precise_amount`."""

    @property
    def currency_code(self) -> str: ...
    @property
    def cent_amount(self) -> int: ...
    @property
    def fraction_digits(self) -> int | None: ...
    @property
    def precise_amount(self) -> int | None: ...


def digits(money: Money) -> int:
    """Return how many decimals the amount is given in: its own, else those of ISO 4217.

    Cents are of the currency's smallest unit by definition, so cents without decimals are believed
    only where the currency has none: some senders write 0 for what they do not know.
    """
    code, found = money.currency_code, money.fraction_digits
    if found is None or (found == 0 and money.precise_amount is None):
        found = 3 if code in _THREE else 0 if code in _NONE else 2
    if not 0 <= found <= _FINEST:
        raise UnprocessableError(f"an amount has {found} fraction digits")
    return found


def units(money: Money | None, unit_digits: int) -> int:
    """Return the amount in units of `10 ** -unit_digits`, which must be no coarser; None = 0."""
    if money is None:
        return 0
    amount = money.cent_amount if money.precise_amount is None else money.precise_amount
    if abs(amount) >= _LARGEST:
        raise UnprocessableError("an amount is larger than 64 bits")
    finer: int = 10 ** max(unit_digits - digits(money), 0)
    return amount * finer


def exact(amount: int, unit_digits: int) -> Decimal:
    """Return so many units as a decimal number, without rounding."""
    sign = int(amount < 0)
    return Decimal((sign, tuple(map(int, str(abs(amount)))), -unit_digits))


def text(amount: int, unit_digits: int) -> str:
    """Return so many units as a person writes them: "12.50"."""
    return format(exact(amount, unit_digits), "f")


def written(money: Money) -> str:
    """Return an amount that stands alone as a person writes it, to its own decimals."""
    own = digits(money)
    return text(units(money, own), own)


def number(amount: int, unit_digits: int) -> float:
    """Return so many units as the float that prints as their exact decimal.

    The one place where money becomes a float, because Fluent's schema says Float. Raise
    UnprocessableError where a float cannot hold it: beyond 15 significant digits.
    """
    over = len(str(abs(amount))) - _FLOAT_DIGITS
    if over > 0 and amount % 10**over:
        raise UnprocessableError(f"an amount has more than {_FLOAT_DIGITS} digits")
    return float(f"{amount}E-{unit_digits}")


def price(money: Money) -> float:
    """Return an amount that stands alone, to its own decimals."""
    own = digits(money)
    return number(units(money, own), own)


def unscaled(amount: int) -> int | None:
    """Return the amount if Fluent's 32-bit `unscaledValue` can hold it."""
    return amount if -_INT32 <= amount < _INT32 else None


def divided(amount: int, by: int) -> int:
    """Return the nearest whole unit of `amount / by` (above 0), the even one of two as near."""
    whole, rest = divmod(amount, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))


@functools.lru_cache(maxsize=1024)
def tax_rate(amount: float) -> Fraction:
    """Return a rate as it is written (0.19), not as the float that stands for it."""
    return Fraction(str(amount)) if 0 <= amount < _LARGEST else Fraction(0)


def tax_on(net: int, rate: Fraction) -> int:
    """Return the tax that comes on top of a net amount."""
    return divided(net * rate.numerator, rate.denominator)


def net_in(gross: int, rate: Fraction) -> int:
    """Return what of a gross amount is not tax."""
    return divided(gross * rate.denominator, rate.denominator + rate.numerator)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Share out `total` by weights (none negative, not all zero), by largest remainder.

    The shares add up to `total` exactly; none is larger than its weight if the total is not
    larger than their sum. Among equal remainders the first comes first.
    """
    whole = sum(weights)
    size = abs(total)
    shares = [size * weight // whole for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda index: (-(size * weights[index] % whole), index)
    )
    for index in by_remainder[: size - sum(shares)]:
        shares[index] += 1
    return shares if total >= 0 else [-share for share in shares]
