"""The bench of `match`, at a small size: it runs from end to end and says what it found."""

import pytest

from benchmarks import matching


def test_it_measures_match_beside_reading(capsys: pytest.CaptureFixture[str]) -> None:
    matching.main(200, rounds=1)
    said = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in said[:2]] == ["match", "reading with openpyxl"]
    assert "match, beside reading alone" in said[2]
