"""The workbook being built: styles by name, cells that know their place, text that stays text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context, Decimal
from typing import Any
from unicodedata import east_asian_width

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from reports.document import Document
from reports.text import shown

from .styles import LOOKS, in_currency
from .unpacked import PlainSheet, UnpackedWorkbook

Value = int | Decimal | str
Sum = tuple[str, int | Decimal]  # a formula and its value

_CELL = Context(prec=15)  # significant digits that a double keeps exactly
LONGEST_SUM = 2000  # characters of a sum written cell by cell; a formula of Excel's holds 8,192
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class SheetCell:
    """A figure and where it stands. `value` is what the cell shows before anything is recalculated."""

    sheet: str
    row: int
    column: int
    value: Value

    @property
    def local(self) -> str:
        """Its address for formulas of the same sheet."""
        return str(xl_rowcol_to_cell(self.row, self.column, row_abs=True, col_abs=True))

    @property
    def ref(self) -> str:
        """Its address for formulas of any sheet."""
        return f"{quoted(self.sheet)}!{self.local}"


@dataclass(frozen=True, slots=True)
class Span:
    """Rows `first` to `last` of one column, both inclusive, from 0."""

    sheet: str
    column: int
    first: int
    last: int

    @property
    def local(self) -> str:
        return str(xl_range_abs(self.first, self.column, self.last, self.column))

    @property
    def ref(self) -> str:
        return f"{quoted(self.sheet)}!{self.local}"


def added(cells: Sequence[SheetCell]) -> str:
    """The sum of cells of one column, in a formula that is never too long."""
    terms = "+".join(cell.local for cell in cells) or "0"
    return terms if len(terms) <= LONGEST_SUM else "+".join(f"SUM({span.local})" for span in _runs(cells))


def multiplied(cells: Sequence[SheetCell], others: Sequence[SheetCell]) -> str:
    """The sum of the products of cells of one column and `others` beside them, likewise."""
    terms = "+".join(f"{cell.local}*{other.local}" for cell, other in zip(cells, others, strict=True)) or "0"
    if len(terms) <= LONGEST_SUM:
        return terms
    pairs = zip(_runs(cells), _runs(others), strict=True)
    return "+".join(f"SUMPRODUCT({span.local},{other.local})" for span, other in pairs)


def _runs(cells: Sequence[SheetCell]) -> list[Span]:
    """Cells of one column, descending, as stretches without a gap."""
    spans: list[Span] = []
    for cell in cells:
        if spans and spans[-1].last + 1 == cell.row:
            spans[-1] = replace(spans[-1], last=cell.row)
        else:
            spans.append(Span(cell.sheet, cell.column, cell.row, cell.row))
    return spans


def quoted(sheet: str) -> str:
    """A sheet's name as formulas write it."""
    return f"'{sheet}'" if " " in sheet else sheet


def fitting(number: int | Decimal) -> int | Decimal:
    """`number` without needless zeros, in the 15 significant digits that a cell keeps exactly.

    Amounts due never have more (the job refuses them); a charge before rounding may, and then shows the nearest value.
    """
    plain = _CELL.plus(Decimal(number)).normalize(_CELL)
    return int(plain) if plain == plain.to_integral_value() else plain


