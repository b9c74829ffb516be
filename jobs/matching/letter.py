"""The letter to the vendor about what is in dispute: plain text, ids and instants in UTC, nobody's name."""

from collections.abc import Iterator

from reports.match.result import Item, Match
from reports.stored import plain

WORDS = {"BILL": "Counted Session"}


def letter(match: Match) -> str:
    """Empty where nothing is in dispute."""
    disputed = match.disputed
    if not disputed:
        return ""
    invoice = f"your invoice {match.bill.number} of {match.bill.date}" if match.bill else "your activity file"
    lines = [
        f"Account {match.account}, {invoice}, month {match.month} (UTC, by BillableTs).",
        f"We count {match.our_count} billable sessions, you charge {match.their_count}. Please correct or explain:",
        "",
        *(f"{line}." for item in disputed for line in _said(item, match)),
        "",
        f"Amount in dispute: {match.currency} {plain(sum((item.amount for item in disputed), match.ours_total * 0))}.",
    ]
    others = [item for item in match.items if item.code == "other-charge"]
    if others:
        said = ", ".join(f"{item.theirs or 'other charge'} {plain(item.amount)}" for item in others)
        lines.append(f"Not disputed: {said} (please send the list behind it).")
    return "\n".join(lines) + "\n"


def _said(item: Item, match: Match) -> Iterator[str]:
    read = f"(read {match.snapshot_at:%Y-%m-%d %H:%M} UTC)"
    amount = f" — {plain(item.amount)}" if item.amount else ""
    ours, theirs = (WORDS.get(status or "", status) for status in (item.ours, item.theirs))
    about = "A row" if item.session_id is None else str(item.session_id)
    match item.code:
        case "status-differs":
            yield f"{about}: your API says {item.ours} {read}, your activity file says {theirs}{amount}"
        case "minutes-differ":
            yield f"{about}: your API says {item.ours} minutes {read}, your activity file {item.theirs}{amount}"
        case "only-ours":
            yield f"{about}: your API says {ours} {read}, your activity file does not list it{amount}"
        case "only-theirs":
            yield f"{about}: your activity file says {theirs}, your API did not list it {read}{amount}"
        case "repeated-theirs":
            yield f"{about}: your activity file counts it more than once{amount}"
        case "status-unknown":
            yield f"{about}: your activity file gives it a status that we do not know"
        case "unreadable-theirs":
            yield f"{about}: your activity file does not say clearly which session it is"
        case code:
            what = code.removeprefix("amount-").replace("-", " ")
            yield f"{what}: we expect {item.ours}, your invoice says {item.theirs}{amount}"
