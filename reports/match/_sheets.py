"""The sheets of a match that hold no table of sessions: each writes itself."""

from decimal import Decimal

from reports.formats.xlsx.book import SheetCell, Sheets, Span
from reports.formats.xlsx.styles import GREEN, VERMILLION
from reports.match.result import MEANINGS, Item, Match, amount_of, bucket, in_sentences
from reports.stored import plain
from reports.text import so_many

SUMMARY, DIFFERENCES, AMOUNTS, COLUMNS, ABOUT = "Summary", "Differences", "Amounts", "Columns", "About"
MOST = 20_000  # differences listed; the JSON file holds all
LABEL, TEXT, FIGURE = 34, 62, 16  # widths in characters
STEPS = {
    "fee": "Monthly fee: theirs less ours",
    "sessions-quantity": "Sessions: what our plan charges for their number, less ours",
    "sessions-price": "Sessions: what they charge, less what our plan charges for that number",
    "minutes": "Minutes: theirs less ours",
    "hosts": "Host licences: theirs less ours",
    "other": "Other charges, which History cannot show",
    "tax": "Tax: theirs less ours",
}


def summary(book: Sheets, match: Match) -> dict[str, SheetCell]:
    """Both totals and the bridge between them, live; what is open. Gives the cells that get a defined name."""
    book.widths(SUMMARY, LABEL, TEXT, FIGURE, FIGURE, FIGURE)
    book.text(SUMMARY, 0, 0, f"The vendor's bill for {match.month}, checked", "title")
    row = book.pairs(SUMMARY, 2, particulars(match), TEXT) + 1
    book.heads(SUMMARY, row, ("From our total to theirs", "", f"Amount ({match.currency})"), 2)
    row, named = _bridge(book, match, row + 1)
    row = _codes(book, match, row + 1) + 1
    if match.disputed:
        book.text(SUMMARY, row, 0, "In dispute", "bold")
        disputed = sum((item.amount for item in match.disputed), match.ours_total * 0)
        book.text(
            SUMMARY, row, 1, f"{so_many(len(match.disputed), 'difference')}; {match.stem}-letter.txt is to be sent"
        )
        book.constant(SUMMARY, row, 2, disputed, "money")
    return named


def particulars(match: Match) -> list[tuple[str, str]]:
    """What was compared with what."""
    bill = f"{match.bill.number} of {match.bill.date}" if match.bill else "not given: only the sessions are compared"
    listed = "not given: only the amounts are compared"
    if match.sheet:
        listed = f"{match.files[0].name}: {match.sheet.ids:,} sessions in {so_many(match.sheet.rows, 'row')}"
    age = match.age
    still = f"{so_many(match.open_items, 'difference')} open"
    return [
        ("Customer", f"{match.customer} ({match.account})"),
        ("Ours", ", ".join(match.documents)),
        ("Vendor's invoice", bill),
        ("Vendor's activity file", listed),
        ("State", f"{still}, {age} days old ({bucket(age)})" if age is not None else "nothing is open"),
    ]


def _bridge(book: Sheets, match: Match, row: int) -> tuple[int, dict[str, SheetCell]]:
    ours = _total(book, row, "Ours", "as issued, tax included", match.ours_total)
    row += 1
    first = row
    for step in match.bridge:
        book.texts(SUMMARY, row, 0, (step.step, STEPS[step.step]), "row")
        book.constant(SUMMARY, row, 2, step.amount, "money", "row")
        row += 1
    if row == first:
        book.texts(SUMMARY, row, 0, ("", "no step: both are the same"), "row")
        book.constant(SUMMARY, row, 2, Decimal(0), "money", "row")
        row += 1
    texts = "as invoiced" if match.bill else "ours, and what the plan charges for the sessions they list more or fewer"
    theirs = _total(book, row, "Theirs", texts, match.theirs_total)
    book.texts(SUMMARY, row + 1, 0, ("Difference", "theirs less ours"), "row", "bold")
    difference = book.live(
        SUMMARY, row + 1, 2, f"{theirs.local}-{ours.local}", match.difference, "money", "row", "bold"
    )
    book.texts(SUMMARY, row + 2, 0, ("Unexplained", "the difference less all steps; must be zero"), "row")
    steps = Span(SUMMARY, 2, first, row - 1)
    formula = f"ROUND({difference.local}-SUM({steps.local}),{match.digits})"
    unexplained = book.live(SUMMARY, row + 2, 2, formula, match.unexplained, "money", "row")
    book.coloured(SUMMARY, (row + 2, 2, row + 2, 2), {("==", "0"): GREEN, ("!=", "0"): VERMILLION})
    named = {"ours_total": ours, "theirs_total": theirs, "difference": difference, "unexplained": unexplained}
    book.texts(SUMMARY, row + 3, 0, ("Open", "differences that need attention: see Differences"), "row")
    open_items = book.constant(SUMMARY, row + 3, 2, match.open_items, "count", "row")
    return row + 4, named | {"open_items": open_items}


