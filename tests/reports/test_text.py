"""Text fit to be shown."""

import pytest

from reports.text import CUT, shown, so_many


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Ada Monroe", "Dr. Ada Monroe"),
        ("د. ليلى", "د. ليلى"),
        ("one\ttwo\r\nthree\x85four\u2028five", "one two three four five"),
        ("a\x00b\x1bc\x7fd\x9fe", "abcde"),
        ("in\u202evoice\u202c\u2066x\u2069", "invoicex"),
        ("a\ufffeb\uffffc\ud800d", "abcd"),
        ("=1+1", "=1+1"),
    ],
)
def test_what_steers_or_breaks_is_not_shown(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_text_of_a_cells_length_is_whole_and_longer_text_is_visibly_cut() -> None:
    assert shown("x" * 32_767) == "x" * 32_767
    assert shown("x" * 32_768) == "x" * (32_767 - len(CUT)) + CUT


def test_length_is_counted_as_excel_does_and_no_sign_is_split() -> None:
    cut = shown("a" + "🎥" * 20_000)
    assert cut.endswith("🎥" + CUT)
    assert len(cut.encode("utf-16-le")) // 2 <= 32_767


@pytest.mark.parametrize(("count", "said"), [(0, "0 sessions"), (1, "1 session"), (2, "2 sessions")])
def test_one_is_told_from_many(count, said) -> None:
    assert so_many(count, "session") == said


def test_one_is_said_in_the_singular_and_a_count_as_it_is_to_be_written() -> None:
    assert [so_many(count, "row") for count in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert so_many(1234, "row", "{:,}".format) == "1,234 rows"
