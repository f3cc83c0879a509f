from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluent_connect.clients.commercetools.model import Money
from fluent_connect.mapping import money
from fluent_connect.model.errors import UnprocessableError


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**9), min_size=1, max_size=9))
def test_what_is_shared_out_adds_up_and_exceeds_no_weight(total: int, weights: list[int]) -> None:
    if not sum(weights):
        weights = [1, *weights[1:]]
    shares = money.allocate(total, weights)
    assert sum(shares) == total
    if abs(total) <= sum(weights):
        assert all(abs(share) <= weight for share, weight in zip(shares, weights, strict=True))


def test_the_largest_remainder_gets_what_is_left_and_the_first_among_equals() -> None:
    assert money.allocate(10, [1, 1, 1]) == [4, 3, 3]
    assert money.allocate(-10, [5, 3, 2]) == [-5, -3, -2]
    assert money.allocate(5, [1, 3]) == [1, 4]


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 12))
def test_a_float_is_the_exact_decimal_again(amount: int, digits: int) -> None:
    assert Decimal(str(money.number(amount, digits))) == money.exact(amount, digits)


def test_what_a_float_cannot_hold_is_refused() -> None:
    assert money.number(10**18, 2) == 10**16
    with pytest.raises(UnprocessableError, match="15 digits"):
        money.number(10**16 + 1, 2)


@pytest.mark.parametrize(
    ("amount", "price"),
    [
        (Money(currency_code="EUR", cent_amount=1999), 19.99),
        (Money(currency_code="JPY", cent_amount=1999), 1999.0),
        (Money(currency_code="KWD", cent_amount=1999), 1.999),
        (Money(cent_amount=2, precise_amount=15, fraction_digits=3), 0.015),
        (Money(currency_code="EUR", cent_amount=1999, fraction_digits=0), 19.99),
        (Money(currency_code="JPY", cent_amount=1999, fraction_digits=0), 1999.0),
        (Money(currency_code="EUR", precise_amount=15, fraction_digits=0), 15.0),
    ],
)
def test_an_amount_is_read_by_its_currency_or_its_own_digits(amount: Money, price: float) -> None:
    assert money.price(amount) == price


@pytest.mark.parametrize(
    "wrong", [Money(cent_amount=2**63), Money(fraction_digits=21), Money(fraction_digits=-1)]
)
def test_amounts_out_of_bounds_are_refused(wrong: Money) -> None:
    with pytest.raises(UnprocessableError):
        money.price(wrong)


def test_an_unscaled_value_fits_32_bits_or_is_none() -> None:
    assert money.unscaled(2**31 - 1) == 2**31 - 1
    assert money.unscaled(2**31) is None
    assert money.units(None, 2) == 0


def test_a_rate_is_what_is_written() -> None:
    assert money.tax_on(100, money.tax_rate(0.19)) == 19
    assert money.net_in(119, money.tax_rate(0.19)) == 100
    assert money.tax_rate(-1.0) == 0


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_a_division_rounds_to_the_nearest_and_halves_to_the_even(amount: int, by: int) -> None:
    assert money.divided(amount, by) == round(Fraction(amount, by))
