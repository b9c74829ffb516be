"""The page: one HTML file that shows a document to people, on a screen, on a phone and on paper.

It needs no network and has no script. `page` makes every figure and text ready; the template only places them.
"""

from functools import cache

import jinja2
import pandas as pd
from markupsafe import Markup

from reports.document import Document
from reports.formats.html.page import page
from reports.text import shown


def render(document: Document, sessions: pd.DataFrame) -> bytes:
    """The page as UTF-8. The sessions are only counted, as a check: none is shown."""
    return _environment().get_template("invoice.html.j2").render(page(document, sessions)).encode()


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("reports"),
        autoescape=True,  # select_autoescape() goes by the file's ending and would skip *.html.j2
        undefined=jinja2.StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _clean(value: object) -> object:
    """What an expression of the template puts on the page: text cleaned, markup of our own macros as it is."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value