def _total(book: Sheets, row: int, label: str, texts: str, amount: Decimal) -> SheetCell:
    book.texts(SUMMARY, row, 0, (label, texts), "sum")
    return book.constant(SUMMARY, row, 2, amount, "total", "sum")


def _codes(book: Sheets, match: Match, row: int) -> int:
    """What differs, a line a code; live over Differences where that lists all of them."""
    book.heads(SUMMARY, row, ("What differs", "What to do", "Differences", "Sessions", f"Amount ({match.currency})"), 2)
    codes = match.by_code()
    last = 3 + max(len(match.items), 1) - 1
    listed = len(match.items) <= MOST
    keys, counts, amounts = (Span(DIFFERENCES, column, 3, last).ref for column in (0, 5, 6))
    for place, (code, of_code) in enumerate(codes.items(), row + 1):
        key = book.text(SUMMARY, place, 0, code, "row", "top").local
        texts = in_sentences(code)
        book.text(SUMMARY, place, 1, texts, "row", "wrap", "top")
        book.height(SUMMARY, place, (texts, TEXT))
        figures: tuple[tuple[str, Decimal | int, str], ...] = (
            (f"COUNTIF({keys},{key})", len(of_code), "count"),
            (f"SUMIF({keys},{key},{counts})", sum(item.count for item in of_code), "quantity"),
            (f"SUMIF({keys},{key},{amounts})", amount_of(of_code), "money"),
        )
        for column, (formula, value, look) in enumerate(figures, 2):
            if listed:
                book.live(SUMMARY, place, column, formula, value, look, "row", "top")
            else:
                book.constant(SUMMARY, place, column, value, look, "row", "top")
    return row + 1 + len(codes)


def differences(book: Sheets, match: Match) -> None:
    """A row a difference."""
    sheet = book.sheet(DIFFERENCES)
    book.widths(DIFFERENCES, 24, 12, 14, 16, 9, 10, 14, 12, 34, 34)
    book.text(DIFFERENCES, 0, 0, "Differences", "title")
    heads = ("Code", "Session", "Ours", "Theirs", "Open", "Sessions", f"Amount ({match.currency})", "First seen")
    book.heads(DIFFERENCES, 2, (*heads, "What to do", "Note"), 10)
    sheet.freeze_panes(3, 0)
    sheet.ignore_errors({"number_stored_as_text": "B4:D1048576"})  # session numbers are names, not figures
    said = {(note.code, note.session_id): f"{note.at:%Y-%m-%d} {note.by}: {note.reason} {note.text}".strip()
            for note in match.notes}  # fmt: skip
    row = 2
    for row, (item, seen) in enumerate(zip(match.items[:MOST], match.first_seen, strict=False), 3):
        _difference(book, row, item, f"{seen:%Y-%m-%d}", said.get((item.code, item.session_id), ""))
    if match.items:
        sheet.autofilter(2, 0, row, 9)
    else:
        book.text(DIFFERENCES, 3, 0, "None: every session and every amount is the same.")
    if len(match.items) > MOST:
        book.text(DIFFERENCES, row + 1, 0, f"… and {len(match.items) - MOST:,} more, in {match.stem}.json", "bold")


def _difference(book: Sheets, row: int, item: Item, seen: str, said: str) -> None:
    session = "" if item.session_id is None else str(item.session_id)
    state = "open" if item.open else "closed" if said else "—"
    looks = ("row", "top", *(["blocking"] if item.open else []))
    book.text(DIFFERENCES, row, 0, item.code, *looks)
    book.texts(DIFFERENCES, row, 1, (session, item.ours or "—", item.theirs or "—", state), "row", "top")
    book.constant(DIFFERENCES, row, 5, item.count, "quantity", "row", "top")
    book.constant(DIFFERENCES, row, 6, item.amount, "money", "row", "top")
    book.text(DIFFERENCES, row, 7, seen, "row", "top")
    book.text(DIFFERENCES, row, 8, MEANINGS[item.code][1], "row", "wrap", "top")
    book.text(DIFFERENCES, row, 9, said, "row", "wrap", "top")
    book.height(DIFFERENCES, row, (MEANINGS[item.code][1], 34), (said, 34))


