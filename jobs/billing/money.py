"""Exact decimal money: each amount is rounded once, half up (away from zero), to its currency's digits."""

from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation

from iso4217 import Currency

CELL_DIGITS = 15  # significant digits that a spreadsheet cell, a double, keeps exactly

EXACT = Context(prec=200, traps=[Inexact, InvalidOperation])
_ROUNDING = Context(prec=200, rounding=ROUND_HALF_UP)


def digits_of(currency: str) -> int:
    """The digits of a currency's minor unit (ISO 4217). Raises KeyError for any other code."""
    try:
        found = Currency(currency)
    except ValueError:
        raise KeyError(currency) from None
    if found.exponent is None:
        raise KeyError(currency)
    return found.exponent


def rounded(amount: Decimal, digits: int) -> Decimal:
    """`amount` to `digits` decimals, halves away from zero; never a negative zero."""
    quantised = amount.quantize(Decimal(1).scaleb(-digits), context=_ROUNDING)
    return _ROUNDING.add(quantised, Decimal(0))  # -0.00 becomes 0.00


def share(amount: Decimal, numerator: int, denominator: int, digits: int) -> Decimal:
    """`amount` × numerator ÷ denominator, rounded once: the multiplication is exact, only the quotient is rounded.

    200 digits of the quotient decide the half: a tie is decided exactly, as its decimal expansion ends.
    """
    exact = EXACT.multiply(amount, Decimal(numerator))
    return rounded(_ROUNDING.divide(exact, Decimal(denominator)), digits)


def price(amount: Decimal, digits: int) -> Decimal:
    """`amount`, exactly, with the currency's digits or as many more as it needs."""
    needed = -int(amount.normalize(EXACT).as_tuple().exponent)
    return amount.quantize(Decimal(1).scaleb(-max(digits, needed)), context=EXACT)


def to_minor(amount: Decimal, digits: int) -> int:
    """`amount` in whole minor units. Raises ValueError if it has more decimals than the currency."""
    scaled = amount.scaleb(digits, EXACT)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has more than {digits} decimals")
    return int(scaled)


def from_minor(minor: int, digits: int) -> Decimal:
    return Decimal(minor).scaleb(-digits, context=EXACT)


def fits_a_cell(amount: Decimal) -> bool:
    return len(amount.normalize(EXACT).as_tuple().digits) <= CELL_DIGITS
