"""The figures that workbook, page and proof have in common."""

from decimal import Decimal, InvalidOperation

from reports.document import Document


def figures(document: Document) -> dict[str, int | Decimal | str]:
    """The figures that every file of a document repeats, by their names in workbook and page (docs/rules.md §11.1).

    On an adjustment the totals are the document's own, the counts those of the restated month.
    """
    allowance = document.allowance
    none = "unlimited" if allowance.unlimited else "none"
    return {
        "bill_count": document.counts["BILL"],
        "comp_count": document.counts["COMP"],
        "dupl_count": document.counts["DUPL"],
        "svco_count": document.counts["SVCO"],
        "session_count": document.rows.counted,
        "included_sessions": none if allowance.included is None else allowance.included,
        "included_used": allowance.used,
        "overage_sessions": allowance.overage,
        "net_total": document.net,
        "tax_total": document.tax,
        "grand_total": document.total,
        "all_checks": "OK",
    }


def is_same(expected: int | Decimal | str, found: object) -> bool:
    """Whether a file holds the figure that is expected: an amount in a workbook's cell has no zeros at its end."""
    if isinstance(expected, str):
        return found == expected
    try:
        return Decimal(str(found)) == expected
    except InvalidOperation:
        return False
