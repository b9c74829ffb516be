import json
from collections import Counter
from contextlib import suppress
from datetime import datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import ReplyRefused, TryAgainLater
from jobs.securevideo import history
from jobs.securevideo.history import Received

SENTINEL = "Quixotia"
KEYS = ("SessionId", "ScheduleTs", "BillableTs", "DurationMinutes", "BillableStatusCd", "UserId", "UsageDescription")
ARTICLE = [
    {
        "SessionId": 105236,
        "ScheduleTs": "2016-11-03T21:45:09.467",
        "BillableTs": "2016-11-03T21:46:16.1",
        "DurationMinutes": 25,
        "BillableStatusCd": "BILL",
        "UserId": 4,
        "UsageDescription": "Aaron Johnson Session #105236 with Trevor Stamp - Counted Session",
    },
    {
        "SessionId": 105022,
        "ScheduleTs": "2016-11-03T22:00:00",
        "BillableTs": "2016-11-03T21:56:30.72",
        "DurationMinutes": 31,
        "BillableStatusCd": "SVCO",
        "UserId": 1,
        "UsageDescription": "Jonathan Vernon Session #105022 with Dewey Gladstone, Xiao Chu, Marisa Zendejas"
        " - Session with SecureVideo.com - does not count towards billable limits",
    },
]


def row(**changes: Any) -> dict[str, Any]:
    return {**ARTICLE[0], **changes}


def read(value: Any, keep: bool = False) -> Received:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    received = history.read(body, keep_participants=keep)
    codes = Counter(found.code for found in received.findings)
    assert received.received == len(received.rows) + codes["unreadable-row"]
    assert received.rows.index.equals(pd.RangeIndex(len(received.rows)))
    return received


def text_of(key: str, literal: str) -> bytes:
    """A reply of one row whose `key` has the JSON text `literal`."""
    fields = [f'"{name}": {literal if name == key else json.dumps(ARTICLE[0][name])}' for name in KEYS]
    return ("[{" + ", ".join(fields) + "}]").encode()


def test_the_articles_rows_with_participants() -> None:
    received = read(json.dumps(ARTICLE, indent=2).replace("\n", "\r\n").encode(), keep=True)
    assert {name: str(kind) for name, kind in received.rows.dtypes.items()} == {
        "session_id": "int64",
        "scheduled_at": "datetime64[us, UTC]",
        "billable_at": "datetime64[us, UTC]",
        "minutes": "Int32",
        "status": "object",
        "host_id": "int64",
        "host_name": "object",
        "participants": "object",
        "note": "object",
        "fingerprint": "int64",
        "contradiction": "object",
    }
    assert received.rows.drop(columns="fingerprint").to_dict("records")[1] == {
        "session_id": 105022,
        "scheduled_at": pd.Timestamp("2016-11-03T22:00:00Z"),
        "billable_at": pd.Timestamp("2016-11-03T21:56:30.720Z"),
        "minutes": 31,
        "status": "SVCO",
        "host_id": 1,
        "host_name": "Jonathan Vernon",
        "participants": "Dewey Gladstone, Xiao Chu, Marisa Zendejas",
        "note": "Session with SecureVideo.com - does not count towards billable limits",
        "contradiction": None,
    }
    assert received.findings == ()


@pytest.mark.parametrize("body", [b"[]", b" \r\n[ ]\t", b"\xef\xbb\xbf[]"])
def test_empty_array_is_a_frame_of_no_rows_with_the_same_types(body: bytes) -> None:
    assert read(body).rows.dtypes.equals(read(ARTICLE).rows.dtypes)
    assert len(read(body, keep=True).rows.columns) == len(read(ARTICLE).rows.columns) + 2


def test_participants_are_dropped_unless_kept() -> None:
    received = read(ARTICLE)
    assert not {"participants", "note"} & set(received.rows.columns)
    assert "Trevor" not in repr(received.rows.to_dict())


