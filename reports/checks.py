"""What the page proves about itself: the sums that must hold between the figures it prints."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal

import pandas as pd

from reports.document import STATUSES, Document

EXACT = Context(prec=10_000)


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


def checks(document: Document, sessions: pd.DataFrame) -> tuple[Check, ...]:
    """Every check of a document, with the sessions that go with it. An adjustment's month is checked too."""
    rows, listed = document.rows, sessions["status"].value_counts()
    found = [
        _count("Rows received = counted + set aside + repeated + never connected", rows.received,
               (rows.counted, rows.set_aside, rows.repeated, rows.never_connected)),
        _count("Sessions counted = " + " + ".join(STATUSES), rows.counted, document.counts.values()),
        _count("Sessions counted = sessions listed, by status", rows.counted,
               (int(listed.get(status, 0)) for status in STATUSES)),
        _count("Counted towards the allowance = sum over the days", document.counts["BILL"], document.daily),
        *(
            _count(f"{status} = sum over the hosts", document.counts[status],
                   (host.sessions[status] for host in document.hosts))
            for status in STATUSES
        ),
        Check("Net = sum of the lines", document.net, tuple(line.amount for line in document.lines), money=True),
        Check("Total = net + tax", document.total, (document.net, document.tax), money=True),
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
