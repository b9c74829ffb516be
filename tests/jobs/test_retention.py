"""Which snapshots belong to a month, and what is lost without them: what the README says of how long to keep them."""

import json
from pathlib import Path

from tests.company import MONTH, Company, row, rows

RUN = ("run", "--month", MONTH)


def named(company: Company, month: str | None = None) -> set[str]:
    """The files that `history --json` names, of a month or of all."""
    found = json.loads(company.run("history", "--json").stdout)
    snapshots = [one for unit in found if month in (None, unit["month"]) for one in unit["snapshots"]]
    return {f"{sha256}.json.gz" for one in snapshots for sha256 in (one["sha256"], *one["attached"].values())}


def kept(company: Company) -> set[str]:
    return {*company.snapshots()}


def test_history_names_every_file_of_a_month_and_none_of_a_try_that_failed(tmp_path: Path) -> None:
    with Company(tmp_path, [row(1), row(2, minutes=None)]) as company:
        company.vendor.add_fault(path="/history", kind="object", times=1)
        assert company.run(*RUN).exit_code == 1
        left = kept(company)
        assert len(left) == 1
        assert company.run(*RUN).exit_code == 0
        (snapshot,) = json.loads(company.run("history", "--json").stdout)[0]["snapshots"]
        assert set(snapshot["attached"]) == {"hosts", "statuses"}
        assert named(company) == kept(company) - left
        for name in left:
            company.snapshots()[name].unlink()
        assert company.run("verify").exit_code == 0


def test_what_superseded_drafts_were_made_of_may_be_removed_and_nothing_else(tmp_path: Path) -> None:
    def superseded() -> dict[str, bool]:
        found = json.loads(company.run("history", "--json").stdout)
        return {f"{one['sha256']}.json.gz": one["superseded"] for unit in found for one in unit["snapshots"]}

    with Company(tmp_path, rows(1)) as company:
        for count in (1, 2, 3):
            company.send(rows(count))
            company.run(*RUN, *(["--draft"] if count < 3 else []))
        company.send([*rows(2), row(3, status="COMP")])
        assert company.run(*RUN).exit_code == 3
        assert [*superseded().values()] == [True, True, False, False], "two drafts, the invoice, what came last"
        files = {name: company.snapshots()[name] for name in superseded()}
        content = {name: file.read_bytes() for name, file in files.items()}
        for name, free in superseded().items():
            files[name].write_bytes(content[name][:-1])
            assert company.run("verify").exit_code == 3, "altered"
            files[name].unlink()
            assert company.run("verify").exit_code == (0 if free else 3)
            if not free:
                files[name].write_bytes(content[name])
        assert company.run("verify").exit_code == 0


def test_months_without_their_snapshots_render_rerun_and_restate_but_prove_nothing(tmp_path: Path) -> None:
    sessions = [*rows(9), row(20, BillableTs="2016-10-03T21:46:16")]
    with Company(tmp_path, sessions) as company:
        company.run("run", "--month", f"2016-10..{MONTH}")
        only = named(company, MONTH) - named(company, "2016-10")
        assert 1 <= len(only) < len(named(company, MONTH)), "the list of hosts is that of both months"
        for name in only:
            company.snapshots()[name].unlink()
        done = company.run("verify")
        assert done.exit_code == 3
        assert all(name in done.stdout for name in only)
        assert company.run("verify", "--month", "2016-10").exit_code == 0
        refused = company.run("diff", "--account", "acme", "--month", MONTH)
        assert (refused.exit_code, "restore it from a backup" in refused.stderr) == (1, True)
        assert company.run("render").exit_code == 0
        company.send([*rows(8), row(9, status="COMP"), sessions[-1]])
        assert company.run(*RUN, "--adjust").exit_code == 0
        assert company.summary()["documents"][0]["number"] == "ACME-201611-0002-CN1"
        assert company.run("diff", "--account", "acme", "--month", MONTH).exit_code == 0
