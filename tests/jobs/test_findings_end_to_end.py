"""Every finding of docs/rules.md §4.3, from the vendor's reply to exit status, summary and log."""

from pathlib import Path
from typing import Any

import pytest

from tests.company import MONTH, PLUS, Company, account, row, rows

RUN = ("run", "--month", MONTH)
_MINUTES = PLUS | {"minutes": {"included": 100, "overage": "0.10"}}
_NO_HOST = {name: value for name, value in row(1).items() if name != "UserId"}
_BLOCKING, _WARNING, _INFO = ("blocking", 3), ("warning", 0), ("info", 0)

CASES: dict[str, tuple[list[Any], tuple[str, int], int | None, dict[str, int]]] = {
    "unreadable-row: no object": (["text"], _BLOCKING, None, {"set_aside": 1}),
    "unreadable-row: key missing": ([_NO_HOST], _BLOCKING, 1, {"set_aside": 1}),
    "unreadable-row: a number with a point": ([row(1, minutes=25.0)], _BLOCKING, 1, {"set_aside": 1}),
    "unreadable-row: a boolean": ([row(1, host=True)], _BLOCKING, 1, {"set_aside": 1}),
    "unreadable-row: id 0": ([row(0)], _BLOCKING, None, {"set_aside": 1}),
    "unreadable-row: id too large": ([row(2**63)], _BLOCKING, None, {"set_aside": 1}),
    "unreadable-row: no instant": ([row(1, at="2016-11-31T00:00:00")], _BLOCKING, 1, {"set_aside": 1}),
    "unknown-status": ([row(1, status="BILL ")], _BLOCKING, 1, {"set_aside": 1}),
    "unknown-status: small letters": ([row(1, status="bill")], _BLOCKING, 1, {"set_aside": 1}),
    "missing-status": ([row(1, status=None)], _BLOCKING, 1, {"set_aside": 1}),
    "missing-billable-ts": ([row(1, at=None)], _BLOCKING, 1, {"set_aside": 1}),
    "outside-month": ([row(1, at="2016-12-01T00:00:00")], _BLOCKING, 1, {"set_aside": 1}),
    "outside-month: by its offset": ([row(1, at="2016-11-01T00:00:00+01:00")], _BLOCKING, 1, {"set_aside": 1}),
    "conflicting-duplicate": ([row(1), row(1, minutes=26), row(1)], _BLOCKING, 1, {"set_aside": 3}),
    "conflicting-duplicate: one is unreadable": ([row(1), row(1, minutes=25.0)], _BLOCKING, 1, {"set_aside": 2}),
    "repeated-row": ([row(1), row(1)], _WARNING, 1, {"repeated": 1, "counted": 1}),
    "never-connected": ([row(1, at=None, status=None)], _INFO, 1, {"never_connected": 1}),
    "duration-implausible: negative": ([row(1, minutes=-1)], _WARNING, 1, {"counted": 1}),
    "duration-implausible: too long": ([row(1, minutes=1441)], _WARNING, 1, {"counted": 1}),
    "duration-unknown": ([row(1, minutes=None)], _INFO, 1, {"counted": 1}),
    "description-mismatch": ([row(1, UsageDescription="A Session #2 with B")], _WARNING, 1, {"counted": 1}),
    "description-mismatch: wording": (
        [row(1, status="COMP", UsageDescription="A Session #1 with B - Counted Session")],
        _WARNING,
        1,
        {"counted": 1},
    ),
    "coerced-type": ([row(1, SessionId="1", minutes="25")], _INFO, None, {"counted": 1}),
    "unknown-field": ([row(1) | {"Extra": 1}], _INFO, None, {"counted": 1}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_finding_from_the_reply_to_the_exit_status(tmp_path: Path, case: str) -> None:
    sent, (severity, status), session_id, tally = CASES[case]
    code = case.partition(":")[0]
    with Company(tmp_path, {"acme": {MONTH: sent}}) as company:
        done = company.run(*RUN)
        summary = company.summary()
    assert done.exit_code == status
    assert summary["status"] == ("draft" if status else "issued")
    found = [one for one in summary["findings"] if one["code"] == code]
    assert [(one["severity"], one["session_id"]) for one in found[:1]] == [(severity, session_id)]
    assert len(found) == (2 if case == "coerced-type" else 1)
    assert summary["rows"].pop("received") == len(sent) == sum(summary["rows"].values())
    assert {name: summary["rows"][name] for name in tally} == tally
    assert (f": {code}: " in done.stderr) == (severity != "info")


@pytest.mark.parametrize("minutes", [None, -1])
def test_a_duration_that_is_charged_must_be_known(tmp_path: Path, minutes: int | None) -> None:
    with Company(tmp_path, [row(1, minutes=minutes)], accounts={"acme": account("acme", plans=[_MINUTES])}) as company:
        assert company.run(*RUN).exit_code == 3
        summary = company.summary()
    assert [one["severity"] for one in summary["findings"]] == ["blocking"]
    assert summary["minutes"]["BILL"] == {"known": 0, "unknown_sessions": 1}


def test_a_comped_session_may_have_no_duration(tmp_path: Path) -> None:
    sent = [row(1, status="COMP", minutes=None)]
    with Company(tmp_path, sent, accounts={"acme": account("acme", plans=[_MINUTES])}) as company:
        assert company.run(*RUN).exit_code == 0


def test_billed_elsewhere(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.run(*RUN)
        company.send([row(1, at="2016-12-03T10:00:00"), row(2, at="2016-12-03T10:00:00")])
        assert company.run("run", "--month", "2016-12").exit_code == 3
        summary = company.summary("2016-12")
    assert [(one["code"], one["session_id"]) for one in summary["findings"]] == [("billed-elsewhere", 1)]
    assert summary["rows"]["set_aside"] == 1


@pytest.mark.parametrize(("seconds", "status"), [(301, 3), (-320, 3), (200, 0)])
def test_clock_skew_over_five_minutes_is_a_draft_only(tmp_path: Path, seconds: int, status: int) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.vendor.add_fault(path="/history", kind="date-skew", seconds=seconds)
        done = company.run(*RUN)
        assert done.exit_code == status
        assert [one["code"] for one in company.summary()["findings"]] == ["clock-skew"] * (status == 3)
    assert ("Set this computer's clock" in done.stderr) == (status == 3)


def test_volume_anomaly_against_three_issued_months(tmp_path: Path) -> None:
    usual = {f"2016-{8 + n:02}": rows(20, 100 * n, at=f"2016-{8 + n:02}-05T10:00:00") for n in range(1, 4)}
    usual |= {"2016-12": rows(61, 1000, at="2016-12-05T10:00:00")}
    with Company(tmp_path, {"acme": usual}) as company:
        done = company.run("run", "--month", "2016-09..2016-12")
        assert done.exit_code == 0
        assert [one["code"] for one in company.summary("2016-12")["findings"]] == ["volume-anomaly"]
    assert "acme 2016-12: warning: volume-anomaly: 61 BILL sessions against 20, 20, 20" in done.stderr


def test_a_shrunken_reply_is_told(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        company.run(*RUN)
        company.send(rows(1))
        done = company.run(*RUN)
        assert done.exit_code == 3
        assert company.summary()["status"] == "restated"
    assert "2 rows are gone" in done.stderr


def test_many_findings_are_cut_on_stderr_and_whole_in_the_summary(tmp_path: Path) -> None:
    with Company(tmp_path, rows(50, status="ODD")) as company:
        done = company.run(*RUN)
        assert len(company.summary()["findings"]) == 50
    assert len(done.stderr.splitlines()) == 21
    assert "acme 2016-11: and 30 more findings" in done.stderr.splitlines()[-1]


def test_a_blocking_finding_keeps_an_adjustment_a_draft(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        company.send([*rows(9), row(10, status="ODD")])
        assert company.run(*RUN, "--adjust").exit_code == 3
        summary = company.summary()
    assert summary["status"] == "restated"
    assert [(one["kind"], one["number"]) for one in summary["documents"]] == [("restatement", None)]