def test_nulls_that_are_fine() -> None:
    one = read([row(BillableTs=None, DurationMinutes=None, BillableStatusCd=None, UsageDescription=None)]).rows.iloc[0]
    assert one["billable_at"] is pd.NaT
    assert one["minutes"] is pd.NA
    assert one["status"] is None
    assert one["host_name"] is None
    assert one["contradiction"] is None


@pytest.mark.parametrize("key", ["SessionId", "ScheduleTs", "UserId"])
def test_nulls_that_are_unreadable(key: str) -> None:
    (found,) = read([row(**{key: None})]).findings
    assert (found.code, found.severity) == ("unreadable-row", "blocking")
    assert found.message.startswith(f"row 1: {key}: expected ")
    assert found.session_id == (None if key == "SessionId" else 105236)


@pytest.mark.parametrize("key", KEYS)
def test_missing_key_is_unreadable_and_names_the_field(key: str) -> None:
    broken = row()
    del broken[key]
    (found,) = read([ARTICLE[1], broken]).findings
    assert found.message == f"row 2: {key} is missing"
    assert found.session_id == (None if key == "SessionId" else 105236)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "literal", ["true", "false", "25.0", "2e1", "-1.5E+3", "[]", "{}", '["x"]', '{"a": 1}', "1e999"]
)
def test_wrong_json_type_is_unreadable(key: str, literal: str) -> None:
    (found,) = read(text_of(key, literal)).findings
    assert found.message.startswith(f"row 1: {key}: expected ")


@pytest.mark.parametrize("key", ["ScheduleTs", "BillableTs", "BillableStatusCd", "UsageDescription"])
def test_number_instead_of_text_is_unreadable(key: str) -> None:
    assert [found.code for found in read(text_of(key, "5")).findings] == ["unreadable-row"]


@pytest.mark.parametrize("element", [None, 1, "x", [], [[1]], {}, 1.5, True])
def test_element_that_is_no_row_is_unreadable(element: Any) -> None:
    received = read([ARTICLE[0], element, ARTICLE[1]])
    assert received.rows["session_id"].tolist() == [105236, 105022]
    assert [found.code for found in received.findings] == ["unreadable-row"]


@pytest.mark.parametrize("key", ["SessionId", "UserId"])
@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("1", 1),
        ("9223372036854775807", 2**63 - 1),
        ('"42"', 42),
        ('"007"', 7),
        ('"9223372036854775807"', 2**63 - 1),
        ("0", None),
        ("-0", None),
        ("-1", None),
        ("9223372036854775808", None),
        ("1" * 30, None),
        ("-" + "1" * 30, None),
        ('"0"', None),
        ('"9223372036854775808"', None),
        ('"' + "1" * 30 + '"', None),
        ('"-5"', None),
        ('"+5"', None),
        ('" 5"', None),
        ('"5 "', None),
        ('"5\\n"', None),
        ('"\\u0663"', None),
        ('"5.0"', None),
        ('"1_0"', None),
        ('""', None),
    ],
)
def test_ids(key: str, literal: str, expected: int | None) -> None:
    received = read(text_of(key, literal))
    column = {"SessionId": "session_id", "UserId": "host_id"}[key]
    assert received.rows[column].tolist() == ([] if expected is None else [expected])
    coerced = expected is not None and literal.startswith('"')
    assert [found.code for found in received.findings] == (
        ["unreadable-row"] if expected is None else ["coerced-type"] * coerced
    )


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("0", 0),
        ("-5", -5),
        ("2147483647", 2**31 - 1),
        ("-2147483648", -(2**31)),
        ('"-5"', -5),
        ('"12"', 12),
        ("2147483648", "unreadable"),
        ("-2147483649", "unreadable"),
        ("9" * 99, "unreadable"),
        ('"--5"', "unreadable"),
        ('"+5"', "unreadable"),
        ('"- 5"', "unreadable"),
        ('"2147483648"', "unreadable"),
    ],
)
def test_minutes(literal: str, expected: Any) -> None:
    rows = read(text_of("DurationMinutes", literal)).rows
    assert rows["minutes"].tolist() == ([] if expected == "unreadable" else [expected])
    assert str(rows["minutes"].dtype) == "Int32"


