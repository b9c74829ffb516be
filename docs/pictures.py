"""The pictures of the README, made from the demo's own output: `make pictures`. Needs chromium, soffice, pdftoppm."""

import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import time_machine
from PIL import Image
from playwright.sync_api import sync_playwright

from jobs.commands.demo import make
from jobs.program import PROGRAM, version
from tests.browser import start

HERE = Path(__file__).parent
NOW = datetime(2017, 1, 5, 6, 0, tzinfo=UTC)
WIDTH = 1200
INVOICE, CREDIT_NOTE = "LAKE-201611-0005", "LAKE-201611-0005-CN1"
MONTH = Path("out/lakeside/2016-11")
SHEETS = {"workbook-invoice": 1, "workbook-reconciliation": 2}  # by page of the printed workbook
PAGES = {  # the page, and how much of it from the top, in CSS pixels
    "overview": (Path("out/index.html"), 1560),
    "invoice": (MONTH / f"{INVOICE}.html", 1300),
    "match": (MONTH / "match-1.html", 1300),
    "credit-note": (MONTH / f"{CREDIT_NOTE}.html", 1300),
}


def main() -> None:
    """Writes docs/*.png anew."""
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        with time_machine.travel(NOW, tick=False):  # of the simulated vendor too: clocks that differ only make drafts
            if make(demo, now=lambda: NOW, program_version=version(), called_as=PROGRAM, say=lambda _: None):
                raise SystemExit("the demo failed: run `securevideo-billing demo`, which says why")
        _pages(demo)
        _sheets(demo / MONTH / f"{INVOICE}.xlsx", Path(folder))
    for name in (*PAGES, *SHEETS):
        print(HERE / f"{name}.png")


def _pages(demo: Path) -> None:
    with sync_playwright() as playwright:
        browser = start(playwright)
        for name, (path, height) in PAGES.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": height}, color_scheme="light")
            page.goto((demo / path).as_uri())
            page.screenshot(path=HERE / f"{name}.png")
            _shrink(HERE / f"{name}.png")
        browser.close()


def _sheets(workbook: Path, folder: Path) -> None:
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    convert = ["soffice", profile, "--headless", "--norestore", "--convert-to", "pdf", "--outdir", folder, workbook]
    subprocess.run(convert, check=True, capture_output=True, timeout=300)
    printed = folder / f"{workbook.stem}.pdf"
    for name, number in SHEETS.items():
        one = ["-f", str(number), "-l", str(number), "-singlefile", "-scale-to-x", str(WIDTH), "-scale-to-y", "-1"]
        subprocess.run(["pdftoppm", "-png", *one, printed, HERE / name], check=True, timeout=60)
        _shrink(HERE / f"{name}.png")


def _shrink(picture: Path) -> None:
    """64 colours are enough for text and charts, and keep the repository small."""
    with Image.open(picture) as image:
        image.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(picture, optimize=True)


if __name__ == "__main__":
    main()
