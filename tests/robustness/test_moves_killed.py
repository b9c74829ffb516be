"""kill -9 while two months are put right that sessions changed places between: both stand, or neither."""

import pytest

from jobs.simulator.simulator import Simulator
from tests.robustness.installation import Ground
from tests.robustness.processes import at_call
from tests.robustness.site import data_set, row

OCTOBER, NOVEMBER = "2016-10", "2016-11"
RUN = ("run", "--month", f"{OCTOBER}..{NOVEMBER}")
COUNT = "SELECT count(*) FROM documents"


@pytest.mark.needs("strace")
@pytest.mark.parametrize(("call", "nth"), [("fsync", 2), ("fsync", 9), ("renameat", 3), ("renameat", 7)])
def test_a_swap_that_is_killed_is_whole_or_not_at_all(ground: Ground, vendor: Simulator, call: str, nth: int) -> None:
    vendor.data = data_set([row(1001, OCTOBER), row(1101, NOVEMBER)])
    place = ground.install(vendor.url)
    assert place.run(*RUN).status == 0
    vendor.data = data_set([row(1101, OCTOBER), row(1001, NOVEMBER)])
    assert place.run(*RUN, "--adjust", strace=at_call(call, nth, "signal=KILL")).status == -9
    assert place.rows(COUNT) in ([(2,)], [(4,)])
    again = place.run(*RUN, "--adjust")
    assert again.status == 0, again.stderr
    assert place.rows(COUNT) == [(4,)]
    assert place.leftovers() == []
    place.is_proven()
    place.remove()
