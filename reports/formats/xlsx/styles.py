"""How cells look: the colours, the styles by name, the number formats of a currency."""

from typing import Any

from reports.document import Document

from .model import price_digits

BLUE, ORANGE, VERMILLION, GREEN, SKY = "#0072B2", "#E69F00", "#D55E00", "#009E73", "#56B4E9"  # Okabe-Ito
GREY, PALE = "#595959", "#F2F2F2"

VERDICTS = {("==", '"OK"'): GREEN, ("==", '"ERROR"'): VERMILLION}

LOOKS: dict[str, dict[str, Any]] = {
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


def in_currency(document: Document) -> dict[str, dict[str, Any]]:
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
