"""A scheduled `run` never ends well while a closed month has no invoice; and a changed currency mislabels nothing."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.company import Company, account, row, rows
from tests.jobs.test_overview import bill, page

JANUARY = "2017-01-05T06:00:00+00:00"  # a scheduled run bills December
COMMAND = r"securevideo-billing run --account acme --month 2016-11"


def scheduled(company: Company, *arguments: str, now: str = JANUARY):
    return company.run("run", *arguments, now=now)


def outstanding(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if "The command:" in line]


def test_a_month_parked_by_a_finding_is_named_each_time_until_it_is_issued(tmp_path: Path) -> None:
    with Company(tmp_path, [*rows(3), row(9, status="WHAT")]) as company:
        assert bill(company).exit_code == 3
        done = scheduled(company)
        assert done.exit_code == 3
        (line,) = outstanding(done.stderr)
        assert re.match(rf"acme 2016-11: blocking findings: unknown-status\. .*{COMMAND}$", line)
        company.send(rows(3))
        assert bill(company, now=JANUARY).exit_code == 0
        assert (scheduled(company).exit_code, outstanding(scheduled(company).stderr)) == (0, [])


def test_a_month_that_no_run_ever_touched_is_named_and_stands_in_history(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        assert bill(company, month="2016-10").exit_code == 0
        done = scheduled(company)
        assert done.exit_code == 3
        (line,) = outstanding(done.stderr)
        assert re.match(rf"acme 2016-11: no invoice: no run has billed it\. .*{COMMAND}$", line)
        history = company.run("history").stdout
        assert "acme 2016-11: missing, nothing issued (0 snapshots, 0 restatements seen)\n  no run" in history
        assert re.search(COMMAND, history)
        assert "2016-11" not in company.run("history", "--as-of", "2016-12-31").stdout
        assert bill(company, now=JANUARY).exit_code == 0
        assert scheduled(company).exit_code == 0


def test_a_month_drafted_while_open_and_closed_since_is_named(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        done = scheduled(company, now="2016-12-03T06:00:00+00:00")
        assert (done.exit_code, outstanding(done.stderr)) == (0, [])
        done = scheduled(company)
        assert done.exit_code == 3
        (line,) = outstanding(done.stderr)
        assert line.startswith("acme 2016-11: closed, not issued: the month is closed, there is only a draft. ")


def test_a_restatement_beyond_the_watch_is_named_with_adjust(tmp_path: Path) -> None:
    with Company(tmp_path, rows(10), restate_months=0) as company:
        bill(company)
        company.send(rows(9))
        assert bill(company).exit_code == 3
        (line,) = outstanding(scheduled(company).stderr)
        assert re.search(rf"not issued, it would come to USD -5\.00.*{COMMAND} --adjust$", line)


def test_only_the_accounts_and_months_asked_for_count(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": [row(9, status="WHAT")], "zeta": rows(2)}) as company:
        bill(company)
        assert scheduled(company, "--account", "zeta").exit_code == 0
        assert scheduled(company, "--account", "acme").exit_code == 3
        assert bill(company, month="2016-12", now=JANUARY).exit_code == 0


def test_drafts_that_were_asked_for_need_nobody(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        assert scheduled(company, "--draft").exit_code == 0
        assert scheduled(company, "--draft", "--account", "acme").exit_code == 0


def test_what_failed_before_is_named_beside_a_failure_of_this_run(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        (tmp_path / "secrets" / "acme").rename(tmp_path / "mislaid")
        assert bill(company).exit_code == 1
        (tmp_path / "mislaid").rename(tmp_path / "secrets" / "acme")
        done = scheduled(company)
        assert done.exit_code == 3
        assert re.search(rf"acme 2016-11: failed: .*{COMMAND}", done.stderr)


@pytest.fixture
def euros_since_november(tmp_path: Path):
    """Three months in dollars, then in euros."""
    with Company(tmp_path, rows(10)) as company:
        for month in ("2016-08", "2016-09", "2016-10"):
            bill(company, month=month)
        company.configure(accounts={"acme": account("acme", currency="EUR")})
        bill(company)
        yield company


def test_the_overview_adds_up_no_two_currencies(euros_since_november: Company) -> None:
    text = page(euros_since_november)
    sums = text[text.index("Month Currency Accounts Total issued") :]
    assert "November 2016 EUR 1 35.00 October 2016 USD 1 25.00 September 2016 USD 1 25.00" in sums
    assert "November 2016 ✓ Issued EUR 35.00 EUR 35.00" in text
    of_account = page(euros_since_november, "acme")
    assert "amounts in EUR, or as named" in of_account
    assert "USD 25.00" in of_account
    assert "EUR 35.00" not in of_account, "the account's own currency is named once"
    drawn = (euros_since_november.folder / "out" / "acme" / "index.html").read_text()
    assert "Issued by month in EUR: November 2016 35.00; months in USD are not shown" in drawn


def test_two_accounts_of_which_one_changed_are_added_up_by_currency(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(3), "zeta": rows(3)}) as company:
        bill(company, month="2016-10")
        company.configure(accounts={"acme": account("acme"), "zeta": account("zeta", currency="EUR")})
        bill(company)
        assert "November 2016 EUR 1 25.00 November 2016 USD 1 25.00 October 2016 USD 2 50.00" in page(company)


@pytest.mark.filterwarnings("ignore:.*xtension is not supported")  # openpyxl's, of data bars
def test_the_trend_shows_months_of_the_documents_currency_and_says_what_it_leaves_out(
    euros_since_november: Company,
) -> None:
    company = euros_since_november
    for month in ("2016-12", "2017-01"):
        bill(company, month=month, now="2017-02-05T00:00:00+00:00")
    (workbook,) = (company.folder / "out" / "acme" / "2017-01").glob("*.xlsx")
    sheet = load_workbook(BytesIO(workbook.read_bytes()), data_only=True)["Trend"]
    cells = [[cell.value for cell in line] for line in sheet.iter_rows(min_row=3, max_row=7)]
    assert "Earlier months in USD are not shown: amounts are not comparable." in cells[0][0]
    assert [line[0] for line in cells[2:5]] == ["2016-11", "2016-12", "2017-01"]
    assert [line[6] for line in cells[2:5]] == [35, 25, 25]
    assert company.run("verify").exit_code == 0
