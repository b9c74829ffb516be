"""How each sheet prints."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from reports.document import Document
from reports.text import shown
from reports.wording import name_of

from .book import Book, Sheets

UNSCALED = {"scale_with_doc": False}  # header and footer stay as large as they are
PAPERS = {"Letter": 1, "A4": 9}


def wide(least: int, digits: int, amounts: Iterable[Decimal]) -> int:
    """The width of a column that shows the longest of `amounts` in accounting format; at least `least`."""
    return max([least, *(len(f"{abs(amount):,.{digits}f}") + 4 for amount in amounts)])


def totals_of(document: Document) -> list[Decimal]:
    """The largest amounts of the document, for `wide`."""
    issued = [amount for one in document.already_issued for amount in (one.net, one.total)]
    return [document.net, document.total, document.month_net, document.month_total, *issued]


@dataclass(frozen=True, slots=True)
class Print:
    """What stands on each printed page of a workbook."""

    paper: str
    title: str
    mark: str  # large, in the middle of the header; may be empty
    foot: str


def set_up(
    book: Book, name: str, note: str = "", *, landscape: bool = False, repeat: int = 0, one: bool = False
) -> None:
    """Paper, orientation, headers and footers of a document's sheet, one page wide; `one`: one page in all."""
    document = book.document
    mark = "" if document.final else "DRAFT"
    foot = f"{shown(document.account)[:70]} · {document.month}"
    printed = Print(document.paper, name_of(document), mark, foot)
    lay_out(book, name, printed, note, landscape=landscape, repeat=repeat, one=one)


def lay_out(
    book: Sheets, name: str, printed: Print, note: str = "", *, landscape: bool, repeat: int = 0, one: bool = False
) -> None:
    """As `set_up`, of any workbook."""
    sheet = book.sheet(name)
    sheet.set_paper(PAPERS[printed.paper])
    if landscape:
        sheet.set_landscape()
    sheet.set_margins(left=0.5, right=0.5, top=0.85, bottom=0.75)
    sheet.fit_to_pages(1, int(one))
    if repeat:
        sheet.repeat_rows(0, repeat - 1)
    sheet.hide_gridlines(2)
    mark = f'&C&KD55E00&14&"Calibri,Bold"{_plain(printed.mark)}' if printed.mark else ""
    sheet.set_header(f"&L&9 {_plain(printed.title)}{mark}&R&9 {_plain(note or name)}", UNSCALED)
    sheet.set_footer(f"&L&8 {_plain(printed.foot, 90)}&R&8 Page &P of &N", UNSCALED)


def _plain(text: str, longest: int = 70) -> str:
    """Text for a page header, in which & begins a code; 255 characters are all it holds."""
    return shown(text)[:longest].replace("&", "&&")
