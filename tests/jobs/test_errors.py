"""What exit status several of them come to (docs/rules.md §17)."""

import pytest

from jobs.errors import combined


@pytest.mark.parametrize(
    ("statuses", "status"), [([], 0), ([0, 0], 0), ([0, 3], 3), ([3, 1, 0], 1), ([1, 3], 1), ([3, 1, 2], 2)]
)
def test_where_several_apply_2_goes_before_1_and_1_before_3(statuses: list[int], status: int) -> None:
    assert combined(statuses) == status