def amounts(book: Sheets, match: Match) -> None:
    """The bridge's amounts on both sides, and lines of the activity file that belong to no session."""
    book.widths(AMOUNTS, LABEL, 24, 24, FIGURE)
    book.text(AMOUNTS, 0, 0, "Amounts", "title")
    book.heads(AMOUNTS, 2, ("What differs", "Ours", "Theirs", f"Difference ({match.currency})"), 1)
    row = 3
    for item in match.items:
        if item.code.startswith("amount-") or item.code == "other-charge":
            book.text(AMOUNTS, row, 0, item.code, "row")
            book.text(AMOUNTS, row, 1, item.ours or "—", "row", "right")
            book.text(AMOUNTS, row, 2, item.theirs or "—", "row", "right")
            book.constant(AMOUNTS, row, 3, item.amount, "money", "row")
            row += 1
    if row == 3:
        book.text(AMOUNTS, row, 0, "None differ." if match.bill else "No invoice was given.")
        row += 1
    if match.sheet and match.sheet.other_lines:
        book.text(AMOUNTS, row + 1, 0, "Rows of the activity file without a session (not matched)", "section")
        book.heads(AMOUNTS, row + 2, ("Row of the file", "Amount"), 0)
        for at, line in enumerate(match.sheet.other_lines, row + 3):
            book.constant(AMOUNTS, at, 0, line.row, "id", "row", "left")
            book.text(AMOUNTS, at, 1, plain(line.amount), "row", "right")


def columns(book: Sheets, match: Match) -> None:
    """How the activity file was read."""
    book.widths(COLUMNS, LABEL, TEXT, FIGURE)
    book.text(COLUMNS, 0, 0, "How the activity file was read", "title")
    found = match.sheet
    if found is None:
        book.text(COLUMNS, 2, 0, "No activity file was given.")
        return
    texts = [
        ("Sheet", found.name),
        ("Header in row", str(found.header_row)),
        *((one.role, f"column {one.letter}{f' ({one.header})' if one.header else ''}") for one in found.columns),
        ("Times are in", found.timezone),
        ("Rows", f"{found.rows:,}, with {found.ids:,} sessions"),
        ("Rows with an unknown status", f"{found.unknown_phrases:,}"),
        *(("Sheet with fewer sessions, not used", name) for name in found.others),
        *(("Warning", warning) for warning in found.warnings),
    ]
    book.pairs(COLUMNS, 2, texts, TEXT)


RULES = (
    "Sessions are matched by SessionId alone, never by time.",
    "Ours is the month as issued; the newest snapshot only explains.",
    "A session on one side only, within 14 hours of the month's edge, is timing: it nets out with the neighbour month.",
    "The quantity step is what our plan charges for their number of sessions less ours, spread evenly over them.",
    "The steps add up to the difference exactly; unexplained is zero.",
    "The activity file names patients: it was read in place and not stored; none of its text is in these files.",
)


def about(book: Sheets, match: Match) -> None:
    """Where everything comes from."""
    book.sheet(ABOUT).set_column(0, 0, LABEL)
    book.sheet(ABOUT).set_column(1, 1, 110)
    book.text(ABOUT, 0, 0, "About this match", "title")
    row = book.pairs(ABOUT, 2, sources(match), TEXT)
    book.text(ABOUT, row + 1, 0, "Rules", "section")
    book.pairs(ABOUT, row + 2, [(f"Rule {number}", rule) for number, rule in enumerate(RULES, 1)], TEXT)


def sources(match: Match) -> list[tuple[str, str]]:
    """Digests and the three dates: snapshot, vendor's invoice, the activity file's newest time."""
    newest = match.sheet.newest if match.sheet else None
    return [
        ("Ours", f"{', '.join(match.documents)}; account {match.account}, month {match.month} (UTC, by BillableTs)"),
        ("Newest snapshot", f"read {match.snapshot_at:%Y-%m-%d %H:%M:%S} UTC, SHA-256 {match.snapshot_sha256}"),
        ("Vendor's invoice", f"{match.bill.number} of {match.bill.date}" if match.bill else "not given"),
        ("Newest time in the activity file", f"{newest:%Y-%m-%d %H:%M} UTC" if newest else "not known"),
        *((one.name, f"SHA-256 {one.sha256}, {one.size:,} bytes, {so_many(one.rows, 'row')}") for one in match.files),
        ("Matched", f"{match.made_at:%Y-%m-%d %H:%M:%S} UTC, securevideo-billing {match.program_version}"),
    ]
