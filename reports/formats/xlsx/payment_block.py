"""How to pay, the issuer's logo and footer, on the Invoice sheet. Text stays text: nothing here is ever a formula."""

from base64 import b64decode
from io import BytesIO
from textwrap import wrap

from reports.payment import how_to_pay
from reports.text import shown

from .book import Book, SheetCell

LAST = 3  # column
WIDTH = 48  # characters of a value, set to the right
LOGO = (300, 60)  # pixels at most


def write(book: Book, sheet: str, row: int, total: SheetCell) -> int:
    """The block, where the issuer has said how it is paid. Gives the next free row."""
    document = book.document
    pay = how_to_pay(document)
    if pay is None:
        return row
    book.text(sheet, row, 0, "How to pay", "bold")
    row += 1
    if pay.nothing:
        book.text(sheet, row, 0, pay.nothing)
        return row + 1
    book.text(sheet, row, 0, "Amount", "note")
    book.live(sheet, row, LAST, total.ref, total.value, "bold", "total")
    row += 1
    if document.due_on:
        book.text(sheet, row, 0, "Due", "note")
        book.sheet(sheet).write_datetime(row, LAST, document.due_on, book.style("date", "right"))
        row += 1
    further = (*(("Note", line) for line in pay.lines), *([("Pay online", pay.link)] if pay.link else []))
    for label, value in (*pay.facts, *further):
        for line, head in zip(wrap(shown(value, 2000), WIDTH) or [""], (label, *[""] * 2000), strict=False):
            book.text(sheet, row, 0, head, "note")
            book.text(sheet, row, LAST, line, "right")
            row += 1
    return row


def logo(book: Book, sheet: str, row: int) -> int:
    """The issuer's logo where it is a PNG: a workbook shows no SVG. Gives the next free row."""
    document = book.document
    image = document.issuer.logo
    if not image or image.media_type != "image/png":
        return row
    content = b64decode(image.data, validate=True)
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    scale = min(1, LOGO[0] / width, LOGO[1] / height)
    options = {
        "image_data": BytesIO(content),
        "x_scale": scale,
        "y_scale": scale,
        "y_offset": 2,
        "description": shown(f"Logo of {document.issuer.name}", 255),
    }
    book.sheet(sheet).set_row(row, LOGO[1] * 0.75 + 4)
    book.sheet(sheet).insert_image(row, 0, "logo.png", options)
    return row + 1
