"""What the simulated vendor lets its customers download: the activity file, in three layouts, and the invoice.

The vendor documents neither. Its month is that of its screens, in Pacific time; so near the edges it is not ours.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from jobs.billing import money
from jobs.billing.month import Month
from jobs.errors import OutputError
from jobs.simulator.data import GONE, SimulatedAccount, instant
from reports.stored import plain

ZONE = ZoneInfo("America/Los_Angeles")
NOTHING = Decimal(0)
COUNTED = "BILL"


@dataclass(frozen=True, slots=True)
class Prices:
    """What the vendor charges an account; the default is the plan PLUS of article 90."""

    fee: Decimal = Decimal("25.00")
    included: int = 8
    tiers: Sequence[tuple[int | None, Decimal]] = ((None, Decimal("5.00")),)  # up to so many beyond, each one's price
    hosts: tuple[int, Decimal] = (0, NOTHING)  # licences beyond the included ones, and each one's price
    calling: Decimal = NOTHING  # masked calling, which History does not show
    tax_rate: Decimal = NOTHING  # percent


PLUS = Prices()


@dataclass(frozen=True, slots=True)
class Listed:
    session_id: int
    billable: datetime  # aware, UTC
    minutes: int | None
    status: str
    text: str

    @property
    def wording(self) -> str:
        """How the description calls the status."""
        return self.text.rpartition(f"#{self.session_id}")[2].partition(" - ")[2] or self.status

    @property
    def local(self) -> datetime:
        """As a cell has it: without a zone."""
        return self.billable.astimezone(ZONE).replace(tzinfo=None, microsecond=0)


def listed(account: SimulatedAccount, month: Month, now: datetime) -> list[Listed]:
    """The sessions of the vendor's month, as on `now`, in the order of time."""
    found = []
    for row in account.sessions:
        version = row.at(now)
        if version is GONE or not isinstance(version, dict):
            continue
        billable = instant(version.get("BillableTs"))
        status = version.get("BillableStatusCd")
        if billable is None or billable > now or not status or Month.of(billable.astimezone(ZONE)) != month:
            continue
        rest = (version.get("DurationMinutes"), status, str(version.get("UsageDescription") or ""))
        found.append(Listed(version["SessionId"], billable.astimezone(UTC), *rest))
    return sorted(found, key=lambda one: (one.billable, one.session_id))


def months(account: SimulatedAccount, now: datetime) -> list[Month]:
    """The whole months, in Pacific time, in which the account has sessions; ascending."""
    versions = (row.at(now) for row in account.sessions)
    instants = (instant(version.get("BillableTs")) for version in versions if isinstance(version, dict))
    found = {Month.of(at.astimezone(ZONE)) for at in instants if at is not None}
    return sorted(month for month in found if month.plus(1).start.replace(tzinfo=ZONE) <= now)


def write_all(accounts: Sequence[SimulatedAccount], folder: Path, now: datetime) -> Iterator[Path]:
    """Writes `<folder>/<account>/<month>/activity-1.xlsx` to `-3` and `invoice.yaml`, on plan PLUS; gives the paths."""
    for account in accounts:
        for month in months(account, now):
            sessions = listed(account, month, now)
            if sessions:
                yield from write(folder / account.name / str(month), month, sessions)


