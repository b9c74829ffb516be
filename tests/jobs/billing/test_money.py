from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.billing import money

exact = st.decimals(min_value=-(10**12), max_value=10**12, places=12, allow_nan=False, allow_infinity=False)
digits = st.sampled_from([0, 2, 3, 4])


def half_away_from_zero(amount: Fraction, places: int) -> Fraction:
    """An oracle without decimals."""
    units = abs(amount) * 10**places
    whole = (2 * units.numerator + units.denominator) // (2 * units.denominator)
    return Fraction(whole if amount >= 0 else -whole, 10**places)


@given(exact, digits)
def test_rounding_agrees_with_fractions(amount: Decimal, places: int) -> None:
    found = money.rounded(amount, places)
    assert Fraction(found) == half_away_from_zero(Fraction(amount), places)
    assert -int(found.as_tuple().exponent) == places


@given(st.integers(-(10**9), 10**9), digits)
def test_every_half_goes_away_from_zero(units: int, places: int) -> None:
    half = (Decimal(units) + Decimal("0.5").copy_sign(Decimal(units))).scaleb(-places)
    assert abs(money.rounded(half, places)) == Decimal(abs(units) + 1).scaleb(-places)


@pytest.mark.parametrize("amount", ["-0.004", "-0", "0.004", "-0.00"])
def test_there_is_no_negative_zero(amount: str) -> None:
    assert str(money.rounded(Decimal(amount), 2)) == "0.00"


@given(st.integers(0, 10**15), digits, st.integers(1, 31), st.integers(28, 31))
def test_a_share_is_rounded_once(units: int, places: int, days: int, of_days: int) -> None:
    amount = Decimal(units).scaleb(-places)
    oracle = half_away_from_zero(Fraction(amount) * days / of_days, places)
    assert Fraction(money.share(amount, days, of_days, places)) == oracle


def test_a_share_that_ends_in_a_half_is_rounded_up() -> None:
    assert money.share(Decimal("0.01"), 15, 30, 2) == Decimal("0.01")
    assert money.share(Decimal("0.01"), 14, 30, 2) == Decimal("0.00")


@given(exact)
def test_a_price_keeps_its_value_and_never_loses_the_currency_digits(amount: Decimal) -> None:
    found = money.price(amount, 2)
    assert found == amount
    assert -int(found.as_tuple().exponent) >= 2
    assert "E" not in format(found, "f")


@pytest.mark.parametrize(
    ("amount", "shown"), [("5", "5.00"), ("5.0000", "5.00"), ("0.0330", "0.033"), ("1E+2", "100.00")]
)
def test_a_price_has_no_more_decimals_than_it_needs(amount: str, shown: str) -> None:
    assert str(money.price(Decimal(amount), 2)) == shown


@given(st.integers(-(10**40), 10**40), digits)
def test_minor_units_there_and_back_are_exact(minor: int, places: int) -> None:
    amount = money.from_minor(minor, places)
    assert money.to_minor(amount, places) == minor
    assert amount.scaleb(places, money.EXACT) == minor


def test_an_amount_that_needs_more_decimals_has_no_minor_units() -> None:
    with pytest.raises(ValueError, match="more than 2 decimals"):
        money.to_minor(Decimal("0.001"), 2)
    with pytest.raises(ValueError, match="more than 2 decimals"):
        money.to_minor(Decimal("12345678901234567890123456789.001"), 2)


@pytest.mark.parametrize(("currency", "expected"), [("JPY", 0), ("USD", 2), ("KWD", 3), ("CLF", 4)])
def test_digits_of_a_currency(currency: str, expected: int) -> None:
    assert money.digits_of(currency) == expected


@pytest.mark.parametrize("currency", ["XAU", "ABC", ""])
def test_what_is_no_money_has_no_digits(currency: str) -> None:
    with pytest.raises(KeyError):
        money.digits_of(currency)
