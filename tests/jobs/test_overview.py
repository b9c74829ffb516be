"""The overview and the accounts' pages as runs leave them: from the ledger, whole, in every case."""

import re
from pathlib import Path

from tests.company import Company, account, row, rows
from tests.webhook_events import tell


def page(company: Company, account: str = "") -> str:
    """The text of the overview, or of an account's page."""
    text = (company.folder / "out" / account / "index.html").read_text()
    return " ".join(re.sub(r"<(style|script)>.*?</\1>|<[^>]+>", " ", text, flags=re.DOTALL).split())


def links(file: Path) -> set[str]:
    return {link for link in re.findall('href="([^"]+)"', file.read_text()) if not link.startswith("#")}


def bill(company: Company, *arguments: str, now: str = "2016-12-05T00:00:00+00:00", month: str = "2016-11"):
    return company.run("run", "--month", month, *arguments, now=now)


def test_a_run_leaves_an_overview_that_leads_to_all_it_wrote(tmp_path: Path) -> None:
    with Company(tmp_path, rows(10)) as company:
        assert bill(company).exit_code == 0
        file = company.folder / "out" / "index.html"
        assert links(file) == {"acme/index.html"}
        account_page = file.parent / "acme/index.html"
        assert {one.stat().st_mode & 0o777 for one in (file, account_page)} == {0o600}
        assert len(links(account_page)) == 5
        assert all((account_page.parent / link).is_file() for link in links(account_page))
        assert "ACME-201611-0001" in page(company, "acme")
        assert "Nothing needs attention." in page(company)
        assert "35.00" in page(company)


