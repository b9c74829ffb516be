import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.securevideo import description

SVCO = "Session with SecureVideo.com - does not count towards billable limits"
SENTINEL = "Quixotia"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Aaron Johnson Session #105236 with Trevor Stamp - Counted Session", "Aaron Johnson"),
        ("Aaron JohnsonSession #105236 with Trevor Stamp - Counted Session", "Aaron Johnson"),
        ("Aaron Johnson Session #105236", "Aaron Johnson"),
        ("Smith with Sons, Ltd - North Session #105236 with T - Counted Session", "Smith with Sons, Ltd - North"),
        (" Session #105236 with Trevor Stamp - Counted Session", None),
        ("Session #105236 with Trevor Stamp - Counted Session", None),
        ("\u202e\x00\ufffe Session #105236 with Trevor Stamp", None),
        ("Aaron Session #1052361 with Trevor Stamp", None),
        ("Aaron Session #10523 with Trevor Stamp", None),
        ("Aaron Session #0105236 with Trevor Stamp", None),
        ("Aaron Session #105236\u0663 with Trevor Stamp", None),
        ("Aaron Session # 105236 with Trevor Stamp", None),
        ("Aaron session #105236 with Trevor Stamp", None),
        ("Aaron Session #105236 with Bo Session #105236 - Counted Session", None),
        ("Aaron Session #105236 with Bo Session #7 - Counted Session", None),
        ("Aaron Session #105236 with Bo Session #", None),
        ("Aaron Johnson", None),
        ("", None),
    ],
)
def test_host_counts_only_before_the_only_session_number(text: str, host: str | None) -> None:
    part = description.host_part(text, 105236)
    assert (None if part is None else description.host_name(part)) == host


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (" a \t b\r\nc ", "a b c"),
        ("a\x00b\x7fc\x85d\x9fe", "abc de"),
        ("".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFFFE])) + "x", "x"),
        ("Zoë 王 \u2028O'Neil", "Zoë 王 O'Neil"),
        ("=cmd()", "=cmd()"),
    ],
)
def test_shown_text_is_one_clean_line(text: str, clean: str) -> None:
    assert description.clean(text) == clean


def test_long_host_name_is_cut_with_a_visible_mark() -> None:
    assert description.host_name("x" * 200) == "x" * 200
    assert description.host_name("x" * 201) == "x" * 199 + "…"


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        ("A Session #5 with B - Counted Session", "BILL", None),
        (f"A Session #5 with B - {SVCO}", "SVCO", None),
        ("A Session #5 with B - Anything else", "COMP", None),
        ("A Session #6 with B - Counted Session", "BILL", "session-number"),
        ("A Session #55 - Counted Session", "BILL", "session-number"),
        ("A Session #6", "COMP", "session-number"),
        ("A Session #5 with B - Counted Session ", "COMP", "counted-wording"),
        ("A Session #5 with B - Counted Session", None, "counted-wording"),
        (f"A Session #5 with B - {SVCO}", "BILL", "svco-wording"),
        ("A Session #5 with B - Counted Session, C - Other", "COMP", None),
        ("A Session #5 with Counted Session", "COMP", None),
        ("Counted Session", "COMP", None),
        (f"A Session #5 with {SVCO} - Counted Session", "BILL", None),
        (f"A Session #5 with B - {SVCO} - Counted Session", "BILL", None),
        (f"A Session #5 with B - Counted Session - {SVCO}", "SVCO", None),
        ("A with B Session #6 - Other", "COMP", None),
        ("With B Session #6 - Other", "COMP", None),
        ("A Session #5 with B Session #6 - Counted Session", "BILL", None),
        ("A Session #6 with B Session #6 - Counted Session", "BILL", None),
        ("A Session #6th of May", "BILL", None),
        ("A Session #05 with B", "BILL", None),
        ("", "BILL", None),
    ],
)
def test_only_a_sure_contradiction_is_one(text: str, status: str | None, expected: str | None) -> None:
    assert description.host_and_contradiction(text, 5, status)[1] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A Session #5 with B, C - Counted Session", ("B, C", "Counted Session")),
        (f"A Session #5 with B - C - {SVCO}", ("B - C", SVCO)),
        ("A Session #5 with B - Comped", ("B", "Comped")),
        ("A Session #5 with B", ("B", None)),
        ("A Session #5 - Counted Session", (None, "Counted Session")),
        ("A Session #5 of B", (None, "of B")),
        ("A Session #5", (None, None)),
        ("A Session #6 with\tB", (None, "A Session #6 with B")),
        ("", (None, None)),
    ],
)
def test_participants_and_note(text: str, expected: tuple[str | None, str | None]) -> None:
    assert description.participants_and_note(text, 5) == expected


PIECES = st.sampled_from(
    [" with ", " - ", ", ", "Session #5", "Session #", " Session #6", "Counted Session", SVCO, "\x00"]
)
NAMES = st.lists(PIECES | st.text(max_size=5), max_size=8).map("".join)


@given(host=NAMES, before=NAMES, after=NAMES, wording=st.sampled_from(["Counted Session", SVCO, "Other", ""]))
def test_no_participant_becomes_the_host(host: str, before: str, after: str, wording: str) -> None:
    text = f"{host} Session #5 with {before}{SENTINEL}{after} - {wording}"
    part = description.host_part(text, 5)
    assert SENTINEL not in ((part and description.host_name(part)) or "")


@given(names=NAMES, wording=st.sampled_from(["Counted Session", SVCO]))
def test_a_name_like_a_description_contradicts_nothing(names: str, wording: str) -> None:
    status = "BILL" if wording == "Counted Session" else "SVCO"
    assert description.host_and_contradiction(f"A Session #5 with {names} - {wording}", 5, status)[1] is None
