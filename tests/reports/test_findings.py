"""The kinds of finding, and what to do about them."""

import pytest

from reports.findings import KINDS, what_to_do


def test_what_a_person_should_do_stands_once_in_a_row_of_the_findings() -> None:
    """What was found says no more than that; the column beside it says what to do."""
    for kind in KINDS.values():
        assert kind.to_do.endswith(".")
        assert "ask the vendor" not in kind.what


@pytest.mark.parametrize("severity", ["blocking", "warning", "info"])
def test_a_finding_of_a_newer_version_says_what_its_severity_asks_for(severity: str) -> None:
    assert what_to_do("not-known-yet", severity).endswith(".")
