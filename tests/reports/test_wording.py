"""What to do about findings."""

import pytest

from jobs.billing.findings import SEVERITY
from reports.document import Finding
from reports.wording import TO_DO, what_to_do


def test_every_finding_says_what_to_do() -> None:
    assert set(TO_DO) == set(SEVERITY)


@pytest.mark.parametrize("severity", ["blocking", "warning", "info"])
def test_a_finding_of_a_newer_version_says_what_its_severity_asks_for(severity) -> None:
    assert what_to_do(Finding("not-known-yet", severity, None, "?")).endswith(".")
