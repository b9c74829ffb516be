"""A statement of account in its two forms.

statement   what it says        html   the page        xlsx   the workbook, its sums live
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.account_statement.statement import AccountStatement

FORMATS = ("xlsx", "html")


def render(format_name: str, statement: "AccountStatement") -> bytes:
    """The file, whole: the same bytes for the same statement."""
    from reports.account_statement import html, xlsx

    return {"xlsx": xlsx.render, "html": html.render}[format_name](statement)
