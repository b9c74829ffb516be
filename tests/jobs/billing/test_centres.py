from datetime import date
from typing import Any

import pytest

from jobs.billing.centres import MapRow, Resolution, Sources, resolve
from reports.allocation import Assigned, Source
from tests.allocations import asked
from tests.usage import NOVEMBER, codes

FIRST, LAST = date(2016, 11, 1), date(2016, 11, 30)


def resolved(hosts: set[int], by: tuple[Source, ...], preferred: tuple[str, ...] = (), **sources: Any) -> Any:
    known = {"external_ids": {}, "groups": {}} | sources
    return resolve(NOVEMBER, hosts, asked(by=by, groups=preferred), Sources(**known), None)


def stretches(resolution: Resolution) -> list[tuple[int, str, int, int, str | None]]:
    return [(one.host_id, one.centre, one.from_.day, one.to.day, one.by) for one in resolution.assigned]


def test_a_transfer_in_mid_month_is_by_the_day() -> None:
    rows = (MapRow("host", "4", "A", last=date(2016, 11, 14)), MapRow("host", "4", "B", date(2016, 11, 16)))
    found, _ = resolved({4}, ("map",), rows=rows)
    assert stretches(found) == [(4, "A", 1, 14, "map"), (4, "unallocated", 15, 15, None), (4, "B", 16, 30, "map")]


def test_a_row_of_the_host_goes_before_one_of_its_external_id() -> None:
    rows = (MapRow("external_id", "x7", "B"), MapRow("host", "4", "A", date(2016, 11, 10)))
    found, _ = resolved({4}, ("map",), rows=rows, external_ids={4: "x7"})
    assert stretches(found) == [(4, "B", 1, 9, "map"), (4, "A", 10, 30, "map")]


@pytest.mark.parametrize(("by", "centre"), [
    (("map", "external_id", "group", "host"), "MAPPED"), (("external_id", "group"), "FINANCE-9"),
    (("group", "external_id"), "Neurology"), (("host", "map"), "host-4"),
])  # fmt: skip
def test_the_first_source_that_names_a_centre_wins(by: tuple[Source, ...], centre: str) -> None:
    found, findings = resolved(
        {4},
        by,
        ("Cardiology", "Neurology"),
        rows=(MapRow("host", "4", "MAPPED"),),
        external_ids={4: "FINANCE-9"},
        groups={4: ("All staff", "Neurology")},
    )
    assert stretches(found) == [(4, centre, 1, 30, by[0])]
    assert not findings


def test_a_host_in_several_groups_belongs_to_the_first_configured() -> None:
    found, findings = resolved({4}, ("group",), ("Neurology", "Cardiology"), groups={4: ("Cardiology", "Neurology")})
    assert stretches(found) == [(4, "Neurology", 1, 30, "group")]
    assert codes(findings) == ["host-in-several-groups"]


@pytest.mark.parametrize("external_id", ["unallocated", "-x", "a" * 64, "ä", "a\nb"])
def test_an_external_id_that_cannot_be_a_key_names_no_centre_and_is_never_repeated(external_id: str) -> None:
    found, findings = resolved({4}, ("external_id",), external_ids={4: external_id})
    assert stretches(found) == [(4, "unallocated", 1, 30, None)]
    assert codes(findings) == ["unusable-centre"]
    assert "host 4" in findings[0].message
    assert external_id not in findings[0].message.replace("unallocated", "") or external_id == "unallocated"


def test_no_external_id_is_no_oddity() -> None:
    assert not resolved({4}, ("external_id",), external_ids={4: ""})[1]


@pytest.mark.parametrize(("by", "rows", "sources", "findings"), [
    (("external_id",), (), {"external_ids": None}, ["hosts-unavailable"]),
    (("map",), (MapRow("external_id", "x", "A"),), {"external_ids": None}, ["hosts-unavailable"]),
    (("map",), (MapRow("host", "4", "A"),), {"external_ids": None, "groups": None}, []),
    (("group",), (), {"groups": None}, ["groups-unavailable"]),
])  # fmt: skip
def test_what_a_centre_depends_on_must_be_had(
    by: tuple[Source, ...], rows: tuple[MapRow, ...], sources: dict[str, Any], findings: list[str]
) -> None:
    _, found = resolved({4}, by, ("G",) if "group" in by else (), rows=rows, **sources)
    assert codes(found) == findings
    assert all(one.severity == "blocking" for one in found)


def test_every_licensed_host_and_every_host_with_sessions_is_covered() -> None:
    found, _ = resolved({9}, ("map",), rows=(MapRow("host", "2", "A"),), licensed=(2, 3))
    assert stretches(found) == [
        (2, "A", 1, 30, "map"), (3, "unallocated", 1, 30, None), (9, "unallocated", 1, 30, None)
    ]  # fmt: skip


def test_what_is_stored_stays_and_only_an_unknown_host_is_looked_up() -> None:
    prior = Resolution((Assigned(host_id=4, centre="OLD", from_=FIRST, to=LAST, by="map"),), (4,))
    rows = (MapRow("host", "4", "NEW"), MapRow("host", "5", "NEW"))
    sources = Sources(rows=rows, licensed=(4, 5, 6))
    found, findings = resolve(NOVEMBER, {4, 5}, asked(), sources, prior)
    assert stretches(found) == [(4, "OLD", 1, 30, "map"), (5, "NEW", 1, 30, "map")]
    assert found.licensed == (4,)
    assert not findings