class Sheets:
    """An XlsxWriter workbook with this program's styles and habits. Rows and columns count from 0."""

    def __init__(self, looks: Mapping[str, dict[str, Any]] | None = None) -> None:
        """`looks`: styles beside the usual ones."""
        self.workbook = UnpackedWorkbook()
        self._gaps: dict[tuple[str, int, int], Decimal] = {}
        self._formats: dict[tuple[str, ...], Format] = {}
        self._looks = {**LOOKS, **(looks or {})}

    def sheet(self, name: str) -> Worksheet:
        return self.workbook.get_worksheet_by_name(name) or self.workbook.add_worksheet(name, PlainSheet)

    def style(self, *looks: str) -> Format:
        """The format that the named looks make together; "quote" is the apostrophe before text like a formula."""
        if looks not in self._formats:
            properties: dict[str, Any] = {}
            for look in looks:
                properties |= {"quote_prefix": True} if look == "quote" else self._looks[look]
            self._formats[looks] = self.workbook.add_format(properties)
        return self._formats[looks]

    def text(self, sheet: str, row: int, column: int, text: str, *looks: str) -> SheetCell:
        """Text, never a formula, a number or a link, whatever it looks like. "" is a blank cell."""
        text = shown(text)
        looks = (*looks, "quote") if text.startswith(FORMULA_STARTS) else looks
        if text:
            self.sheet(sheet).write_string(row, column, text, self.style(*looks))
        else:
            self.sheet(sheet).write_blank(row, column, None, self.style(*looks))
        return SheetCell(sheet, row, column, text)

    def link(self, sheet: str, row: int, column: int, target: str, text: str, *looks: str) -> None:
        """As `text`, leading to `target`: "internal:Sessions!A5", or "external:NAME.xlsx" of a file beside this one."""
        text = shown(text)
        looks = (*looks, "quote") if text.startswith(FORMULA_STARTS) else looks
        self.sheet(sheet).write_url(row, column, target, self.style(*looks), text)

    def texts(self, sheet: str, row: int, column: int, texts: tuple[str, ...] | list[str], *looks: str) -> None:
        for offset, text in enumerate(texts):
            self.text(sheet, row, column + offset, text, *looks)

    def heads(self, sheet: str, row: int, heads: Sequence[str], words: int) -> None:
        """Column heads: the first `words` of them over text, the others over figures."""
        for column, head in enumerate(heads):
            self.text(sheet, row, column, head, "head", *(["right"] if column >= words else []))

    def widths(self, sheet: str, *widths: int) -> None:
        """Of the first columns, in characters."""
        for column, width in enumerate(widths):
            self.sheet(sheet).set_column(column, column, width)

    def paragraph(self, sheet: str, row: int, last: int, text: str, width: int) -> None:
        """Wrapped text over the columns up to `last`, together `width` characters wide."""
        self.sheet(sheet).merge_range(row, 0, row, last, "", self.style("wrap", "top"))
        self.text(sheet, row, 0, text, "wrap", "top")
        self.height(sheet, row, (text, width))

    def coloured(self, sheet: str, area: tuple[int, int, int, int], colours: Mapping[tuple[str, str], str]) -> None:
        """Colours beside what cells say, never instead of it: by comparison and value, as in ("==", '"OK"')."""
        for (criteria, value), colour in colours.items():
            look = self.workbook.add_format({"bold": True, "font_color": colour})
            rule = {"type": "cell", "criteria": criteria, "value": value, "format": look}
            self.sheet(sheet).conditional_format(*area, rule)

    def titled(self, sheet: str, row: int, title: str, heads: Sequence[str], words: int) -> None:
        """A table's title, and below it its heads, tall enough for two lines."""
        self.text(sheet, row, 0, title, "section")
        self.heads(sheet, row + 1, heads, words)
        self.sheet(sheet).set_row(row + 1, 32)

    def pairs(self, sheet: str, row: int, pairs: Sequence[tuple[str, str]], width: int, *looks: str) -> int:
        """Labels, and beside each its text in a column of this width. Gives the next row."""
        for at, (label, text) in enumerate(pairs, row):
            self.text(sheet, at, 0, label, "bold", "top", *looks)
            self.text(sheet, at, 1, text, "wrap", "top", *looks)
            self.height(sheet, at, (text, width))
        return row + len(pairs)

    def session(self, sheet: str, row: int, column: int, session_id: int | None, links: Mapping[int, str]) -> None:
        """A session's number, which leads to where it stands."""
        text = "" if session_id is None else str(session_id)
        if target := links.get(session_id or 0):
            self.link(sheet, row, column, target, text, "link", "row", "top")
        else:
            self.text(sheet, row, column, text, "row", "top")

    def height(self, sheet: str, row: int, *texts: tuple[str, int], line: int = 15) -> None:
        """As many lines as the longest of the wrapped texts needs in a column of its width."""
        lines = max(-(-_width(shown(text)) * 21 // (20 * width)) for text, width in texts)
        self.sheet(sheet).set_row(row, min(line * max(1, lines) + 2, 400))

    def constant(self, sheet: str, row: int, column: int, value: Value, *looks: str) -> SheetCell:
        """A figure that does not move."""
        if isinstance(value, str):
            return self.text(sheet, row, column, value, *looks, "right")
        self.sheet(sheet).write_number(row, column, fitting(value), self.style(*looks))
        return SheetCell(sheet, row, column, value)

    def live(self, sheet: str, row: int, column: int, formula: str, value: Value, *looks: str) -> SheetCell:
        """A formula, stored with the value that it has now."""
        stored = value if isinstance(value, str) else fitting(value)
        self.sheet(sheet).write_formula(row, column, f"={formula}", self.style(*looks), stored)
        return SheetCell(sheet, row, column, value)

    def versus(self, place: tuple[str, int, int], formula: str, value: Value, job: Value, look: str) -> SheetCell:
        """Three cells side by side: the live figure, the job's own, and their difference. Gives the first."""
        sheet, row, column = place
        live = self.live(sheet, row, column, formula, value, look, "row")
        own = self.constant(sheet, row, column + 1, job, look, "job", "row")
        if isinstance(value, str) or isinstance(job, str):
            gap, formula = Decimal(value != job), f"IF({live.local}={own.local},0,1)"
        else:
            gap, formula = Decimal(value) - Decimal(job), f"ROUND({live.local}-{own.local},6)"
        self.live(sheet, row, column + 2, formula, gap, look, "row")
        self._gaps[sheet, row, column + 2] = gap
        return live

    def gap(self, span: Span) -> Decimal:
        """Σ of the squares of the differences that `versus` wrote in `span`: zero where all agree."""
        return sum((self._gaps.get((span.sheet, row, span.column), Decimal(0)) ** 2
                    for row in range(span.first, span.last + 1)), Decimal(0))  # fmt: skip

    def define(self, names: Mapping[str, SheetCell]) -> None:
        """Workbook-wide defined names, one cell each."""
        for name, cell in names.items():
            self.workbook.define_name(name, f"={cell.ref}")

    def describe(
        self, *, title: str, subject: str, author: str, category: str, program_version: str, created: datetime
    ) -> None:
        """The package's properties, and the size of its window."""
        self.workbook.set_properties(
            {
                "title": shown(title, 255),
                "subject": subject,
                "author": shown(author, 255),
                "company": shown(author, 255),
                "category": category,
                "comments": f"Made by securevideo-billing {program_version}",
                "created": created.replace(tzinfo=None),
            }
        )
        self.workbook.set_size(1800, 1100)

    def parts(self) -> tuple[dict[str, bytes], Sequence[str]]:
        """The package's parts by name, and the shared strings that are to be one of them; nothing can be added then."""
        self.workbook.close()
        return self.workbook.packager.contents, self.workbook.str_table.string_array

    def paths(self) -> dict[str, str]:
        """Where each sheet stands within the package."""
        sheets = enumerate(self.workbook.worksheets(), 1)
        return {sheet.get_name(): f"xl/worksheets/sheet{number}.xml" for number, sheet in sheets}


class Book(Sheets):
    """The workbook of a document, which has the looks of its currency."""

    def __init__(self, document: Document) -> None:
        super().__init__(in_currency(document))
        self.document = document


def _width(text: str) -> int:
    """In digits: East Asian signs are twice as wide."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(sign) in "WF") for sign in text)
