"""docs/reference.md is what `--help` says."""

from pathlib import Path

import pytest

from docs import reference


def test_the_reference_is_golden(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--renew-golden"):
        reference.PAGE.write_text(reference.text())
    assert Path(reference.PAGE).read_text() == reference.text(), "renew it: make golden"
