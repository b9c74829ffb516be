"""The workbook of a document: docs/rules.md §10.4 and §11.1."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reports.formats import Place

if TYPE_CHECKING:
    import pandas as pd

    from reports.document import Document

ORDER = 1
FOR_PEOPLE = True
NEEDS = ()


def render(document: "Document", sessions: "pd.DataFrame") -> bytes:
    """The workbook as bytes, the same for the same input."""
    from reports.formats.xlsx.workbook import build

    return build(document, sessions)


def places(content: bytes) -> Iterator[Place]:
    """Every cell's stored value, then every cell's formula."""
    from reports.formats.xlsx.reading import cells

    return iter(cells(content))


def figures(content: bytes) -> dict[str, str]:
    from reports.formats.xlsx.reading import read_figures

    return {name: str(value) for name, value in read_figures(content).items()}
