"""The billing month: `[first 00:00 UTC, next first 00:00 UTC)`; and months in a row."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Month:
    year: int  # 1 … 9998
    number: int  # 1 … 12

    @classmethod
    def parse(cls, text: str) -> "Month":
        """From "2016-11". Raises ValueError."""
        match = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
        if not match or not 1 <= int(match[2]) <= 12 or not 1 <= int(match[1]) <= 9998:
            raise ValueError(f"{text!r} is not a month; write it as YYYY-MM, for example 2016-11")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, instant: datetime | date) -> "Month":
        """The month that holds an aware UTC instant, or a day."""
        return cls(instant.year, instant.month)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    def plus(self, months: int) -> "Month":
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        return self.plus(1).first - timedelta(days=1)

    @property
    def days(self) -> int:
        return self.last.day

    @property
    def start(self) -> datetime:
        """Inclusive."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """Exclusive."""
        return self.plus(1).start

    def closes_at(self, close_day: int) -> datetime:
        """From this instant on the month is closed: 00:00 UTC of `close_day` (1 … 28) of the next month."""
        return self.end + timedelta(days=close_day - 1)


@dataclass(frozen=True, slots=True)
class Period:
    """Months in a row: `[start of the first, end of the last)`."""

    months: tuple[Month, ...]  # ascending without a gap, at least one

    def __str__(self) -> str:
        first, last = self.months[0], self.months[-1]
        return str(first) if first == last else f"{first} to {last}"

    @property
    def start(self) -> datetime:
        """Inclusive."""
        return self.months[0].start

    @property
    def end(self) -> datetime:
        """Exclusive."""
        return self.months[-1].end


def through(months: Iterable[str]) -> Iterator[Month]:
    """From the first of `months` (each like "2016-11") to the last, ascending, those between them too."""
    known = {Month.parse(month) for month in months}
    month, last = min(known, default=None), max(known, default=None)
    while month is not None and last is not None and month <= last:
        yield month
        month = month.plus(1)
