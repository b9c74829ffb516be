"""Four processes at once on one ledger: every unit is billed once, numbers are unique and without a gap.

On SQLite and on PostgreSQL. The four are started, held at their first step, and let go together. Claimed: all exit 0;
one issues each unit and the others find it unchanged; `verify` finds nothing. On PostgreSQL also as four *hosts* that
share nothing but the ledger: each with its own output and snapshots, so that no lock on a folder keeps them apart.
"""

import json
from collections.abc import Sequence

from jobs.simulator.simulator import Simulator
from tests.robustness.installation import Ground, Installation
from tests.robustness.processes import Process
from tests.robustness.site import KEYS, NOVEMBER, contents, data_set, row, tiny_month

FOUR = 4
MONTHS = ("2016-08", "2016-09", "2016-10", "2016-11")


def together(commands: Sequence[tuple[Installation, tuple[str, ...]]]) -> list[Process]:
    processes = [place.start(*command, held=True) for place, command in commands]
    for process in processes:
        process.release()
    for process in processes:
        assert process.wait() == 0, process.stderr
    return processes


def statuses(processes: Sequence[Process]) -> list[str]:
    return sorted(unit["status"] for process in processes for unit in json.loads(process.stdout))


def ordinals(place: Installation, account: str) -> list[int]:
    query = f"SELECT nth FROM numbers WHERE series = 'invoice' AND account = '{account}' ORDER BY nth"  # noqa: S608
    return [nth for (nth,) in place.rows(query)]


def test_one_unit_is_billed_by_one_of_four(ground: Ground, vendor: Simulator) -> None:
    place = ground.install(vendor.url)
    done = together([(place, ("run", "--month", NOVEMBER, "--json"))] * FOUR)
    assert statuses(done) == ["issued", "unchanged", "unchanged", "unchanged"]
    assert place.numbers() == ["ACME-201611-0001"]
    place.is_proven()


def test_four_months_of_one_account_share_one_series(ground: Ground, vendor: Simulator) -> None:
    vendor.data = data_set([row for n, month in enumerate(MONTHS) for row in tiny_month(month, 1000 + 100 * n)])
    place = ground.install(vendor.url)
    done = together([(place, ("run", "--month", month, "--json")) for month in MONTHS])
    assert statuses(done) == ["issued"] * FOUR
    assert ordinals(place, "acme") == [1, 2, 3, 4]
    assert {str(number)[:-4] for number in place.numbers()} == {f"ACME-{month.replace('-', '')}-" for month in MONTHS}
    place.is_proven()


def test_four_accounts_have_a_series_each(ground: Ground, vendor: Simulator) -> None:
    place = ground.install(vendor.url, accounts=KEYS)
    done = together([(place, ("run", "--month", NOVEMBER, "--account", key, "--json")) for key in KEYS])
    assert statuses(done) == ["issued"] * FOUR
    assert sorted(map(str, place.numbers())) == [f"{key.upper()}-201611-0001" for key in KEYS]
    place.is_proven()


def test_four_whole_runs_bill_every_unit_once(ground: Ground, vendor: Simulator) -> None:
    vendor.data = data_set([row for n, month in enumerate(MONTHS) for row in tiny_month(month, 1000 + 100 * n)])
    place = ground.install(vendor.url, accounts=KEYS[:2])
    done = together([(place, ("run", "--month", f"{MONTHS[0]}..{MONTHS[-1]}", "--json"))] * FOUR)
    assert statuses(done) == ["issued"] * 8 + ["unchanged"] * 24
    assert [ordinals(place, key) for key in KEYS[:2]] == [[1, 2, 3, 4]] * 2
    place.is_proven()


def test_a_restated_month_is_adjusted_by_one_of_four(ground: Ground, vendor: Simulator) -> None:
    place = ground.install(vendor.url)
    assert place.run("run", "--month", NOVEMBER).status == 0
    first, *others = tiny_month()
    vendor.data = data_set([{**first, "BillableStatusCd": "COMP"}, *others])
    done = together([(place, ("run", "--month", NOVEMBER, "--adjust", "--json"))] * FOUR)
    assert statuses(done) == ["adjusted", "unchanged", "unchanged", "unchanged"]
    assert place.numbers() == ["ACME-201611-0001", "ACME-201611-0001-CN1"]
    place.is_proven()


def test_four_hosts_that_share_only_the_ledger_bill_a_unit_once(on_postgresql: Ground, vendor: Simulator) -> None:
    hosts = [on_postgresql.install(vendor.url)]
    hosts += [hosts[0].other() for _ in range(FOUR - 1)]
    done = together([(host, ("run", "--month", NOVEMBER, "--json")) for host in hosts])
    assert statuses(done) == ["issued", "unchanged", "unchanged", "unchanged"]
    assert hosts[0].numbers() == ["ACME-201611-0001"]
    first, *others = tiny_month()
    vendor.data = data_set([{**first, "BillableStatusCd": "COMP"}, *others, row(1010), row(1011)])
    done = together([(host, ("run", "--month", NOVEMBER, "--adjust", "--json")) for host in hosts])
    assert statuses(done) == ["adjusted", "unchanged", "unchanged", "unchanged"]
    assert hosts[0].numbers() == ["ACME-201611-0001", "ACME-201611-0001-SI1"]
    issued = [{name: content for name, content in contents(host.output).items() if "ACME" in name} for host in hosts]
    assert len(issued[0]) == 8
    assert issued[1:] == issued[:1] * (FOUR - 1), "every host has the same files"
