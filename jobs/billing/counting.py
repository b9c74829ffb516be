"""Which rows of a reply count towards a month, and what is odd about the others (docs/rules.md §4).

Every row received ends in exactly one of: counted, set aside, repeated, never connected.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs.billing.enrichment import NOTHING, Enrichment
from jobs.billing.enrichment import findings as enrichment_findings
from jobs.billing.findings import finding, in_order, of_session
from jobs.billing.month import Month, Period
from jobs.billing.plan import PlannedPart, metered, part_numbers
from jobs.billing.sessions import NORMALISED, STATUS_DTYPE, Usage
from reports.counts import Rows
from reports.document import STATUSES, Finding
from reports.findings import KINDS

DAY_MINUTES = 1440

Mask = npt.NDArray[np.bool_]


def count(
    rows: pd.DataFrame,
    *,
    received: int,
    findings: Sequence[Finding],
    month: Month | Period,
    parts: Sequence[PlannedPart],
    billed_elsewhere: Mapping[str, npt.NDArray[np.int64]],
    enrichment: Enrichment = NOTHING,
) -> Usage:
    """The usage of `month` in `rows`.

    `rows`: the readable rows as `jobs.securevideo.history` gives them. `received`: all rows, the unreadable ones too,
    of which `findings` already tells. `billed_elsewhere`: the SessionIds counted in the account's other issued months.
    `enrichment`: what is known of sessions without a duration.
    The result is the same for any order of the rows.
    """
    rows = rows.sort_values(["billable_at", "session_id", "fingerprint"], kind="stable", ignore_index=True)
    found = list(findings)
    open_rows = np.ones(len(rows), dtype=bool)
    tally = {"set_aside": received - len(rows), "repeated": 0, "never_connected": 0}
    for code, mask in _first_that_applies(rows, month, billed_elsewhere, _unreadable(findings)):
        hit = mask & open_rows
        open_rows &= ~hit
        tally[KINDS[code].becomes] += int(hit.sum())
        found.extend(
            _elsewhere_findings(rows[hit], billed_elsewhere)
            if code == "billed-elsewhere"
            else _row_findings(code, rows[hit])
        )
    counted = rows[open_rows].reset_index(drop=True)
    found.extend(_oddities(counted, parts, enrichment))
    found.extend(enrichment_findings(enrichment, counted, parts))
    return Usage(
        sessions=_typed(counted),
        rows=Rows(received=received, counted=len(counted), **tally),
        findings=in_order(found),
    )


def _unreadable(findings: Sequence[Finding]) -> list[int]:
    """The SessionIds, where they can be read, of the rows that cannot."""
    return [one.session_id for one in findings if one.code == "unreadable-row" and one.session_id is not None]


def counted(
    rows: pd.DataFrame,
    month: Month,
    billed_elsewhere: Mapping[str, npt.NDArray[np.int64]],
    findings: Sequence[Finding],
) -> pd.DataFrame:
    """Those of `rows` that `count` counts, each session once, nothing said of the others."""
    fates = [mask for _, mask in _first_that_applies(rows, month, billed_elsewhere, _unreadable(findings))]
    found: pd.DataFrame = rows[~np.logical_or.reduce(fates)]
    return found


def _first_that_applies(
    rows: pd.DataFrame,
    month: Month | Period,
    billed_elsewhere: Mapping[str, npt.NDArray[np.int64]],
    unreadable: Sequence[int],
) -> Iterator[tuple[str, Mask]]:
    """(finding code, which rows), in the order of docs/rules.md §4.1.

    A readable row beside an unreadable one of the same SessionId differs from it: which one is right is not known.
    """
    ids = rows["session_id"].to_numpy(np.int64)
    twice = rows[rows.duplicated("session_id", keep=False)]
    variants = twice.groupby("session_id")["fingerprint"].nunique()
    conflicting = rows["session_id"].isin(variants.index[variants > 1]).to_numpy(bool)
    yield "conflicting-duplicate", conflicting | np.isin(ids, np.array(unreadable, dtype=np.int64))
    yield "repeated-row", rows.duplicated("session_id").to_numpy(bool)
    no_status, no_billable = rows["status"].isna().to_numpy(bool), rows["billable_at"].isna().to_numpy(bool)
    yield "unknown-status", ~rows["status"].isin(STATUSES).to_numpy(bool) & ~no_status
    yield "missing-status", no_status & ~no_billable
    yield "missing-billable-ts", ~no_status & no_billable
    yield "never-connected", no_status & no_billable
    inside = (rows["billable_at"] >= month.start) & (rows["billable_at"] < month.end)
    yield "outside-month", ~inside.to_numpy(bool)
    others = [np.isin(ids, counted) for counted in billed_elsewhere.values()]
    yield "billed-elsewhere", np.logical_or.reduce(others) if others else np.zeros(len(rows), dtype=bool)


def _row_findings(code: str, rows: pd.DataFrame) -> Iterator[Finding]:
    ids = rows["session_id"].tolist()
    for session_id in sorted(set(ids)) if code == "conflicting-duplicate" else ids:
        yield of_session(code, session_id)


def _elsewhere_findings(rows: pd.DataFrame, billed_elsewhere: Mapping[str, npt.NDArray[np.int64]]) -> Iterator[Finding]:
    ids = rows["session_id"].to_numpy(np.int64)
    months = {
        session_id: month for month, counted in billed_elsewhere.items() for session_id in np.intersect1d(ids, counted)
    }
    for session_id in ids.tolist():
        text = f"session {session_id} is counted in {months[session_id]}, which is issued: a session is billed once"
        yield finding("billed-elsewhere", session_id, f"{text}; compare both months")


_CONTRADICTIONS = {
    "session-number": "names another session number",
    "counted-wording": "says that the session is counted, but the status is not BILL",
    "svco-wording": "says that the session was with the vendor, but the status is not SVCO",
}


def _oddities(counted: pd.DataFrame, parts: Sequence[PlannedPart], enrichment: Enrichment) -> Iterator[Finding]:
    """What is additional: findings of rows that count all the same."""
    numbers = part_numbers(counted["billable_at"], parts)
    bill = (counted["status"] == "BILL").to_numpy(bool)
    charged = metered("minutes", counted["billable_at"], parts) & bill
    minutes = counted["minutes"]
    negative = (minutes < 0).fillna(False).to_numpy(bool)
    ids = counted["session_id"].to_numpy(np.int64)
    for mask, code, text in (
        (negative, "duration-implausible", "has a negative DurationMinutes, taken as unknown"),
        (minutes.isna().to_numpy(bool), "duration-unknown", "has no DurationMinutes"),
    ):
        for session_id, is_charged in zip(ids[mask].tolist(), charged[mask].tolist(), strict=True):
            ended = ": ended, duration not captured" if enrichment.statuses.get(session_id) == "ENDED" else ""
            what = "its minutes are charged" if is_charged else "no money depends on it"
            message = f"session {session_id} {text}{ended}; {what}"
            yield finding(code, session_id, message, "blocking" if is_charged else None)
    for session_id in ids[(minutes > DAY_MINUTES).fillna(False).to_numpy(bool)].tolist():
        text = f"session {session_id} has a DurationMinutes of more than a day (1440); kept as sent, please check"
        yield finding("duration-implausible", session_id, text)
    for session_id, code in counted.loc[counted["contradiction"].notna(), ["session_id", "contradiction"]].to_numpy():
        text = f"session {session_id}: UsageDescription {_CONTRADICTIONS[code]}; the status was followed, please check"
        yield finding("description-mismatch", int(session_id), text)
    for session_id in ids[(numbers == 0) & bill].tolist():
        yield of_session("before-first-plan", session_id)


def _typed(counted: pd.DataFrame) -> pd.DataFrame:
    """`counted` with exactly the columns and types of NORMALISED."""
    frame = pd.DataFrame(index=counted.index)
    for column, dtype in NORMALISED.items():
        if column == "status":
            frame[column] = counted[column].astype(STATUS_DTYPE)
        elif column == "minutes":
            frame[column] = counted[column].mask(counted[column] < 0).astype("Int32")
        elif column in counted:
            frame[column] = counted[column].astype(dtype)
    return frame
