"""The kinds of finding, and what to do about them."""

from dataclasses import replace

import pytest
from msgspec import UNSET

from reports.document import Finding
from reports.findings import KINDS, folded, listed, most_alike, what_to_do
from tests.documents import sample


def test_what_a_person_should_do_stands_once_in_a_row_of_the_findings() -> None:
    """What was found says no more than that; the column beside it says what to do."""
    for kind in KINDS.values():
        assert kind.to_do.endswith(".")
        assert "ask the vendor" not in kind.what


@pytest.mark.parametrize("severity", ["blocking", "warning", "info"])
def test_a_finding_of_a_newer_version_says_what_its_severity_asks_for(severity: str) -> None:
    assert what_to_do("not-known-yet", severity).endswith(".")


def found(count: int, severity: str = "info", code: str = "never-connected") -> list[Finding]:
    return [Finding(code, severity, number, f"session {number} never connected") for number in range(1, count + 1)]


def test_fifty_findings_alike_are_listed_one_by_one_and_one_more_makes_them_one() -> None:
    assert folded(found(50)) == tuple(found(50))
    (one,) = folded(found(51))
    assert (one.code, one.severity, one.session_id, one.count) == ("never-connected", "info", None, 51)
    assert one.message.startswith("session 1 never connected; and 50 more like it")


def test_a_blocking_finding_always_stands_by_itself() -> None:
    blocking, warnings = found(60, "blocking", "unknown-status"), found(60, "warning")
    shown = folded([*blocking, *warnings, *found(2)])
    assert shown[:60] == tuple(blocking)
    assert [(one.severity, one.count) for one in shown[60:]] == [("warning", 60), ("info", UNSET), ("info", UNSET)]


def test_a_document_that_says_nothing_of_it_shows_all_it_has() -> None:
    document = replace(sample()[0], findings=tuple(found(60)))
    assert listed(document) == document.findings
    assert len(listed(replace(document, most_alike=most_alike(document.findings, 50)))) == 1
    assert most_alike(document.findings, UNSET) is most_alike(document.findings, 60) is UNSET
