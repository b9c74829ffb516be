"""`check`: what it shows of a configuration and its credentials (docs/rules.md §16)."""

import time
from pathlib import Path

import pytest

from tests.company import PLUS, Company, account, rows
from tests.jobs.ledger.ledgers import sql
from tests.vendor_server import serving

_TIERS = {"included": 50, "overage": [{"up_to": 100, "price": "5.00"}, {"price": "4.00"}]}
_VOLUME = {"from": "2016-03-25", "name": "Volume", "monthly_fee": 100, "sessions": _TIERS}
_UNLIMITED = {
    "from": "2020-05-01",
    "name": "Unlimited",
    "monthly_fee": "50.00",
    "sessions": {"included": "unlimited"},
    "hosts": {"included": 1, "licensed": 4, "extra": "50.00"},
}


def test_it_prints_each_accounts_plan_in_force_by_month(tmp_path: Path) -> None:
    sections = {"acme": account("acme", plans=[PLUS, _VOLUME, _UNLIMITED]), "bravo": account("bravo", currency="EUR")}
    with Company(tmp_path, accounts=sections) as company:
        done = company.run("check")
    assert (done.exit_code, done.stderr) == (0, "")
    tiers = "50 sessions included, then 5.00 each up to 100 beyond, then 4.00 each"
    hosts = "4 hosts licensed, 1 included, 50.00 for each more"
    assert done.stdout.splitlines() == [
        "acme: Acme Telehealth LLC, USD, numbers ACME-YYYYMM-NNNN",
        "  2014-01 to 2016-03-24: PLUS, 25.00 USD a month; 8 sessions included, then 5.00 each",
        f"  2016-03-25 to 2020-04: Volume, 100 USD a month; {tiers}",
        f"  2020-05 and on: Unlimited, 50.00 USD a month; unlimited sessions; {hosts}",
        "bravo: Bravo Telehealth LLC, EUR, numbers BRAVO-YYYYMM-NNNN",
        "  2014-01 and on: PLUS, 25.00 EUR a month; 8 sessions included, then 5.00 each",
    ]


def test_plans_of_the_first_and_of_the_last_year_are_printed(tmp_path: Path) -> None:
    first, last = PLUS | {"from": "0001-01-01"}, PLUS | {"from": "9998-12-31"}
    with Company(tmp_path, accounts={"acme": account("acme", plans=[first, last])}) as company:
        done = company.run("check")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [line.partition(":")[0] for line in done.stdout.splitlines()[1:]] == [
        "  0001-01 to 9998-12-30",
        "  9998-12-31 and on",
    ]


def test_it_asks_the_vendor_nothing_unless_online(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        company.run("check")
        assert company.vendor.requests == []
        assert not (tmp_path / "state").exists()


def test_each_credential_that_cannot_be_read_is_named_with_exit_status_2(tmp_path: Path) -> None:
    environment = {"identifier": {"env": "NOT_SET"}, "secret": {"credential": "acme"}}
    sections = {
        "acme": account("acme", credentials=environment),
        "bravo": account("bravo"),
        "charlie": account("charlie"),
    }
    with Company(tmp_path, accounts=sections) as company:
        (tmp_path / "secrets" / "bravo").write_text(" \n")
        done = company.run("check", "--online")
        assert done.exit_code == 2
        assert {request.account for request in company.vendor.requests} == {"charlie"}
    assert [line.partition("; ")[0] for line in done.stderr.splitlines()] == [
        "account acme: identifier from environment variable NOT_SET: is not set",
        "account acme: secret from credential acme: CREDENTIALS_DIRECTORY is not set",
        f"account bravo: secret from file {tmp_path}/secrets/bravo: is empty",
    ]
    assert "charlie: Charlie" in done.stdout


@pytest.mark.parametrize("text", ["acme\u200bSecret9f3a", "acme\u00a0Secret9f3a", "acme\tSecret9f3a"])
def test_a_credential_that_cannot_be_sent_is_named_and_keeps_no_other_account_back(tmp_path: Path, text: str) -> None:
    with Company(tmp_path, {"acme": (), "north": ()}) as company:
        (tmp_path / "secrets/acme").write_text(text)
        for command in (["check"], ["check", "--online"]):
            done = company.run(*command)
            assert done.exit_code == 2
            assert "secrets/acme: holds a line break, a control character or one that cannot be seen" in done.stderr
            assert "Secret9f3a" not in done.output
            assert "\nnorth: North Telehealth LLC" in done.stdout
        assert "online: credentials accepted" in done.stdout


@pytest.mark.parametrize("there", [None, "no certificate"])
def test_authorities_that_cannot_be_used_are_the_configurations_mistake(tmp_path: Path, there: str | None) -> None:
    if there is not None:
        (tmp_path / "ca.pem").write_text(there)
    with Company(tmp_path, rows(1)) as company:
        company.configure(vendor={"ca_file": "ca.pem"})
        for command in ("check", "run"):
            done = company.run(command)
            assert done.exit_code == 2
            assert f"vendor.ca_file: {tmp_path}/ca.pem holds no readable PEM certificates" in done.stderr
            assert len(done.stderr.splitlines()) == 1
        assert company.vendor.requests == []
    assert not (tmp_path / "out").exists()


def test_a_secret_that_everybody_can_read_is_a_warning(tmp_path: Path) -> None:
    with Company(tmp_path, rows(1)) as company:
        (tmp_path / "secrets" / "acme").chmod(0o644)
        done = company.run("check")
    assert done.exit_code == 0
    assert done.stderr.endswith("everybody on this machine can read it; run chmod 600\n")


def test_online_tries_the_credentials(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(2), "bravo": rows(3)}) as company:
        done = company.run("check", "--online", now="2016-11-20T00:00:00+00:00")
        assert done.exit_code == 0
        assert done.stdout.count("credentials accepted") == 2
        (tmp_path / "secrets" / "acme").write_text("WrongSecret4711")
        done = company.run("check", "--online", now="2016-11-20T00:00:00+00:00")
    assert done.exit_code == 1
    assert "credentials refused for account acme" in done.stderr
    assert "WrongSecret4711" not in done.output
    assert done.stdout.count("credentials accepted") == 1


