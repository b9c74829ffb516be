"""The page: one HTML file that shows a document to people, on a screen, on a phone and on paper.

It needs no network and has no script. `page` makes every figure and text ready; the template only places them.
"""

import pandas as pd

from reports.document import Document
from reports.formats.html.page import page
from reports.templating import fill


def render(document: Document, sessions: pd.DataFrame) -> bytes:
    """The page as UTF-8. The sessions are only counted, as a check: none is shown."""
    return fill("invoice.html.j2", page(document, sessions)).encode()
