"""Sessions that move between issued months: both months are put right, and no session is ever billed twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.ledger import frames
from tests.company import Company, row
from tests.jobs.ledger.ledgers import asked

AUGUST, SEPTEMBER, OCTOBER = MONTHS = ("2016-08", "2016-09", "2016-10")
RANGE = ("run", "--month", f"{AUGUST}..{OCTOBER}")
LATER = "2016-12-10T06:00:00"


def of_month(month: str, *ids: int, **changes: Any) -> list[dict[str, Any]]:
    return [row(one, at=f"{month}-05T12:00:00", **changes) for one in ids]


def start() -> dict[str, list[dict[str, Any]]]:
    """Ten sessions each month, two of them overage: USD 35.00."""
    return {month: of_month(month, *range(100 * n, 100 * n + 10)) for n, month in enumerate(MONTHS, start=8)}


def swapped() -> dict[str, list[dict[str, Any]]]:
    """Session 800 and session 900 have changed places."""
    return start() | {
        AUGUST: of_month(AUGUST, *range(801, 810), 900),
        SEPTEMBER: of_month(SEPTEMBER, *range(901, 910), 800),
    }


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path, {"acme": start()}) as company:
        assert company.run(*RANGE, now="2016-12-05T06:00:00").exit_code == 0
        yield company


def proven(company: Company) -> None:
    done = company.run("verify", now="2017-06-01T06:00:00")
    assert done.exit_code == 0, done.output


def statuses(company: Company) -> list[str]:
    return [company.summary(month)["status"] for month in MONTHS]


def documents(company: Company) -> list[tuple[Any, ...]]:
    return asked(
        company.folder / "state" / "ledger.db", "SELECT id, month, number, sessions FROM documents ORDER BY id"
    )


def billed_twice(company: Company) -> set[int]:
    """The sessions that stand in more than one month, after any of the ledger's transactions."""
    issued_ids: dict[str, set[int]] = {}
    twice: set[int] = set()
    path = company.folder / "state" / "ledger.db"
    posted = asked(path, "SELECT document_id, detail FROM events WHERE kind = 'posted' ORDER BY id")
    together = {number: {number, *json.loads(detail).get("together", [])} for number, detail in posted}
    pending: set[int] = set()
    for number, month, _, packed in documents(company):
        issued_ids[month] = set(frames.session_ids(packed).tolist())
        pending = (pending or set(together[number])) - {number}
        if not pending:
            every = [one for ids in issued_ids.values() for one in ids]
            twice |= {one for one in every if every.count(one) > 1}
    return twice


def test_two_sessions_that_changed_places_are_put_right_together(company: Company) -> None:
    company.send(swapped())
    assert company.run(*RANGE, now=LATER).exit_code == 3
    assert statuses(company) == ["restated", "restated", "unchanged"]
    done = company.run(*RANGE, "--adjust", now=LATER)
    assert done.exit_code == 0, done.output
    assert statuses(company) == ["adjusted", "adjusted", "unchanged"]
    changed = {(one["session_id"], one["kind"]) for one in company.summary(AUGUST)["changes"]}
    assert changed >= {(800, "removed"), (900, "added")}
    assert billed_twice(company) == set()
    again = company.run(*RANGE, "--adjust", now=LATER)
    assert (again.exit_code, statuses(company)) == (0, ["unchanged"] * 3)
    proven(company)


def test_a_run_that_watches_puts_them_right_too(company: Company) -> None:
    company.send({**swapped(), "2016-11": of_month("2016-11", 1100)})
    done = company.run("run", "--adjust", now=LATER)
    assert (done.exit_code, statuses(company)) == (0, ["adjusted", "adjusted", "unchanged"]), done.output
    proven(company)


def test_three_months_in_a_ring(company: Company) -> None:
    company.send(
        {
            AUGUST: of_month(AUGUST, *range(801, 810), 1000),
            SEPTEMBER: of_month(SEPTEMBER, *range(901, 910), 800),
            OCTOBER: of_month(OCTOBER, *range(1001, 1010), 900),
        }
    )
    done = company.run(*RANGE, "--adjust", "--json", now=LATER)
    assert (done.exit_code, statuses(company)) == (0, ["adjusted"] * 3)
    assert [unit["month"] for unit in json.loads(done.stdout)] == list(MONTHS)
    assert billed_twice(company) == set()
    proven(company)


