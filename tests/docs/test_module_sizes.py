"""The sizes that CONTRIBUTING asks of modules."""

import statistics
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST, USUAL = 300, 110  # lines


def sizes() -> dict[str, int]:
    modules = (path for folder in ("jobs", "reports") for path in (ROOT / folder).rglob("*.py"))
    return {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in modules}


def test_no_module_is_longer_than_300_lines() -> None:
    assert {module: lines for module, lines in sizes().items() if lines > MOST} == {}


def test_half_of_the_modules_are_at_most_110_lines() -> None:
    assert statistics.median(sizes().values()) <= USUAL
