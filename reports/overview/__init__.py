"""The overview, where the finance team starts: a page of all accounts, and one for each. No network.

`index.html` lists the accounts, so that ten thousand of them are one page that opens at once; what is known of an
account month by month stands in its own folder. The only script is that page's own: it filters and sorts the lines.
"""

from reports.overview import account, index
from reports.overview.content import AccountPage, Overview
from reports.templating import fill


def render(overview: Overview) -> bytes:
    """The page of all accounts as UTF-8: the same bytes for the same overview."""
    return fill("index.html.j2", index.page(overview)).encode()


def render_account(page: AccountPage) -> bytes:
    """The page of one account, likewise."""
    return fill("account.html.j2", account.page(page)).encode()


def is_made_from(page: bytes, basis: str) -> bool:
    """Whether an account's page says that it was made from `basis`."""
    return account.basis_tag(basis) in page
