"""What the workbook's formulas come to, computed once here so that each is stored with its value.

This is a second, independent count of the session frame: where it and the document disagree, the
workbook says so by itself before anybody recalculates it.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd

from reports.document import STATUSES, Document


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of a session frame. `day` counts BILL sessions by day of the month, from 1."""

    sessions: dict[tuple[int, str], int]  # by (part, status)
    minutes: dict[tuple[int, str], int]
    unknown: dict[tuple[int, str], int]  # sessions whose minutes are not known
    hosts: dict[tuple[int, str], int]  # sessions by (host, status)
    host_minutes: dict[int, int]
    host_charge: dict[int, Decimal]
    day: dict[int, int]
    charge: Decimal  # exact sum

    def of_status(self, status: str) -> tuple[int, int, int]:
        """(sessions, minutes, sessions of unknown minutes) of a status in the whole month."""
        return (
            sum(n for (_, own), n in self.sessions.items() if own == status),
            sum(n for (_, own), n in self.minutes.items() if own == status),
            sum(n for (_, own), n in self.unknown.items() if own == status),
        )

    @property
    def rows(self) -> int:
        return sum(self.sessions.values())


def tally(sessions: pd.DataFrame) -> Tally:
    """Counts `sessions` by the columns that the formulas count by."""
    status = sessions["status"].cat.set_categories(list(STATUSES)).cat.codes.to_numpy().astype(np.int64)
    minutes = sessions["minutes"].fillna(0).to_numpy(dtype=np.int64)
    unknown = sessions["minutes"].isna().to_numpy().astype(np.int64)
    part = sessions["part"].to_numpy(dtype=np.int64)
    host_of, hosts = pd.factorize(sessions["host_id"].to_numpy(dtype=np.int64))
    days = sessions["billable_at"].dt.day.to_numpy()[status == 0]
    charge_of = sessions["charge"].cat.codes.to_numpy().astype(np.int64)
    prices = [Decimal(price) for price in sessions["charge"].cat.categories]
    by_part = part * len(STATUSES) + status
    return Tally(
        sessions=_pairs(by_part, np.ones_like(status)),
        minutes=_pairs(by_part, minutes),
        unknown=_pairs(by_part, unknown),
        hosts={
            (int(hosts[host]), own): n
            for (host, own), n in _pairs(host_of * len(STATUSES) + status, np.ones_like(status)).items()
        },
        host_minutes={int(hosts[host]): n for host, n in _sums(host_of, minutes).items()},
        host_charge=_charges(host_of, charge_of, hosts, prices),
        day=_sums(days, np.ones_like(days)),
        charge=sum((prices[code] * n for code, n in _sums(charge_of, np.ones_like(charge_of)).items()), Decimal(0)),
    )


def _sums(keys: np.ndarray, amounts: np.ndarray) -> dict[int, int]:
    """Σ amounts by key, exact in integers."""
    place, found = pd.factorize(keys)
    sums = np.zeros(len(found), dtype=np.int64)
    np.add.at(sums, place, amounts)
    return dict(zip(found.tolist(), sums.tolist(), strict=True))


def _pairs(keys: np.ndarray, amounts: np.ndarray) -> dict[tuple[int, str], int]:
    return {(key // len(STATUSES), STATUSES[key % len(STATUSES)]): n for key, n in _sums(keys, amounts).items()}


def _charges(
    host_of: np.ndarray, charge_of: np.ndarray, hosts: np.ndarray, prices: list[Decimal]
) -> dict[int, Decimal]:
    charges: dict[int, Decimal] = {}
    for key, n in _sums(host_of * max(len(prices), 1) + charge_of, np.ones_like(charge_of)).items():
        host = int(hosts[key // len(prices)])
        charges[host] = charges.get(host, Decimal(0)) + prices[key % len(prices)] * n
    return charges


def half_up(amount: Fraction, digits: int) -> Decimal:
    """`amount` to `digits` decimals, halves away from zero, as ROUND of a spreadsheet does."""
    minor = int(abs(amount) * 10**digits + Fraction(1, 2))
    return Decimal(-minor if amount < 0 else minor).scaleb(-digits)


def decimals(number: Decimal) -> int:
    """How many decimals `number` needs."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def price_digits(document: Document) -> int:
    """How many decimals show every price of the document, and so every charge, in full."""
    return max([document.digits, *(decimals(band.unit_price) for band in document.bands)])


def rounding(formula: str, digits: int, needed: int) -> str:
    """ROUND to `digits`; where the exact result has more decimals (`needed`), first to those.

    The inner ROUND takes away what binary arithmetic adds (3 × 1.115 is a hair below 3.345), so that halves
    go up in every spreadsheet program.
    """
    return f"ROUND({formula},{digits})" if needed <= digits else f"ROUND(ROUND({formula},{needed}),{digits})"
