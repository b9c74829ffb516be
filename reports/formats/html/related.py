"""What belongs to a document and lies beside its page: its other files, the documents it adjusts, the pages above.

Nothing that comes later: an issued file is never changed. The account's page, written anew by each run, has that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from reports.document import Document
from reports.text import place
from reports.wording import title_of

LONGEST = 255  # of a file's name
_FILES = {"xlsx": "Workbook", "csv": "Sessions as CSV", "json": "The document as JSON", "pdf": "PDF"}


@dataclass(frozen=True, slots=True)
class Related:
    what: str
    name: str
    address: str  # relative to the page


def related(document: Document, month: Callable[[str], str], *, on_screen: bool = True) -> list[Related]:
    """`month`: how one is written; `on_screen`: with the pages above, which are of no use on paper."""
    files = [_beside(_FILES.get(form, form), name) for form, name in document.files.items() if form != "html"]
    issued = [
        _beside(title_of(one.kind), f"{one.number}.html", one.number)
        for one in document.already_issued
        if one.number is not None
    ]
    before, after = _months_around(document.month)
    above = [
        Related("The month before", month(before), f"../index.html#{place(before)}"),
        Related("The month after", month(after), f"../index.html#{place(after)}"),
        Related("All months of the account, and what was issued later", "the account's page", "../index.html"),
        Related("All accounts", "the overview", "../../index.html"),
    ]
    return [*files, *issued, *(above if on_screen else ())]


def _months_around(month: str) -> tuple[str, str]:
    """ "2016-12" gives "2016-11" and "2017-01"."""
    year, number = map(int, month.split("-"))
    last, following = divmod(year * 12 + number - 2, 12), divmod(year * 12 + number, 12)
    return f"{last[0]:04}-{last[1] + 1:02}", f"{following[0]:04}-{following[1] + 1:02}"


def _beside(what: str, name: str, text: str = "") -> Related:
    return Related(what, text or name, f"./{quote(name[:LONGEST], safe='')}")
