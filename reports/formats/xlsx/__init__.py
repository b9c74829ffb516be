"""The workbook of a document: docs/rules.md §10.4 and §11.1."""

import pandas as pd

from reports.document import Document

from .figures import read_figures
from .workbook import build

SUFFIX = "xlsx"

__all__ = ["SUFFIX", "read_figures", "render"]


def render(document: Document, sessions: pd.DataFrame) -> bytes:
    """The workbook as bytes, the same for the same input."""
    return build(document, sessions)
