"""Reading the defined names' stored values back, as any other program sees them."""

from decimal import Decimal
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries

Figure = str | int | Decimal | None
MONEY = ("net_total", "tax_total", "grand_total")


def read_figures(package: bytes | Path) -> dict[str, Figure]:
    """Each workbook-wide defined name and the value stored in its cell.

    Counts are int, money is Decimal, words are str; None where the cell is empty. The Sessions rows are not read.
    Raises what openpyxl raises for a file that is no workbook, and KeyError for a name without its sheet.
    """
    source = BytesIO(package) if isinstance(package, bytes) else package
    workbook = load_workbook(source, read_only=True, data_only=True)
    try:
        figures: dict[str, Figure] = {}
        for name, defined in workbook.defined_names.items():
            sheet, _, address = defined.attr_text.rpartition("!")
            column, row, _, _ = range_boundaries(address)
            cells = workbook[sheet.strip("'")].iter_rows(row, row, column, column, values_only=True)
            figures[name] = _figure(name, next(cells)[0])
        return figures
    finally:
        workbook.close()


def _figure(name: str, value: object) -> Figure:
    """A cell is a double; its shortest text is the decimal that was written, up to 15 digits."""
    if value is None or isinstance(value, str):
        return value
    if name in MONEY:
        return Decimal(repr(value))
    return int(value) if isinstance(value, int) or (isinstance(value, float) and value.is_integer()) else str(value)
