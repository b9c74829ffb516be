from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.billing.allocation import split
from jobs.billing.allocation.splitting import POOL

weights = st.dictionaries(
    st.sampled_from(["A", "B", "C", "a", "unallocated", POOL, "Z9"]),
    st.fractions(0, 1000, max_denominator=50) | st.integers(0, 5),
    min_size=1,
).filter(lambda found: any(found.values()))


@pytest.mark.parametrize(
    ("total", "over", "shares"),
    [
        (10000, {"A": 1, "B": 1, "C": 1}, [3334, 3333, 3333]),
        (100, {"A": 1, "B": 1, "C": 1}, [34, 33, 33]),
        (9999, {"A": 75, "B": 25}, [7499, 2500]),
        (18225, {"A": 98, "B": 2}, [17861, 364]),  # half a cent each: the larger weight
        (1, {"A": 33, "B": 66}, [0, 1]),
        (3, {"A": 1, "B": 3, "C": 3}, [1, 1, 1]),
        (4, {"A": 1, "B": 3, "C": 3}, [0, 2, 2]),  # the Alabama paradox
        (1, {"unallocated": 1, "z": 1}, [0, 1]),
        (1, {POOL: 1, "unallocated": 1}, [0, 1]),
        (0, {"A": 0}, [0]),
        (2, {2: 1, 10: 1, 1: 1}, [1, 0, 1]),
    ],
)
def test_known_answers(total: int, over: dict[str, int], shares: list[int]) -> None:
    assert list(split(total, over).values()) == shares


@given(st.integers(0, 10**9), weights)
def test_shares_add_up_and_are_within_one_unit_of_the_exact_ones(total: int, over: dict[str, Fraction]) -> None:
    shares = split(total, over)
    assert sum(shares.values()) == total
    summed = Fraction(sum(over.values()))
    for key, weight in over.items():
        assert abs(shares[key] - total * weight / summed) < 1
        assert 0 <= shares[key] <= total
        assert weight or not shares[key]


@given(st.integers(0, 10**6), weights, st.fractions(Fraction(1, 100), 100))
def test_neither_scale_nor_order_nor_a_key_of_no_weight_matters(
    total: int, over: dict[str, Fraction], factor: Fraction
) -> None:
    shares = split(total, over)
    assert split(total, {key: weight * factor for key, weight in over.items()}) == shares
    assert split(total, dict(reversed(over.items()))) == shares
    assert split(total, {**over, "new": 0}) == {**shares, "new": 0}


@pytest.mark.parametrize(("total", "over"), [(-1, {"A": 1}), (1, {"A": 0}), (1, {"A": -1, "B": 3})])
def test_what_cannot_be_split_is_refused(total: int, over: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="can be split"):
        split(total, over)


def test_decimal_weights_are_exact() -> None:
    assert split(10, {"A": Decimal("0.1"), "B": Decimal("0.3")}) == {"A": 2, "B": 8}
