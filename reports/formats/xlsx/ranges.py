"""Formulas over the Sessions table, on as many sheets as it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from xlsxwriter.utility import xl_col_to_name

from .book import quoted

SHEET_ROWS = 1_048_576


@dataclass(frozen=True, slots=True)
class Block:
    """The stretch of the sessions frame on one sheet: frame rows `start` up to, not including, `stop`."""

    sheet: str
    table: str
    start: int
    stop: int
    first_row: int  # of the data, from 0

    @property
    def last_row(self) -> int:
        """Of the data; a table has at least one row, if an empty one."""
        return self.first_row + max(self.stop - self.start, 1) - 1


def blocks(sessions: int, header_rows: int, sheet_rows: int = SHEET_ROWS) -> tuple[Block, ...]:
    """How `sessions` rows spread over sheets of `sheet_rows` rows, the header's among them."""
    size = sheet_rows - header_rows
    return tuple(
        Block(
            sheet=f"Sessions {number}" if number > 1 else "Sessions",
            table=f"Sessions_{number}" if number > 1 else "Sessions",
            start=start,
            stop=min(start + size, sessions),
            first_row=header_rows,
        )
        for number, start in enumerate(range(0, max(sessions, 1), size), 1)
    )


@cache  # formulas name the same few ranges thousands of times
def _range(block: Block, place: int) -> str:
    letter = xl_col_to_name(place, col_abs=True)
    return f"{quoted(block.sheet)}!{letter}${block.first_row + 1}:{letter}${block.last_row + 1}"


@dataclass(frozen=True, slots=True)
class SheetTable:
    """The Sessions table as formulas see it: plain absolute ranges, the same in every spreadsheet program."""

    blocks: Sequence[Block]
    columns: Sequence[str]  # as criteria name them, in their order

    def _range(self, block: Block, column: str) -> str:
        return _range(block, self.columns.index(column))

    def rows(self) -> str:
        """How many rows hold a session."""
        return "+".join(f"COUNTA({self._range(block, 'session')})" for block in self.blocks)

    def count(self, **criteria: str) -> str:
        """COUNTIFS over column = criterion, each criterion a piece of formula."""
        return "+".join(f"COUNTIFS({self._criteria(block, criteria)})" for block in self.blocks)

    def sum(self, column: str, **criteria: str) -> str:
        """SUM of a column, by criteria if any."""
        if not criteria:
            return "SUM(" + ",".join(self._range(block, column) for block in self.blocks) + ")"
        return "+".join(
            f"SUMIFS({self._range(block, column)},{self._criteria(block, criteria)})" for block in self.blocks
        )

    def count_exactly(self, **criteria: str) -> str:
        """As `count`, where a criterion may be text of more digits than COUNTIFS compares."""
        return "+".join(f"SUMPRODUCT(1*{self._equal(block, criteria)})" for block in self.blocks)

    def sum_exactly(self, column: str, **criteria: str) -> str:
        """As `sum`, likewise."""
        return "+".join(
            f"SUMPRODUCT(1*{self._equal(block, criteria)},{self._range(block, column)})" for block in self.blocks
        )

    def _equal(self, block: Block, criteria: dict[str, str]) -> str:
        return "*".join(f"({self._range(block, column)}={criterion})" for column, criterion in criteria.items())

    def _criteria(self, block: Block, criteria: dict[str, str]) -> str:
        return ",".join(f"{self._range(block, column)},{criterion}" for column, criterion in criteria.items())

    def count_on_day(self, day: str, status: str) -> str:
        """COUNTIFS of one UTC day, from its midnight up to, not including, the next."""
        return self.count_between(day, f"{day}+1", status=status)

    def count_between(self, begin: str, end: str, **criteria: str) -> str:
        """COUNTIFS of the sessions from `begin` up to, not including, `end`."""
        return "+".join(f"COUNTIFS({self._between(block, begin, end, criteria)})" for block in self.blocks)

    def sum_between(self, column: str, begin: str, end: str) -> str:
        """SUMIFS of a column over the same."""
        return "+".join(
            f"SUMIFS({self._range(block, column)},{self._between(block, begin, end, {})})" for block in self.blocks
        )

    def _between(self, block: Block, begin: str, end: str, criteria: dict[str, str]) -> str:
        at = self._range(block, "billable_at")
        within = f'{at},">="&{begin},{at},"<"&{end}'
        return f"{within},{self._criteria(block, criteria)}" if criteria else within
