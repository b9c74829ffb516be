"""The picture of docs/architecture.md, held to the import graph."""

import re
from collections import defaultdict
from pathlib import Path

import grimp

PAGE = Path(__file__).parents[2] / "docs/architecture.md"
Arrows = dict[str, set[str]]


def room(module: str) -> str:
    """ "ledger" of `jobs.ledger.store`; all of `reports` is one."""
    parts = module.split(".")
    return parts[1] if parts[0] == "jobs" and len(parts) > 1 else parts[0]


def imported() -> Arrows:
    graph = grimp.build_graph("jobs", "reports")
    arrows: Arrows = defaultdict(set)
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            if room(module) != room(other):
                arrows[room(module)].add(room(other))
    return arrows


def drawn() -> Arrows:
    (picture,) = re.findall(r"```mermaid\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    arrows: Arrows = defaultdict(set)
    for origin, targets in re.findall(r"^ +(\w+) --> (.+)$", picture, re.MULTILINE):
        arrows[origin] |= set(targets.split(" & "))
    return arrows


def reachable(arrows: Arrows, origin: str) -> set[str]:
    found: set[str] = set()
    ahead = [origin]
    while ahead:
        new = arrows.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found


def test_every_import_follows_the_arrows_of_the_picture() -> None:
    arrows = drawn()
    stray = {
        (origin, target)
        for origin, targets in imported().items()
        for target in targets - reachable(arrows, origin)
        if origin != "jobs"
    }
    assert stray == set()


def test_every_arrow_of_the_picture_is_an_import_and_none_goes_up() -> None:
    arrows, found = drawn(), imported()
    assert {(origin, target) for origin, targets in arrows.items() for target in targets - found[origin]} == set()
    assert [origin for origin in arrows if origin in reachable(arrows, origin)] == []
