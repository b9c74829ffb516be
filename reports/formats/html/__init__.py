"""The page: one HTML file that shows a document to people, on a screen, on a phone and on paper.

It needs no network and has no script. `page` makes every figure and text ready; the template only places them.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from reports.formats import Place

if TYPE_CHECKING:
    import pandas as pd

    from reports.document import Document

ORDER = 2
FOR_PEOPLE = True
NEEDS = ()


def render(document: "Document", sessions: "pd.DataFrame") -> bytes:
    """The page as UTF-8. The sessions are only counted, as a check: none is shown."""
    from reports.formats.html.page import page
    from reports.templating import fill

    return fill("invoice.html.j2", page(document, sessions)).encode()


def places(content: bytes) -> Iterator[Place]:
    """The figures by their fields, then every line."""
    for name, value in figures(content).items():
        yield Place(f"data-field {name}", value)
    for number, line in enumerate(content.decode().splitlines(), 1):
        yield Place(f"line {number}", line, "looks")


def figures(content: bytes) -> dict[str, str]:
    fields = _DataFields()
    fields.feed(content.decode())
    return fields.values


class _DataFields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # the parser's
        given = dict(attrs)
        if "data-field" in given:
            self.values[given["data-field"] or ""] = given.get("data-value") or ""