def test_coerced_type_comes_once_a_field_and_only_for_rows_that_are_read() -> None:
    received = read([row(SessionId="1", UserId="2"), row(SessionId="3"), row(DurationMinutes="3", UserId="x")])
    found = [(one.code, one.message.split(":")[0]) for one in received.findings]
    assert found == [("unreadable-row", "row 3"), ("coerced-type", "SessionId"), ("coerced-type", "UserId")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-11-03T21:45:09", "2016-11-03T21:45:09"),
        ("2016-11-03T21:45:09.4", "2016-11-03T21:45:09.400000"),
        ("2016-11-03T21:45:09.000001", "2016-11-03T21:45:09.000001"),
        ("2016-11-03T21:45:09.9999999", "2016-11-03T21:45:09.999999"),
        ("2016-11-03T21:45:09.123456789", "2016-11-03T21:45:09.123456"),
        ("2016-11-03T21:45:09Z", "2016-11-03T21:45:09"),
        ("2016-11-03T21:45:09.5+00:00", "2016-11-03T21:45:09.500000"),
        ("2016-11-03T21:45:09-00:00", "2016-11-03T21:45:09"),
        ("2016-10-31T23:30:00.25-04:00", "2016-11-01T03:30:00.250000"),
        ("2016-11-01T00:15:00+05:45", "2016-10-31T18:30:00"),
        ("2016-02-29T00:00:00", "2016-02-29T00:00:00"),
        ("2000-02-29T23:59:59", "2000-02-29T23:59:59"),
        ("1969-12-31T23:59:59.5", "1969-12-31T23:59:59.500000"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
        ("9999-12-31T23:59:59.999999999", "9999-12-31T23:59:59.999999"),
        *(
            (text, None)
            for text in [
                *("", " ", "2016", "2016-11", "2016-11-03", "2016-W44-4", "2016-308", "20161103T214509", "now", "NaT"),
                *("2016-11-03 21:45:09", "2016-11-03t21:45:09", "2016-11-03T21:45", "2016-11-03T21:45:09z"),
                *("2016-11-03T21:45:09.", "2016-11-03T21:45:09.Z", "2016-11-03T21:45:09,5", "2016-11-03T21:45:09 Z"),
                *("2016-11-03T21:45:09.1234567890", "2016-11-03T21:45:09.1234567890Z", "2016-11-03T21:45:09.12a"),
                *("2016-11-03T21:45:60", "2016-12-31T23:59:60Z", "2016-11-03T24:00:00", "2016-11-03T21:60:00"),
                *("2016-02-30T00:00:00", "2015-02-29T00:00:00", "1900-02-29T00:00:00", "2016-04-31T00:00:00"),
                *("2016-13-01T00:00:00", "2016-00-01T00:00:00", "2016-11-00T00:00:00", "0000-01-01T00:00:00"),
                *("0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "10000-01-01T00:00:00"),
                *("2016-11-03T21:45:09+0400", "2016-11-03T21:45:09+04", "2016-11-03T21:45:09+24:00"),
                *("2016-11-03T21:45:09+04:60", "2016-11-03T21:45:09+4:000", "2016-11-03T21:45:09Z+04:00"),
                *(" 2016-11-03T21:45:09", "2016-11-03T21:45:09 ", "2016-11-03T21:45:09\n", "2016-11-03T21:45:09\0"),
                *("2016-11-03T21:45:09Z\0", "２016-11-03T21:45:09", "2016-11-03T21:45:0٣", "2016-11-03T21:45:09−04:00"),
                *("+2016-11-03T21:45:09", "-016-11-03T21:45:09", "2016-1a-03T21:45:09", "2016-11-03T21:45:09+04-00"),
                *("2016-11-03T21:45:09.123456789+04:001", "2016-11-03T21:45:09" * 9),
            ]
        ),
    ],
)
def test_timestamps(text: str, expected: str | None) -> None:
    for key, column in (("ScheduleTs", "scheduled_at"), ("BillableTs", "billable_at")):
        received = read([ARTICLE[1], row(**{key: text}), ARTICLE[1]])
        if expected is None:
            (found,) = received.findings
            assert found.message.startswith(f"row 2: {key}: expected a timestamp")
        else:
            stamp = received.rows[column].iloc[1]
            assert stamp.to_pydatetime() == datetime.fromisoformat(expected + "+00:00")


@given(st.datetimes(), st.integers(0, 999_999_999), st.integers(0, 9), st.integers(-1439, 1439))
def test_timestamps_are_exact_to_the_microsecond(moment: datetime, nanos: int, digits: int, offset: int) -> None:
    fraction = f"{nanos:09}"[:digits]
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    text += f".{fraction}" * bool(digits) + f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    frame = read([row(ScheduleTs=text)]).rows
    seconds = (moment.replace(microsecond=0) - datetime(1970, 1, 1)).days * 86400  # noqa: DTZ001 - naive like `moment`
    seconds += moment.hour * 3600 + moment.minute * 60 + moment.second - offset * 60
    expected = seconds * 1_000_000 + int(fraction.ljust(6, "0")[:6])
    assert len(frame) or moment.year in (1, 9999)
    if len(frame):
        assert frame["scheduled_at"].dt.tz_localize(None).to_numpy().view("int64").tolist() == [expected]


def test_status_is_kept_exactly_as_sent() -> None:
    sent = ["BILL ", "bill", "", "ZZZZ", None, "COMP"]
    assert read([row(BillableStatusCd=status) for status in sent]).rows["status"].tolist() == sent


@pytest.mark.parametrize("name", ["sessionId", "SESSIONID", "SessionId ", "Session\u0130d"])
def test_key_names_are_exact(name: str) -> None:
    broken = {name: 5, **{key: value for key, value in ARTICLE[0].items() if key != "SessionId"}}
    assert [found.code for found in read([broken]).findings] == ["unreadable-row", "unknown-field"]


def test_escaped_key_is_the_same_key() -> None:
    assert len(read(text_of("x", "").replace(b'"SessionId"', b'"\\u0053essionId"')).rows) == 1


def test_unknown_field_comes_once_and_without_its_value() -> None:
    received = read([row(New=SENTINEL), row(New=[{"deep": SENTINEL}], **{"B\tad\u202e" + "x" * 90: 1})])
    assert len(received.rows) == 2
    assert [found.message for found in received.findings] == ["unknown field “New”", f"unknown field “B ad{'x' * 76}”"]
    assert {found.code for found in received.findings} == {"unknown-field"}


def test_twenty_unknown_fields_are_named_and_the_others_counted() -> None:
    found = read([row(**{f"field{number}": number for number in range(25)})]).findings
    assert len(found) == 21
    assert found[-1].message == "5 more unknown fields"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({"UsageDescription": None}, {"UsageDescription": ""}, True),
        ({"SessionId": "105236"}, {}, True),
        ({"ScheduleTs": "2016-11-03T21:45:09.467000Z"}, {}, True),
        ({"Extra": {"a": 1, "b": 2}}, {"Extra": {"b": 2, "a": 1}}, True),
        ({"Extra": 1}, {}, False),
        ({"Extra": 1}, {"Extra": 2}, False),
        ({"Extra": 1}, {"Other": 1}, False),
        ({"DurationMinutes": -1}, {"DurationMinutes": -2}, False),
        ({"DurationMinutes": None}, {"DurationMinutes": 0}, False),
        ({"UserId": 5}, {"UserId": 5 + 2**61 - 1}, False),
        ({"BillableStatusCd": None}, {"BillableStatusCd": ""}, False),
        ({"BillableTs": None}, {}, False),
        ({"UsageDescription": "x"}, {"UsageDescription": "y"}, False),
        ({"ScheduleTs": ARTICLE[0]["BillableTs"]}, {}, False),
    ],
)
def test_fingerprint_tells_identical_rows_from_rows_that_differ(
    one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    first, second = read([row(**one), row(**other)]).rows["fingerprint"]
    assert (first == second) is same


def test_contradiction_and_host_name_stand_in_the_frame() -> None:
    rows = read([row(), row(SessionId=7), row(BillableStatusCd="COMP"), row(UserId="4")]).rows
    assert rows["contradiction"].tolist() == [None, "session-number", "counted-wording", None]
    assert rows["host_name"].tolist() == ["Aaron Johnson", None, "Aaron Johnson", "Aaron Johnson"]


@pytest.mark.parametrize(
    "text",
    ['": 1', "a : b : c", '\\":\\"', 'x\t:y\n:z {"SessionId": 5}', "NaN Infinity \\ud800", "\\", "[[[[{{{{" * 20],
)
def test_description_that_looks_like_json_is_only_text(text: str) -> None:
    received = read([row(UsageDescription=text), row(), row(UsageDescription=text, New=1)], keep=True)
    assert received.rows["note"].iloc[0] == " ".join(text.split())
    assert len(received.rows) == 3


def test_chunks_join_in_the_replys_order() -> None:
    count = 100_003
    one = json.dumps(row(UsageDescription=None))
    texts = [one.replace("105236", str(number)) for number in range(1, count + 1)]
    texts[50_001] = texts[50_001].replace("25", "25.0", 1)
    texts[2] = "null"
    received = read(("[" + ",".join(texts) + "]").encode())
    assert received.received == count
    assert [found.message.split(":")[0] for found in received.findings] == ["row 3", "row 50002"]
    assert received.rows["session_id"].tolist() == [n for n in range(1, count + 1) if n not in (3, 50_002)]


WHOLE = json.dumps(ARTICLE).encode()
PARTLY = '[{"x": "Ж'.encode()


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xef\xbb", b"[", b"[{", b"[1,", b"[1,]", b"[1 2]", b"[1]]", b"[1] x"),
        *(b"[01]", b"[+1]", b"[1.]", b"['a']", b'["a\nb"]', b'["\\x"]', b'[{"a" 1}]', b"[{1:2}]", b"[tru", b"[1]\0"),
        *(b'{"Message": "x', b"Service Unavailable", b'"abc', b"nul", b"[// x\n1]", b'["NaN', b'["\\ud800", 1'),
        *(PARTLY, PARTLY[:-1], WHOLE[:-1], WHOLE[:-2], WHOLE[: len(WHOLE) // 2], WHOLE + WHOLE, WHOLE + b"\xe2\x82"),
    ],
)
def test_reply_cut_off_or_not_json_is_tried_again(body: bytes) -> None:
    with pytest.raises(TryAgainLater) as caught:
        read(body)
    assert "\n" not in str(caught.value)
    assert caught.value.__context__ is None


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "body",
    [
        *(b"{}", b'{"Message": "User not found"}', b'"x"', b"5", b"null", b" true", b"\xef\xbb\xbf{}"),
        *(b"<!DOCTYPE html><html></html>", b"\r\n <html>", "[]".encode("utf-16"), "[]".encode("utf-16-le")),
        *("[]".encode("utf-16-be"), "[]".encode("utf-32"), b"\xfe\xff\x00["),
        *(b"NaN", b"[NaN]", b"[Infinity]", b"[-Infinity]", b'[{"a": [NaN]}]', b"[1, NaN", b"-Infinity"),
        *(b'["\\ud800"]', b'["\\udfff"]', b'["\\ud800\\ud800"]', b'["\\ud800x"]', b'[{"\\uD800": 1}]', b'"\\udc00"'),
        *(b'["\xff"]', b'["\xc0\x80"]', b'["\xed\xa0\x80"]', b'["\xf5\x80\x80\x80"]', b"[\xff", b'["\xe2\x82"]'),
        *(
            f"[{nested(64)}]".encode(),
            nested(100_000).encode(),
            b"[" * 100_000,
            b"[" * 65,
            b'{"a":' * 3000 + b"1" + b"}" * 3000,
        ),
        text_of("UsageDescription", nested(63)),
        *(text_of(key, "1" * 101) for key in KEYS),
        *(text_of(key, "-" + "1" * 5000) for key in KEYS),
        *(text_of(key, "0." + "1" * 5000) for key in KEYS),
        *(text_of(key, "1e-" + "1" * 101) for key in KEYS),
        *(text_of(key, '{"a": [{"b": 1, "\\u0062": 1}]}') for key in KEYS),
        *(
            WHOLE.replace(b'"UserId": 1', f'"UserId": 1, "{key}": {again}'.encode())
            for key in KEYS
            for again in (1, '"x"')
        ),
        WHOLE.replace(b'"UserId": 1', b'"UserId": 1, "UserI\\u0064"\t\r\n :1'),
        WHOLE.replace(b'"UserId": 1', b'"New": {"a": 1, "a": 1}, "UserId": 1'),
        WHOLE.replace(b'"UserId": 1', b'"New": [[NaN]], "UserId": 1'),
        WHOLE.replace(b'"UserId": 1', b'"New": "\\ud800", "UserId": 1'),
        WHOLE.replace(b'"UserId": 1', b'"New": "\xff", "UserId": 1'),
        WHOLE.replace(b"Vernon", b"\xff"),
        b"[" + b"1," * (9 << 20) + b"1]",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_reply_that_asking_again_would_not_mend_is_refused(body: bytes) -> None:
    with pytest.raises(ReplyRefused) as caught:
        read(body)
    assert "\n" not in str(caught.value)
    assert "Vernon" not in str(caught.value)
    assert caught.value.__context__ is None


def test_sixty_four_levels_are_read() -> None:
    assert len(read(f"[{nested(63)}]".encode()).findings) == 1
    assert len(read([row(New=json.loads(nested(62)), Text="[" * 500)]).rows) == 1


def test_bad_utf8_is_placed_by_its_byte() -> None:
    body = b'["' + "Ж".encode() * 600_000 + b"\xff" + b'"]'
    with pytest.raises(ReplyRefused, match="at byte 1200002"):
        read(body)


def test_a_hundred_digits_are_only_unreadable() -> None:
    assert len(read(text_of("SessionId", "1" * 100)).findings) == 1


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner))
PARTICIPANTS = st.text(max_size=6).map(lambda text: f"{text} {SENTINEL} Session #105236 - {text}")
FIELDS = st.sampled_from(KEYS)


@st.composite
def nearly_rows(draw: st.DrawFn) -> Any:
    one = row(UsageDescription=f"Ann Session #105236 with {draw(PARTICIPANTS)} - Counted Session")
    for key in draw(st.lists(FIELDS, max_size=2)):
        one[key] = draw(JSON | PARTICIPANTS if key != "UsageDescription" else SCALARS | st.just(one[key]))
    for key in draw(st.lists(FIELDS, max_size=1)):
        one.pop(key)
    return {**one, **draw(st.just({}) | st.dictionaries(st.text(max_size=3), PARTICIPANTS, max_size=1))}


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: WHOLE[:-90] + tail))
def test_any_bytes_are_rows_or_one_of_two_errors(body: bytes) -> None:
    with suppress(TryAgainLater, ReplyRefused):
        read(body)


@given(JSON, st.booleans())
def test_any_json_is_rows_or_refused(value: Any, ascii_only: bool) -> None:
    with suppress(ReplyRefused):
        read(json.dumps([value] if ascii_only else value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))


@settings(max_examples=200)
@given(st.lists(nearly_rows() | JSON, max_size=5), st.data())
def test_no_participant_reaches_a_finding_an_error_or_a_host(elements: list[Any], data: st.DataObject) -> None:
    body = json.dumps(elements).encode()
    cut = data.draw(st.integers(0, len(body)) | st.just(len(body)))
    received, refusal = None, ""
    try:
        received = read(body[:cut])
    except (TryAgainLater, ReplyRefused) as error:
        refusal = str(error)
    assert SENTINEL not in refusal
    if received is None:
        return
    assert received.received == len(elements)
    assert SENTINEL not in repr(received.findings)
    assert SENTINEL not in repr(received.rows.drop(columns="status").to_dict())
