"""A browser without network for tests: it gets the page under test, and tells what else it asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, Playwright, Route

from tests import tools

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ADDRESS = "https://billing.example/index.html"


def start(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=tools.found("chromium"), args=ARGUMENTS)


@dataclass
class Opened:
    """A page as the browser shows it, what it asked for beside itself, and what it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def opened(browser: Browser, content: bytes, *, width: int = 1100) -> Iterator[Opened]:
    """Every <details> is unfolded, so that all of the page is looked at."""
    context = browser.new_context(viewport={"width": width, "height": 800})
    found = Opened(context.new_page())

    def answer(route: Route) -> None:
        if route.request.url == ADDRESS:
            route.fulfill(body=content, content_type="text/html; charset=utf-8")
        else:
            found.requests.append(route.request.url)
            route.abort()

    context.route("**/*", answer)
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.goto(ADDRESS)
    found.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    yield found
    context.close()
