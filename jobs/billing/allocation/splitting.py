"""Largest remainders: an amount in whole minor units over exact weights."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import TypeVar

from reports.allocation import UNALLOCATED

K = TypeVar("K", str, int)

POOL = ""  # of sessions reserved for no centre; no centre's key is empty
_LAST = {UNALLOCATED: 1, POOL: 2}


def split(total: int, weights: Mapping[K, int | Fraction | Decimal]) -> dict[K, int]:
    """`total` (not negative) over `weights` (none negative, at least one over 0 unless `total` is 0), Σ = `total`.

    Each key gets the floor of its exact share, then one unit more by largest fraction; ties go to the larger weight,
    then to the smaller key, `unallocated` last. A weight of 0 gets 0. Raises ValueError for anything else.
    """
    exact = {key: Fraction(weight) for key, weight in weights.items()}
    scale = lcm(*(weight.denominator for weight in exact.values()))
    whole = {key: int(weight * scale) for key, weight in exact.items()}
    summed = sum(whole.values())
    if total < 0 or any(weight < 0 for weight in whole.values()) or (total and not summed):
        raise ValueError(
            "only an amount that is not negative can be split, over weights that are not, one of them over 0"
        )
    if not summed:
        return dict.fromkeys(weights, 0)
    shares = {key: total * weight // summed for key, weight in whole.items()}
    fractions = {key: total * weight % summed for key, weight in whole.items()}

    def first_served(key: K) -> tuple[int, int, int, K]:
        return -fractions[key], -whole[key], _LAST.get(key, 0) if isinstance(key, str) else 0, key

    left = total - sum(shares.values())
    for key in sorted(shares, key=first_served)[:left]:
        shares[key] += 1
    return shares
