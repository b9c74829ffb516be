"""The sums that must hold between a document's figures: one list for page, workbook and what is to be issued.

The workbook's Reconciliation sheet makes those of the document itself as formulas, over figures of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TYPE_CHECKING

from reports.document import STATUSES, Document

if TYPE_CHECKING:
    import pandas as pd

EXACT = Context(prec=10_000)

ROWS = "Rows received = counted + set aside + repeated + never connected"
STATUS_SUM = "Sessions counted = " + " + ".join(STATUSES)
DAY_SUM = "Counted towards the allowance = sum over the days"
HOST_SUM = "{} = sum over the hosts"  # of a status, or of all sessions
NET = "Net = sum of the lines"
TOTAL = "Total = net + tax"


@dataclass(frozen=True, slots=True)
class Check:
    """`whole` must be the sum of `parts`, exactly."""

    name: str
    whole: Decimal
    parts: tuple[Decimal, ...]
    money: bool = False

    @property
    def holds(self) -> bool:
        return self.whole == total(self.parts)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum, however many digits it takes."""
    result = Decimal(0)
    for amount in amounts:
        result = EXACT.add(result, amount)
    return result


def checks(document: Document, sessions: "pd.DataFrame") -> tuple[Check, ...]:
    """Every check of a document, with the sessions that go with it. An adjustment's month is checked too."""
    rows, listed = document.rows, sessions["status"].value_counts()
    found = [
        _count(ROWS, rows.received,
               (rows.counted, rows.set_aside, rows.repeated, rows.never_connected)),
        _count(STATUS_SUM, rows.counted, document.counts.values()),
        _count("Sessions counted = sessions listed, by status", rows.counted,
               (int(listed.get(status, 0)) for status in STATUSES)),
        _count(DAY_SUM, document.counts["BILL"], document.daily),
        *(
            _count(HOST_SUM.format(status), document.counts[status],
                   (host.sessions[status] for host in document.hosts))
            for status in STATUSES
        ),
        Check(NET, document.net, tuple(line.amount for line in document.lines), money=True),
        Check(TOTAL, document.total, (document.net, document.tax), money=True),
    ]  # fmt: skip
    if document.is_adjustment:
        lines = tuple(line.amount for line in document.month_lines)
        found += [
            Check("Net of the month = sum of its lines", document.month_net, lines, money=True),
            Check("Total of the month = net + tax", document.month_total, (document.month_net, document.month_tax),
                  money=True),
        ]  # fmt: skip
    return tuple(found)


def _count(name: str, whole: int, parts: Iterable[int]) -> Check:
    return Check(name, Decimal(whole), tuple(Decimal(part) for part in parts))


def failing(document: Document, sessions: "pd.DataFrame") -> list[Check]:
    """Those that do not hold: of a sound document none."""
    return [check for check in checks(document, sessions) if not check.holds]
