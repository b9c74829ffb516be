"""XlsxWriter's workbook without what it does in vain here: its parts stay unpacked, its formulas unsearched."""

from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.packager import Packager
from xlsxwriter.worksheet import Worksheet

SHARED_STRINGS = "xl/sharedStrings.xml"


class PlainSheet(Worksheet):  # type: ignore[misc]  # XlsxWriter has no types for mypy to read
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


class UnpackedWorkbook(Workbook):  # type: ignore[misc]  # as above
    """XlsxWriter's workbook, its parts left as they are: packed by it, each would be deflated twice and inflated."""

    def __init__(self) -> None:
        options = {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
        super().__init__(BytesIO(), options)
        self.packager = _Parts()

    def _get_packager(self) -> Packager:
        return self.packager