def test_one_month_alone_waits_and_names_the_other(company: Company) -> None:
    company.send(swapped())
    assert company.run("run", "--month", AUGUST, "--adjust", now=LATER).exit_code == 3
    assert "session 900 is counted in 2016-09, which is issued: a session is billed once" in str(
        company.summary(AUGUST)
    )
    assert company.names(AUGUST) >= {"draft.json"}


def test_where_one_half_of_a_move_waits_the_other_says_so(company: Company) -> None:
    """September cannot be issued: then August keeps waiting for session 900, and says where the other half is."""
    moved = swapped()
    company.send({**moved, SEPTEMBER: [*moved[SEPTEMBER], *of_month(SEPTEMBER, 999, status="NEW")]})
    done = company.run(*RANGE, "--adjust", now=LATER)
    assert (done.exit_code, statuses(company)) == (3, ["restated", "restated", "unchanged"])
    text = "sessions 800, 900 move between this month and 2016-09, which cannot be issued yet"
    assert text in done.stderr
    (half_moved,) = (one for one in company.summary(AUGUST)["findings"] if one["code"] == "half-moved")
    assert (half_moved["severity"], half_moved["session_id"]) == ("warning", None)
    drafted = json.loads((company.unit(AUGUST) / "draft.json").read_bytes())
    assert "half-moved" in [one["code"] for one in drafted["findings"]]
    assert billed_twice(company) == set()
    company.send(moved)
    assert company.run(*RANGE, "--adjust", now=LATER).exit_code == 0
    assert statuses(company) == ["adjusted", "adjusted", "unchanged"]
    proven(company)


def test_a_credit_note_whose_other_half_waits_says_so_and_is_proven(company: Company) -> None:
    """Session 800 went to September, which waits; another one came to August, so that no row is gone."""
    company.send(
        start()
        | {AUGUST: of_month(AUGUST, *range(801, 810), 850)}
        | {SEPTEMBER: [*of_month(SEPTEMBER, *range(900, 910), 800), *of_month(SEPTEMBER, 999, status="NEW")]}
    )
    assert company.run(*RANGE, "--adjust", now=LATER).exit_code == 3
    assert statuses(company) == ["adjusted", "restated", "unchanged"]
    (half_moved,) = (one for one in company.summary(AUGUST)["findings"] if one["code"] == "half-moved")
    assert half_moved["message"].startswith("session 800 moves between this month and 2016-09")
    proven(company)


def test_a_session_that_left_for_an_earlier_month_never_issued(tmp_path: Path) -> None:
    """Its invoice comes in the same run as the adjustment that lets the session go."""
    with Company(tmp_path, {"acme": start()}) as company:
        assert company.run("run", "--month", SEPTEMBER, now="2016-12-05T06:00:00").exit_code == 0
        company.send(swapped())
        done = company.run("run", "--month", f"{AUGUST}..{SEPTEMBER}", "--adjust", now=LATER)
        assert done.exit_code == 0, done.output
        assert [company.summary(month)["status"] for month in (AUGUST, SEPTEMBER)] == ["issued", "adjusted"]
        assert billed_twice(company) == set()
        proven(company)


def test_a_month_that_fails_keeps_its_sessions(company: Company) -> None:
    company.send(swapped())
    company.vendor.add_fault(path="/history", query=f"month={SEPTEMBER}-01", kind="status", status=404)
    done = company.run(*RANGE, "--adjust", now=LATER)
    assert (done.exit_code, statuses(company)) == (1, ["restated", "failed", "unchanged"]), done.output
    assert billed_twice(company) == set()


def test_months_that_no_session_moved_between_are_posted_apart(company: Company) -> None:
    """A ledger without moves is as it always was."""
    company.send({month: [*start()[month], *of_month(month, 7000 + n)] for n, month in enumerate(MONTHS)})
    assert company.run(*RANGE, "--adjust", now=LATER).exit_code == 0
    details = asked(company.folder / "state" / "ledger.db", "SELECT detail FROM events WHERE kind = 'posted'")
    assert all(set(json.loads(detail)) == {"number"} for (detail,) in details)
    proven(company)