NOW = "2016-11-20T00:00:00+00:00"
USERS = [
    {"SystemUserId": "4", "FullName": "Zqxj Sample", "SystemRoles": "H,P"},
    {"SystemUserId": "5", "FullName": "Zqxj Other", "SystemRoles": "A, H"},
    {"SystemUserId": "6", "FullName": "Zqxj Patient", "SystemRoles": "P"},
    {"SystemUserId": "7", "FullName": "Zqxj Left", "SystemRoles": "H", "Deleted": True},
]


def test_online_counts_users_hosts_and_sessions_and_names_nobody(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        company.also_has(users=USERS)
        done = company.run("check", "--online", now=NOW)
    assert (done.exit_code, done.stderr) == (0, "")
    seen = "3 active users, 2 hosts among them; 3 sessions in 2016-11 so far"
    assert done.stdout.splitlines()[-1] == f"  online: credentials accepted; {seen}"
    assert "Zqxj" not in done.output


def test_online_says_where_rows_are_not_sessions_and_where_roles_are_not_told(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": {"2016-11": [*rows(2), rows(1)[0], "no row"]}}) as company:
        company.also_has(users=[{"SystemUserId": "4"}])
        done = company.run("check", "--online", now=NOW)
    seen = "1 active user, whose roles SecureVideo did not send; 2 sessions in 2016-11 so far, in 4 rows"
    assert done.stdout.splitlines()[-1] == f"  online: credentials accepted; {seen}"


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_list_of_users_that_cannot_be_had_is_told_and_no_matter_of_the_credentials(
    tmp_path: Path, status: int
) -> None:
    with Company(tmp_path, rows(3)) as company:
        company.vendor.add_fault(path="/user", kind="status", status=status)
        done = company.run("check", "--online", now=NOW)
        assert [request.path for request in company.vendor.requests] == ["/history", "/user"]
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "  online: credentials accepted; 3 sessions in 2016-11 so far"
    (line,) = done.stderr.splitlines()
    assert line.startswith("account acme: the list of users cannot be fetched")
    assert "refused" not in line


def test_online_with_a_credential_missing_and_another_refused_is_exit_status_2(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": (), "bravo": ()}) as company:
        (tmp_path / "secrets" / "acme").write_text("WrongSecret4711")
        (tmp_path / "secrets" / "bravo").unlink()
        assert company.run("check", "--online").exit_code == 2


def test_online_a_dead_vendor_is_asked_once_for_all_accounts_at_once_and_told_in_a_line_each(tmp_path: Path) -> None:
    keys = [f"a{number}" for number in range(9)]
    with Company(tmp_path, dict.fromkeys(keys, ())) as company, serving(lambda _: time.sleep(3)) as silent:
        company.configure(vendor={"base_url": silent.url(), "timeout_seconds": 1})
        begun = time.monotonic()
        done = company.run("check", "--online")
        took = time.monotonic() - begun
    assert done.exit_code == 1
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [f"account {key}" for key in keys]
    assert all("try again later: no whole reply within 1 s; run the same" in line for line in done.stderr.splitlines())
    assert len(silent.heads) == len(keys)
    assert took < 5


def test_a_literal_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    literal = account("acme", credentials={"identifier": {"env": "ID"}, "secret": "Literal-Secret-4711"})
    with Company(tmp_path, accounts={"acme": literal}) as company:
        done = company.run("check")
    assert done.exit_code == 2
    assert "accounts.acme.credentials.secret" in done.stderr
    assert "the credential itself never goes into this file" in done.stderr
    assert "Literal-Secret-4711" not in done.output


def test_the_example_configuration_passes_once_its_credentials_are_there(tmp_path: Path) -> None:
    with Company(tmp_path) as company:
        example = Path(__file__).parents[3] / "config.example.yaml"
        company.config_file.write_bytes(example.read_bytes())
        done = company.run("check")
        assert done.exit_code == 2
        assert all(line.startswith("account ") for line in done.stderr.splitlines())


def test_the_whole_ledger_is_proven_on_demand_and_damage_named(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        nothing = company.run("check", "--ledger")
        assert (nothing.exit_code, "there is no ledger" in nothing.stderr) == (2, True)
        company.run("run", "--month", "2016-11")
        done = company.run("check", "--ledger")
        assert (done.exit_code, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1] == "ledger: whole; every row is as it was written"
        sql(tmp_path / "state" / "ledger.db", "UPDATE documents SET total_minor = 1", "UPDATE events SET at = 'x'")
        done = company.run("check", "--ledger")
        assert done.exit_code == 1
        said = ["row 1 of table documents", "row 1 of table events"]
        assert [line.partition(": expected")[0] for line in done.stderr.splitlines()] == [
            f"the ledger is damaged: {place}" for place in said
        ]