def test_failed_units_and_blocking_findings_need_a_person(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": [*rows(3), row(9, status="WHAT")], "zeta": rows(2)}) as company:
        (tmp_path / "secrets" / "zeta").unlink()
        assert bill(company).exit_code == 1
        text = page(company)
        assert text.index("Failed zeta") < text.index("Blocking findings acme")
        assert "unknown-status" in text
        assert "2 matters need attention" in text


def test_a_restatement_not_issued_needs_a_person_until_it_is_issued(tmp_path: Path) -> None:
    with Company(tmp_path, rows(10)) as company:
        bill(company)
        company.send([*rows(9), row(10, status="COMP")])
        assert bill(company).exit_code == 3
        assert "Changed since issued acme November 2016 not issued, it would come to USD -5.00" in page(company)
        assert bill(company, "--adjust").exit_code == 0
        assert "Nothing needs attention." in page(company)
        assert "ACME-201611-0001-CN1" in page(company, "acme")


def test_a_month_between_billed_ones_that_nobody_billed_needs_a_person(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        bill(company, month="2016-09")
        bill(company)
        assert "No invoice acme October 2016 no run has billed it" in page(company)
        assert "October 2016 ✕ Missing" in page(company, "acme")


def test_a_closed_month_that_is_only_a_draft_needs_a_person_an_open_one_does_not(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        bill(company, "--draft", now="2016-12-01T00:00:00+00:00")
        assert "Nothing needs attention." in page(company)
        bill(company, "--draft")
        assert "Closed, not issued acme November 2016" in page(company)


def test_render_writes_the_same_index_elsewhere_with_its_links(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        bill(company)
        first = (tmp_path / "out" / "index.html").read_bytes()
        assert company.run("render", "--output", str(tmp_path / "other")).exit_code == 0
        assert (tmp_path / "other" / "index.html").read_bytes() == first


def test_an_index_that_cannot_be_written_fails_the_run_and_says_why(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        (tmp_path / "out").mkdir()
        (tmp_path / "secret.txt").write_text("mine")
        (tmp_path / "out" / "index.html").symlink_to(tmp_path / "secret.txt")
        done = bill(company)
        assert done.exit_code == 1
        assert f"{tmp_path / 'out' / 'index.html'} is not a plain file" in done.stderr
        assert company.summary()["status"] == "issued"
        assert (tmp_path / "secret.txt").read_text() == "mine"


def test_an_account_that_never_billed_and_one_no_longer_configured_are_shown(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(3)}) as company:
        bill(company)
        company.configure(accounts={"fresh": account("fresh")})
        for name in ("fresh", "fresh-identifier"):
            (tmp_path / "secrets" / name).write_text("x" * 8)
            (tmp_path / "secrets" / name).chmod(0o600)
        company.run("render")
        text = page(company)
        assert "fresh Fresh Telehealth LLC nothing billed yet" in text
        assert "acme Acme Telehealth LLC November 2016 ✓ Issued USD 25.00 USD 25.00" in text
        assert not (tmp_path / "out" / "fresh").exists()


def test_a_month_that_may_have_changed_is_marked_until_it_is_run_again(tmp_path: Path) -> None:
    todo = "Run the month again to see whether anything changed."
    with Company(tmp_path, {"acme": rows(3), "zeta": rows(3)}) as company:
        bill(company)
        tell(company, 2, "ENDED", "2016-12-09T10:30:00")
        tell(company, 99, "ENDED", "2016-12-09T11:00:00")
        tell(company, 2, "ENDED", "2016-12-01T00:00:00", account="zeta")
        company.run("render")
        text, first = page(company), (tmp_path / "out" / "index.html").read_bytes()
        reason = "webhooks have reported one of its sessions since its last run, most recently at 2016-12-09 10:30 UTC"
        assert f"May have changed acme November 2016 {reason} {todo}" in text
        assert page(company, "acme").count("△ May have changed") == 1
        assert "May have changed" not in page(company, "zeta")
        assert "1 matter needs attention" in text
        company.run("render")
        assert (tmp_path / "out" / "index.html").read_bytes() == first
        assert bill(company, now="2016-12-10T00:00:00+00:00").exit_code == 0
        assert "Nothing needs attention." in page(company)
        assert "May have changed" not in page(company)


def test_the_drift_watch_of_the_next_monthly_run_takes_the_mark_away_too(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3), restate_months=1) as company:
        bill(company)
        tell(company, 2, "ENDED", "2016-12-09T00:00:00")
        assert bill(company, "--draft", month="2016-12", now="2016-12-10T00:00:00+00:00").exit_code == 0
        assert "△ May have changed" in page(company, "acme"), "a run of another month shows the mark"
        assert company.run("run", now="2017-01-05T00:00:00+00:00").exit_code == 0
        assert "May have changed" not in page(company)


def test_a_draft_is_not_marked_it_is_computed_anew_anyway(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        bill(company, "--draft")
        tell(company, 2, "ENDED", "2016-12-09T00:00:00")
        company.run("render")
        assert "May have changed" not in page(company)


def test_links_stand_in_the_same_order_for_drafts_as_for_invoices(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(2), "zeta": [row(9, status="WHAT")]}) as company:
        bill(company)
        for key in ("acme", "zeta"):
            shown = (company.folder / "out" / key / "index.html").read_text()
            assert re.findall(r'href="2016-11/[^"]+\.(\w+)" aria-label', shown) == ["xlsx", "html", "json", "csv"]


def test_a_run_writes_only_the_pages_that_it_touched_and_those_that_are_missing_or_altered(tmp_path: Path) -> None:
    with Company(tmp_path, {key: rows(2) for key in ("acme", "bravo", "gone", "zeta")}) as company:
        bill(company)
        files = {key: tmp_path / "out" / key / "index.html" for key in ("acme", "bravo", "gone", "zeta")}
        first = {key: (file.stat().st_mtime_ns, file.read_bytes()) for key, file in files.items()}
        files["bravo"].write_bytes(first["bravo"][1].replace(b"25.00", b"26.00"))
        files["gone"].unlink()
        assert bill(company, "--account", "acme", now="2016-12-06T00:00:00+00:00").exit_code == 0
        assert files["zeta"].stat().st_mtime_ns == first["zeta"][0]
        assert [files[key].read_bytes() == first[key][1] for key in ("bravo", "gone", "acme")] == [True, True, False]


def test_a_page_is_made_anew_once_what_it_shows_of_the_configuration_changes(tmp_path: Path) -> None:
    with Company(tmp_path, rows(2)) as company:
        bill(company)
        company.configure(locale="de_DE")
        company.run("render")
        assert "November 2016" in page(company, "acme")
        assert "25,00" in page(company, "acme")


def test_one_account_page_that_cannot_be_written_keeps_no_other_back(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(2), "zeta": rows(2)}) as company:
        bill(company, "--account", "zeta")
        (tmp_path / "out" / "zeta" / "index.html").unlink()
        (tmp_path / "out" / "zeta" / "index.html").mkdir()
        done = bill(company, "--account", "acme")
        assert done.exit_code == 1
        assert f"{tmp_path / 'out' / 'zeta' / 'index.html'} is not a plain file" in done.stderr
        assert "ACME-201611-0001" in page(company, "acme")
        assert "zeta Zeta Telehealth LLC November 2016" in page(company)


def test_a_renamed_account_has_one_page_that_leads_to_its_old_months(tmp_path: Path) -> None:
    with Company(tmp_path, rows(2)) as company:
        bill(company)
        company.run("rename", "acme", "apex")
        company.run("render")
        assert not (tmp_path / "out" / "acme" / "index.html").exists()
        file = tmp_path / "out" / "apex" / "index.html"
        assert "../acme/2016-11/ACME-201611-0001.html" in links(file)
        assert all((file.parent / link).is_file() for link in links(file))
        assert company.run("verify").exit_code == 0
