"""`accept`: a person answers for a finding, and the month can be issued; by hand, through the command line."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.company import Company, account, row, rows

BY_MINUTE = {
    "from": "2014-01-01",
    "name": "METER",
    "monthly_fee": "10.00",
    "minutes": {"included": 30, "overage": "1.00"},
}
NOW, LATER = "2016-12-05T06:00:00", "2017-01-10T06:00:00"
RUN = ("run", "--month", "2016-11")
WHO = ("--by", "Ada Clerk", "--reason", "the vendor cannot tell any more")


def accept(company: Company, code: str, *options: str, who: tuple[str, ...] = WHO, now: str = NOW) -> Any:
    return company.run("accept", "--account", "acme", "--month", "2016-11", "--code", code, *options, *who, now=now)


def of_session(company: Company, code: str) -> dict[str, Any]:
    (found,) = (one for one in company.summary()["findings"] if one["code"] == code)
    return dict(found)


def proven(company: Company) -> str:
    done = company.run("verify", now="2017-06-01T06:00:00")
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def metered(tmp_path: Path) -> Iterator[Company]:
    """Session 1 has 50 minutes, 20 of them overage; nobody knows how long session 2 took."""
    sections = {"acme": account("acme", plans=[BY_MINUTE])}
    with Company(tmp_path, [row(1, minutes=50), row(2, minutes=None)], accounts=sections) as company:
        assert company.run(*RUN, now=NOW).exit_code == 3
        yield company


def test_a_duration_nobody_knows_is_accepted_as_no_minutes(metered: Company) -> None:
    assert "`securevideo-billing accept --account acme --month 2016-11 --code duration-unknown --session 2" in str(
        of_session(metered, "duration-unknown")
    )
    done = accept(metered, "duration-unknown", "--session", "2")
    assert done.exit_code == 0
    assert done.stdout == (
        "acme 2016-11: duration-unknown of session 2 is accepted as 0 minutes by Ada Clerk on 2016-12-05: the vendor "
        "cannot tell any more\nto go on: `securevideo-billing run --account acme --month 2016-11`\n"
    )
    assert metered.run(*RUN, now=NOW).exit_code == 0
    summary = metered.summary()
    assert (summary["status"], summary["documents"][0]["total"]) == ("issued", "30.00")
    found = of_session(metered, "duration-unknown")
    assert found["severity"] == "warning"
    text = "accepted as 0 minutes by Ada Clerk on 2016-12-05: the vendor cannot tell any more"
    assert found["message"].endswith(text)
    page = (metered.unit() / "ACME-201611-0001.html").read_text()
    assert text in page
    assert text in (metered.unit() / "ACME-201611-0001.json").read_text()
    lines = proven(metered).splitlines()
    assert lines[0] == (
        "acme 2016-11: duration-unknown of session 2 was accepted by Ada Clerk on 2016-12-05: "
        "the vendor cannot tell any more"
    )
    assert metered.run(*RUN, now=LATER).exit_code == 0
    assert metered.summary()["status"] == "unchanged"


def test_an_acceptance_does_not_cover_another_session_or_another_value(metered: Company) -> None:
    accept(metered, "duration-unknown", "--session", "2")
    metered.send([row(1, minutes=50), row(2, minutes=None), row(3, minutes=None)])
    assert metered.run(*RUN, now=NOW).exit_code == 3
    blocking = [one["session_id"] for one in metered.summary()["findings"] if one["severity"] == "blocking"]
    assert blocking == [3]
    metered.send([row(1, minutes=50), row(2, minutes=-5)])
    assert metered.run(*RUN, now=NOW).exit_code == 3
    assert accept(metered, "duration-implausible", "--session", "2").exit_code == 0
    metered.send([row(1, minutes=50), row(2, minutes=-6)])
    assert metered.run(*RUN, now=NOW).exit_code == 3
    metered.send([row(1, minutes=50), row(2, minutes=-5)])
    assert metered.run(*RUN, now=NOW).exit_code == 0
    proven(metered)


def test_more_than_a_day_is_kept_unless_accepted_as_unknown(metered: Company) -> None:
    metered.send([row(1, minutes=50), row(2, minutes=2000)])
    metered.run(*RUN, "--draft", now=NOW)
    assert metered.summary()["documents"][0]["total"] == "2030.00"
    assert accept(metered, "duration-implausible", "--session", "2").exit_code == 0
    assert metered.run(*RUN, now=NOW).exit_code == 0
    assert metered.summary()["documents"][0]["total"] == "30.00"
    assert metered.summary()["minutes"]["BILL"] == {"known": 50, "unknown_sessions": 1}
    proven(metered)


def test_a_duration_that_comes_later_is_an_adjustment(metered: Company) -> None:
    accept(metered, "duration-unknown", "--session", "2")
    metered.run(*RUN, now=NOW)
    metered.send([row(1, minutes=50), row(2, minutes=15)])
    assert metered.run(*RUN, "--adjust", now=LATER).exit_code == 0
    assert metered.summary()["documents"][0]["total"] == "15.00"
    proven(metered)


def test_what_was_proven_before_an_acceptance_stays_so(metered: Company) -> None:
    """A document knows the acceptances of its time only."""
    metered.send([row(1, minutes=50), row(2, minutes=2000)])
    assert metered.run(*RUN, now=NOW).exit_code == 0
    assert accept(metered, "duration-implausible", "--session", "2", now=LATER).exit_code == 0
    proven(metered)
    assert metered.run(*RUN, "--adjust", now=LATER).exit_code == 0


# -- rows that are gone ------------------------------------------------------------------------------------------------


@pytest.fixture
def issued(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path, rows(10)) as company:
        assert company.run(*RUN, now=NOW).exit_code == 0
        yield company


@pytest.mark.parametrize(("left", "total"), [(9, "-5.00"), (0, "-10.00")])
def test_what_the_vendor_no_longer_sends_is_credited_when_a_person_says_so(
    issued: Company, left: int, total: str
) -> None:
    issued.send(rows(left))
    done = issued.run(*RUN, "--adjust", now=LATER)
    assert done.exit_code == 3
    assert issued.summary()["status"] == "restated"
    found = of_session(issued, "rows-gone")
    assert found["severity"] == "blocking"
    (command,) = re.findall(r"`securevideo-billing (accept .*) --reason TEXT`", found["message"])
    accepted = issued.run(*command.split(), *WHO, now=LATER)
    assert accepted.exit_code == 0, accepted.output
    assert "run --account acme --month 2016-11 --adjust`" in accepted.stdout
    assert issued.run(*RUN, "--adjust", now=LATER).exit_code == 0
    summary = issued.summary()
    assert (summary["status"], summary["documents"][0]["total"]) == ("adjusted", total)
    assert of_session(issued, "rows-gone")["message"].endswith(
        "accepted by Ada Clerk on 2017-01-10: the vendor cannot tell any more"
    )
    assert "rows-gone was accepted by Ada Clerk" in proven(issued)


def test_rows_stay_gone_when_the_next_reply_is_as_short(issued: Company) -> None:
    """Not the last reply is what counts, but what was issued."""
    issued.send(rows(9))
    issued.run(*RUN, now=LATER)
    issued.send(rows(9, host=7))
    assert issued.run(*RUN, "--adjust", now=LATER).exit_code == 3
    assert of_session(issued, "rows-gone")["severity"] == "blocking"
    assert accept(issued, "rows-gone", now=LATER).exit_code == 0
    issued.send(rows(9, host=8))
    assert issued.run(*RUN, "--adjust", now=LATER).exit_code == 3, "accepted was another reply"
    issued.send(rows(9, host=7))
    assert issued.run(*RUN, "--adjust", now=LATER).exit_code == 0
    proven(issued)


def test_rows_that_counted_for_nothing_may_go(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": {"2016-11": [*rows(3), row(9, status=None, at=None)]}}) as company:
        assert company.run(*RUN, now=NOW).exit_code == 0
        company.send({"2016-11": rows(3)})
        assert company.run(*RUN, "--adjust", now=LATER).exit_code == 0
        assert company.summary()["status"] == "unchanged"
        assert of_session(company, "rows-gone")["severity"] == "warning"


def test_an_odd_volume_can_be_answered_for(tmp_path: Path) -> None:
    months = [f"2016-{number:02}" for number in (8, 9, 10)]
    sent = {month: rows(20, 100 * n, at=f"{month}-05T12:00:00") for n, month in enumerate(months, 1)}
    with Company(tmp_path, {"acme": {**sent, "2016-11": rows(3, 1000)}}) as company:
        assert company.run("run", "--month", "2016-08..2016-10", now=NOW).exit_code == 0
        assert company.run(*RUN, "--draft", now=NOW).exit_code == 0
        assert accept(company, "volume-anomaly").exit_code == 0
        assert company.run(*RUN, now=NOW).exit_code == 0
        assert "accepted by Ada Clerk" in of_session(company, "volume-anomaly")["message"]
        proven(company)


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "options", "why"), [
    ("unknown-status", ("--session", "2"), "unknown-status cannot be accepted: only the vendor"),
    ("unreadable-row", (), "unreadable-row cannot be accepted: only the vendor"),
    ("billed-elsewhere", ("--session", "2"), "billed-elsewhere cannot be accepted: only the vendor"),
    ("unknown-field", (), "unknown-field cannot be accepted: it holds no month back"),
    ("allowance-80", (), "allowance-80 cannot be accepted: it holds no month back"),
    ("nonsense", (), "nonsense cannot be accepted: there is no such finding"),
    ("duration-unknown", (), "--session: duration-unknown is a session's finding"),
    ("rows-gone", ("--session", "2"), "--session: rows-gone is a finding on the whole reply"),
    ("duration-unknown", ("--session", "1"), "acme 2016-11: no finding duration-unknown of session 1 in the reply of"),
    ("rows-gone", (), "acme 2016-11: no finding rows-gone in the reply of 2016-12-05 06:00 UTC; findings there: dur"),
])  # fmt: skip
def test_anything_else_is_refused_with_the_reason(
    metered: Company, code: str, options: tuple[str, ...], why: str
) -> None:
    done = accept(metered, code, *options)
    assert done.exit_code == 2
    assert why in done.stderr
    assert "accepted" not in metered.run("verify", now=NOW).stdout


@pytest.mark.parametrize("who", [
    ("--by", "Ada", "--reason", " "), ("--by", " ", "--reason", "x"), ("--by", "Ada", "--reason", "a\nb"),
    ("--by", "Ada", "--reason", "x" * 301), ("--by", "A\u202eda", "--reason", "x"),
])  # fmt: skip
def test_a_name_and_a_reason_are_one_plain_line_each(metered: Company, who: tuple[str, ...]) -> None:
    assert accept(metered, "duration-unknown", "--session", "2", who=who).exit_code == 2


def test_a_month_never_fetched_and_a_missing_ledger_are_refused(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        assert "there is no ledger" in accept(company, "rows-gone").stderr
        company.run("run", "--month", "2016-10", now=NOW)
        done = accept(company, "rows-gone")
        assert (done.exit_code, "nothing was fetched yet" in done.stderr) == (2, True)


def test_the_login_name_signs_where_no_other_is_given(metered: Company) -> None:
    words = ("accept", "--account", "acme", "--month", "2016-11", "--code", "duration-unknown", "--session", "2")
    done = metered.run(*words, "--reason", "gone", now=NOW, environ={"LOGNAME": "mina"})
    assert "by mina on 2016-12-05: gone" in done.stdout
    again = accept(metered, "duration-unknown", "--session", "2")
    assert (again.exit_code, "was already accepted, by mina" in again.stdout) == (0, True)


def test_an_acceptance_is_no_run(metered: Company) -> None:
    """History and the drafts' files are as the last run left them."""
    before = json.loads(metered.run("history", "--json").stdout)
    accept(metered, "duration-unknown", "--session", "2")
    assert json.loads(metered.run("history", "--json").stdout) == before
    proven(metered)
