"""The workbook being built: styles by name, cells that know their place, text that stays text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Context, Decimal
from io import BytesIO
from typing import Any
from unicodedata import east_asian_width

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.packager import Packager
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from reports.document import Document
from reports.text import shown

from .model import price_digits

Value = int | Decimal | str
Sum = tuple[str, int | Decimal]  # a formula and its value

BLUE, ORANGE, VERMILLION, GREEN, SKY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#56B4E9"  # Okabe-Ito
GREY, PALE = "#595959", "#F2F2F2"
_CELL = Context(prec=15)  # significant digits that a double keeps exactly
LONGEST_SUM = 2000  # characters of a sum written cell by cell; a formula of Excel's holds 8,192
SHARED_STRINGS = "xl/sharedStrings.xml"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_LOOKS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 20, "font_color": BLUE},
    "draft": {"bold": True, "font_size": 36, "font_color": VERMILLION},
    "band": {"font_color": "#FFFFFF", "bg_color": "#18202C"},  # of documents that are no plain invoice
    "section": {"bold": True, "font_size": 13, "font_color": BLUE},
    "head": {"bold": True, "font_color": "#FFFFFF", "bg_color": BLUE, "text_wrap": True, "valign": "vcenter"},
    "bold": {"bold": True},
    "note": {"font_color": GREY},
    "job": {"font_color": GREY, "italic": True},
    "wrap": {"text_wrap": True},
    "top": {"valign": "top"},
    "right": {"align": "right"},
    "center": {"align": "center"},
    "left": {"align": "left"},  # of text that may run right to left
    "link": {"font_color": BLUE, "underline": 1},
    "way": {"font_color": BLUE},  # a link in print
    "unlocked": {"locked": False},
    "edited": {"bold": True, "font_color": VERMILLION},
    "row": {"bottom": 4, "bottom_color": "#BFBFBF"},
    "sum": {"bold": True, "top": 1},
    "grand": {"bold": True, "top": 1, "bottom": 6, "font_size": 12},
    "blocking": {"bold": True, "font_color": VERMILLION},
    "warning": {"bold": True, "font_color": "#8A5A00"},  # orange, dark enough to read as text
    "info": {"font_color": BLUE},
    "box": {"bg_color": PALE, "font_size": 9},
    "count": {"num_format": "#,##0"},
    "pace": {"num_format": "#,##0.0", "font_color": GREY, "italic": True},
    "quantity": {"num_format": "#,##0_);(#,##0)"},
    "squares": {"num_format": "#,##0.######"},
    "share": {"num_format": "0.0%"},
    "id": {"num_format": "0"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left"},
    "instant": {"num_format": "yyyy-mm-dd hh:mm:ss.000", "align": "left", "indent": 1},
    "indent": {"indent": 1},
    "percent": {"num_format": '0.####"%"'},
}


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


class _Sheet(Worksheet):  # type: ignore[misc]  # XlsxWriter has no types for mypy to read
    """XlsxWriter's sheet, less its search of every formula for functions newer than 2010: none here uses one.

    A sheet of hosts has thousands of formulas, and the search would be half of what the other sheets cost.
    """

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:  # noqa: ARG002  # as it is called
        return formula.removeprefix("=")


class _Parts(Packager):  # type: ignore[misc]  # as above
    """The parts that XlsxWriter would pack; the shared strings without content, which `stream.packed` gives them."""

    def _create_package(self) -> list[object]:
        made = [(name, content.getvalue(), is_image) for content, name, is_image in super()._create_package()]
        self.contents = {name: content if is_image else content.encode() for name, content, is_image in made}
        return []  # XlsxWriter packs none

    def _write_shared_strings_file(self) -> None:
        if self.workbook.str_table.count:
            self._filename(SHARED_STRINGS)


class _Workbook(Workbook):  # type: ignore[misc]  # as above
    """XlsxWriter's workbook, its parts left as they are: packed by it, each would be deflated twice and inflated."""

    def __init__(self) -> None:
        options = {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
        super().__init__(BytesIO(), options)
        self.packager = _Parts()

    def _get_packager(self) -> Packager:
        return self.packager


class Sheets:
    """An XlsxWriter workbook with this program's styles and habits. Rows and columns count from 0."""

    def __init__(self, looks: Mapping[str, dict[str, Any]] | None = None) -> None:
        """`looks`: styles beside the usual ones."""
        self.workbook = _Workbook()
        self._gaps: dict[tuple[str, int, int], Decimal] = {}
        self._formats: dict[tuple[str, ...], Format] = {}
        self._looks = {**_LOOKS, **(looks or {})}

    def sheet(self, name: str) -> Worksheet:
        return self.workbook.get_worksheet_by_name(name) or self.workbook.add_worksheet(name, _Sheet)

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
        super().__init__(_currency_looks(document))
        self.document = document


def _width(text: str) -> int:
    """In digits: East Asian signs are twice as wide."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(sign) in "WF") for sign in text)


def _currency_looks(document: Document) -> dict[str, dict[str, Any]]:
    """Accounting formats in the digits of the currency; prices show all of theirs, point under point."""
    number = _figure(document.digits)
    more = price_digits(document) - document.digits
    price = number + "?" * more if document.digits or not more else f"{number}.{'0' * more}"

    return {
        "money": {"num_format": accounting(document.digits)},
        "total": {"num_format": accounting(document.digits, f'"{document.currency}"')},
        "price": {"num_format": f"{price}_);({price.replace('?', '#')})"},
    }


def _figure(digits: int) -> str:
    return "#,##0" + ("." + "0" * digits if digits else "")


def accounting(digits: int, code: str = "") -> str:
    """The format of amounts with so many digits; `code`: a currency's, quoted, at the cell's left edge."""
    number = _figure(digits)
    return f"_({code}* {number}_);_({code}* ({number});_({code}* {number}_);_(@_)"
