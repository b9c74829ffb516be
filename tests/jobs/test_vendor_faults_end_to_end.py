"""Every fault of the vendor's side (docs/rules.md §3.3), from the wire to exit status, summary and message."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from jobs.securevideo.client import TRIES
from tests.company import MONTH, Company, Rows, rows
from tests.vendor_server import reply, serving

RUN = ("run", "--month", MONTH)
OF_FAILURE = {"snapshot": None, "rows": None, "counts": None, "minutes": None, "allowance": None}
EMPTY_OF_FAILURE: dict[str, list[Any]] = {"documents": [], "changes": [], "findings": []}

PASSING: dict[str, dict[str, Any]] = {
    "reset": {},
    "reset-in-body": {"kind": "reset", "after": 20},
    "close": {},
    "short-body": {},
    "broken-chunk": {},
    "truncated-json": {},
    "invalid-json": {},
    "empty": {},
    **{f"status-{code}": {"kind": "status", "status": code} for code in (408, 425, 429, 500, 502, 503, 504)},
}
PERMANENT: dict[str, dict[str, Any]] = {
    **{f"status-{code}": {"kind": "status", "status": code} for code in (400, 404, 409, 410, 418, 501, 505)},
    **{f"success-{code}": {"kind": "status", "status": code} for code in (201, 202, 206)},
    "success-204": {"kind": "raw", "status": 204},
    "redirect": {"location": "http://127.0.0.1:9/"},
    "html": {},
    "object": {},
    "content-type": {},
    "no-content-type": {"kind": "content-type", "content_type": ""},
    "gzip": {},
    "gzip-bomb": {"mib": 64},
    "endless-body": {},
    "deep-nesting": {},
    "huge-number": {},
    "nan": {},
    "duplicate-keys": {},
    "bad-utf8": {},
    "lone-surrogate": {},
    "utf-16": {"kind": "raw", "base64": base64.b64encode("[]".encode("utf-16")).decode()},
}


def _company(folder: Path, faults: dict[str, dict[str, Any]], **vendor: Any) -> Company:
    """An account for each fault, and a sound one after them all."""
    sent: dict[str, Rows] = dict.fromkeys([*faults, "sound"], rows(1))
    company = Company(folder, sent)
    company.configure(vendor=vendor)
    for key, fault in faults.items():
        company.vendor.add_fault(**{"path": "/history", "kind": key, "account": key, **fault})
    return company


def test_a_permanent_fault_fails_the_unit_without_another_try(tmp_path: Path) -> None:
    with _company(tmp_path, PERMANENT, max_reply_mib=1) as company:
        done = company.run(*RUN, "--json")
        assert done.exit_code == 1
        units = {unit["account"]: unit for unit in json.loads(done.stdout)}
        assert units.pop("sound")["status"] == "issued"
        for key, unit in units.items():
            assert company.asked(key) == 1, key
            assert unit["error"].startswith(f"account {key}: GET /history month 2016-11: "), unit
            assert "try again" not in unit["error"], unit
            assert unit == company.summary(account=key)
            known = {"schema": "securevideo-billing/summary/1", "account": key, "month": MONTH, "status": "failed"}
            assert unit == {**dict.fromkeys(unit), **known, "error": unit["error"], **OF_FAILURE, **EMPTY_OF_FAILURE}
            assert f"{key} 2016-11: {unit['error']}\n" in done.stderr
    assert "status 404" in units["status-404"]["error"]
    assert "redirects are not followed: correct vendor.base_url" in units["redirect"]["error"]
    assert "type 'text/html'" in units["html"]["error"]
    assert "found status 200, type application/json, " in units["object"]["error"]
    assert "Maintenance" not in done.output
    assert "max_reply_mib" in units["endless-body"]["error"]


def test_a_passing_fault_that_stays_fails_the_unit_as_try_again_later(tmp_path: Path) -> None:
    with _company(tmp_path, PASSING, timeout_seconds=0.2, budget_seconds=0.2) as company:
        done = company.run(*RUN, "--json", "--account", "reset")  # warm: the first connection is slow
        company.configure(vendor={"timeout_seconds": 0.4, "budget_seconds": 0.4})
        done = company.run(*RUN, "--json")
        assert done.exit_code == 1
        units = {unit["account"]: unit for unit in json.loads(done.stdout)}
    assert units.pop("sound")["status"] == "issued"
    for key, unit in units.items():
        assert unit["status"] == "failed", key
        assert "try again later: " in unit["error"], key
        assert "run this month again" in unit["error"], key


@pytest.mark.parametrize("kind", ["reset", "short-body", "broken-chunk", "truncated-json", "invalid-json", "empty"])
def test_a_passing_fault_that_goes_is_retried_as_a_whole(tmp_path: Path, kind: str) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.vendor.add_fault(path="/history", kind=kind, times=1)
        done = company.run(*RUN)
        assert done.exit_code == 0
        assert company.summary()["documents"][0]["total"] == "30.00"
        assert company.asked() == 2
    assert "try 1 of 5 failed" in done.stderr


def test_five_tries_are_made_and_no_more(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.vendor.add_fault(path="/history", kind="status", status=503, retry_after="0")
        assert company.run(*RUN).exit_code == 1
        assert company.asked() == TRIES == 5
        assert "5 of 5 tries failed" in company.summary()["error"]


def test_retry_after_is_waited_and_never_less(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.vendor.add_fault(path="/history", kind="status", status=429, retry_after="1", times=1)
        began = time.monotonic()
        assert company.run(*RUN).exit_code == 0
        assert time.monotonic() - began >= 1


def test_a_retry_after_beyond_the_budget_gives_up_at_once_and_says_when_to_come_back(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.vendor.add_fault(path="/history", kind="status", status=503, retry_after="3600")
        began = time.monotonic()
        done = company.run(*RUN, now="2017-01-05T06:00:00+00:00")
        assert time.monotonic() - began < 5
        assert done.exit_code == 1
        assert company.asked() == 1
        assert "run this month again at 2017-01-05T07:00:0" in company.summary()["error"]


def test_a_drip_is_cut_at_the_deadline_for_the_whole_reply(tmp_path: Path) -> None:
    with Company(tmp_path, rows(30)) as company:
        company.configure(vendor={"timeout_seconds": 0.5, "budget_seconds": 0.5})
        company.vendor.add_fault(path="/history", kind="drip", delay=0.01)
        began = time.monotonic()
        assert company.run(*RUN).exit_code == 1
        assert time.monotonic() - began < 5
        assert "try again later" in company.summary()["error"]


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_skip_the_other_months_of_that_key_only(tmp_path: Path, status: int) -> None:
    with Company(tmp_path, {"acme": rows(1), "bravo": rows(1)}) as company:
        company.vendor.add_fault(path="/history", kind="status", status=status, account="acme")
        done = company.run("run", "--month", "2016-10..2016-12", "--json")
        assert done.exit_code == 1
        assert company.asked("acme") == 1
        assert company.asked("bravo") == 3
        errors = [unit["error"] or "" for unit in json.loads(done.stdout)]
        assert company.summary("2016-12")["status"] == "failed"
    assert all("credentials refused for account acme" in error for error in errors[:3])
    assert all("skipped: " in error for error in errors[1:3])
    assert errors[3:] == ["", "", ""]


def test_a_wrong_secret_is_refused_and_never_shown(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        (tmp_path / "secrets" / "acme").write_text("WrongSecret4711")
        done = company.run("-v", *RUN)
        assert done.exit_code == 1
        assert "credentials refused for account acme" in done.stderr
        output = json.dumps(company.summary()) + done.output
    assert "WrongSecret4711" not in output
    assert "acme-api-identifier" not in output


def test_no_connection_is_try_again_later(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.configure(vendor={"base_url": "http://127.0.0.1:9/", "timeout_seconds": 0.2, "budget_seconds": 0.2})
        assert company.run(*RUN).exit_code == 1
        assert "try again later" in company.summary()["error"]


def test_a_redirect_gets_no_credentials(tmp_path: Path) -> None:
    with serving(reply()) as other, Company(tmp_path, rows(1)) as company:
        company.vendor.add_fault(path="/history", kind="redirect", location=other.url())
        assert company.run(*RUN).exit_code == 1
        assert other.heads == []


def test_proxies_of_the_environment_are_ignored(tmp_path: Path) -> None:
    with serving(reply()) as proxy, Company(tmp_path, rows(9)) as company:
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
        keys = tmp_path / "tls-keys"
        environ = dict.fromkeys(names, proxy.url()) | {"SSLKEYLOGFILE": str(keys), "SSL_CERT_FILE": "/nowhere"}
        assert company.process(*RUN, environ=environ).returncode == 0
        assert proxy.heads == []
        assert not keys.exists()


def test_a_bom_is_no_fault(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.vendor.add_fault(path="/history", kind="bom")
        assert company.run(*RUN).exit_code == 0
        assert company.summary()["counts"]["BILL"] == 9


def test_a_reply_that_cannot_be_read_is_kept_as_a_snapshot_all_the_same(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        company.vendor.add_fault(path="/history", kind="nan")
        assert company.run(*RUN).exit_code == 1
    assert len(company.snapshots()) == 1


def test_an_issued_month_stays_as_it_was_when_its_rerun_fails(tmp_path: Path) -> None:
    with Company(tmp_path, rows(9)) as company:
        company.run(*RUN)
        before = {name: (company.unit() / name).read_bytes() for name in company.names() - {"summary.json"}}
        company.vendor.add_fault(path="/history", kind="status", status=404)
        assert company.run(*RUN).exit_code == 1
        assert company.summary()["status"] == "failed"
        assert company.names() == {*before, "summary.json"}
        assert {name: (company.unit() / name).read_bytes() for name in before} == before
        company.vendor.clear_faults()
        assert company.run(*RUN).exit_code == 0
        assert company.summary()["status"] == "unchanged"
