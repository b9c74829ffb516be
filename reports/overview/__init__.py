"""The overview, where the finance team starts: one HTML file beside the accounts' folders, no network, no script."""

from reports.overview.content import Overview
from reports.overview.page import page
from reports.templating import fill


def render(overview: Overview) -> bytes:
    """The page as UTF-8: the same bytes for the same overview."""
    return fill("index.html.j2", page(overview)).encode()