def write(folder: Path, month: Month, sessions: Sequence[Listed], prices: Prices = PLUS) -> list[Path]:
    """Writes the activity file in every layout, and the invoice. Raises OutputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for number, layout in enumerate(LAYOUTS, 1):
            paths.append(folder / f"activity-{number}.xlsx")
            with xlsxwriter.Workbook(paths[-1], {"strings_to_formulas": False, "strings_to_urls": False}) as book:
                layout(book, month, sessions)
        paths.append(folder / "invoice.yaml")
        paths[-1].write_text(invoice(month, sessions, prices), encoding="utf-8")
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise OutputError(f"{folder}: cannot be written; name another folder: --activity DIR") from error
    return paths


def _one_sheet(book: Any, _: Month, sessions: Sequence[Listed]) -> None:
    """A header in row 1, dates, wordings, minutes."""
    sheet, day = book.add_worksheet("Session Usage"), book.add_format({"num_format": "m/d/yyyy h:mm"})
    sheet.write_row(0, 0, ("Session ID", "Date", "Usage Description", "Status", "Minutes"))
    for row, one in enumerate(sessions, 1):
        sheet.write_number(row, 0, one.session_id)
        sheet.write_datetime(row, 1, one.local, day)
        sheet.write_row(row, 2, (one.text, one.wording))
        if one.minutes is not None:
            sheet.write_number(row, 4, one.minutes)


def _titled(book: Any, month: Month, sessions: Sequence[Listed]) -> None:
    """A summary first; then a merged title, a header in row 3, codes, lengths of time."""
    summary = book.add_worksheet("Summary")
    summary.write_row(0, 0, ("Month", str(month)))
    summary.write_row(1, 0, ("Sessions", len(sessions)))
    sheet, length = book.add_worksheet("Usage"), book.add_format({"num_format": "[h]:mm"})
    sheet.merge_range(0, 0, 0, 3, f"Activity of {month}")
    sheet.write_row(2, 0, ("Number", "Start", "Duration", "Billable"))
    for row, one in enumerate(sessions, 3):
        sheet.write_number(row, 0, one.session_id)
        sheet.write_string(row, 1, f"{one.local:%m/%d/%Y %I:%M %p}")
        if one.minutes is not None:
            sheet.write_datetime(row, 2, timedelta(minutes=one.minutes), length)
        sheet.write_string(row, 3, one.status)


def _described(book: Any, month: Month, sessions: Sequence[Listed]) -> None:
    """No column of ids: each stands in its description; a header in row 12, lengths as text."""
    sheet = book.add_worksheet("Sheet1")
    sheet.write_string(0, 0, f"Session activity, {month}")
    sheet.write_row(11, 0, ("Description", "Length", "Time"))
    for row, one in enumerate(sessions, 12):
        sheet.write_string(row, 0, one.text)
        sheet.write_string(row, 1, "" if one.minutes is None else f"{one.minutes // 60}:{one.minutes % 60:02}")
        sheet.write_string(row, 2, f"{one.local:%Y-%m-%d %H:%M:%S}")


LAYOUTS: tuple[Callable[[Any, Month, Sequence[Listed]], None], ...] = (_one_sheet, _titled, _described)


def invoice(month: Month, sessions: Sequence[Listed], prices: Prices = PLUS) -> str:
    """The vendor's invoice as `match --invoice` reads it; dated the 3rd, when the vendor bills."""
    lines = [("kind: fee", prices.fee)]
    beyond = max(0, sum(one.status == COUNTED for one in sessions) - prices.included)
    reached = 0
    for up_to, price in prices.tiers:
        quantity = max(0, (beyond if up_to is None else min(beyond, up_to)) - reached)
        reached = up_to or beyond
        if quantity:
            lines.append((f"kind: sessions, quantity: {quantity}, unit_price: {price}", quantity * price))
    if prices.hosts[0]:
        count, price = prices.hosts
        lines.append((f"kind: hosts, quantity: {count}, unit_price: {price}", count * price))
    if prices.calling:
        lines.append(("kind: other, description: Masked calling", prices.calling))
    net = sum((amount for _, amount in lines), NOTHING)
    tax = money.rounded(net * prices.tax_rate / 100, 2)
    return "\n".join(
        [
            f"number: SV-{month.year}{month.number:02}",
            f"date: {month.plus(1)}-03",
            "currency: USD",
            "lines:",
            *(f"  - {{{line}, amount: {plain(amount)}}}" for line, amount in lines),
            f"tax: {plain(tax)}",
            f"total: {plain(net + tax)}",
            "",
        ]
    )
