"""The formats a document can be written in: one module or package here each, found by looking, and named nowhere else.

A format's name is its module's name and its files' suffix; what a module must have is said by `Format`. It imports
pandas, templates and what an optional extra brings only within its functions: configuration and overview ask every
format for its order. Names that begin with an underscore are no formats.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    import pandas as pd

    from reports.document import Document


class Place(NamedTuple):
    """What stands where in a file. `looks`: a line of text, which says nothing of the figures in it; `names`: of a
    column that may hold names of participants.
    """

    where: str  # as a person would look it up
    text: str
    holds: Literal["figures", "looks", "names"] = "figures"


class Format(Protocol):
    """What a module here must have. `figures` may be left out, and so may `SYSTEM`: what NEEDS need of the system."""

    ORDER: int  # among a document's files, ascending
    FOR_PEOPLE: bool  # opened by people rather than read by programs: linked first
    NEEDS: tuple[str, ...]  # the modules of the optional extra of the format's name; none: written by default

    def render(self, document: "Document", sessions: "pd.DataFrame") -> bytes:
        """The whole file. Same document, same sessions: same bytes."""

    def places(self, content: bytes) -> Iterator[Place]:
        """What stands in a file. Raises anything where it cannot be read."""

    def figures(self, content: bytes) -> dict[str, str]:
        """The figures of docs/rules.md §11.1, read back from a file that holds them by name."""


@cache
def names() -> tuple[str, ...]:
    """Every format's name, in the order of the alphabet. Imports none of them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def in_order(named: Iterable[str], *, people_first: bool = False) -> tuple[str, ...]:
    """The formats named, each once, in the order of a document's files. Unknown ones, of another version, come last."""

    def place(name: str) -> tuple[bool, bool, int]:
        known = loaded(name) if name in names() else None
        return known is None, people_first and known is not None and not known.FOR_PEOPLE, known.ORDER if known else 0

    return tuple(sorted(dict.fromkeys(named), key=place))


def by_default() -> tuple[str, ...]:
    """The formats that need no extra, in order."""
    return in_order(name for name in names() if not loaded(name).NEEDS)


def render(name: str, document: "Document", sessions: "pd.DataFrame") -> bytes:
    """The file of `document` in the format `name`, whole.

    Raises ValueError for a name that is not in `names()`, ImportError where what the format needs is not installed.
    """
    _require(name)
    return loaded(name).render(document, sessions)


def lacking(name: str) -> str:
    """Why the format cannot be made on this machine; empty where it can."""
    try:
        _require(name)
    except ImportError as error:
        return str(error)
    return ""


def loaded(name: str) -> Format:
    """Raises ValueError for a name that is not in `names()`."""
    if name not in names():
        raise ValueError(f"{name!r} is not a format; there are: {', '.join(names())}")
    return cast("Format", importlib.import_module(f"{__name__}.{name}"))


def _require(name: str) -> None:
    try:
        for needed in loaded(name).NEEDS:
            importlib.import_module(needed)
    except ImportError as error:
        reason = str(error).splitlines()[0]
        raise ImportError(
            f"{name} needs the extra of that name: pip install 'securevideo-billing[{name}]' ({reason})"
        ) from error
    except OSError as error:  # the extra is there, a library of the system that it needs is not
        needs = getattr(loaded(name), "SYSTEM", "a library of the system")
        raise ImportError(f"{name} needs {needs} ({str(error).splitlines()[0]})") from error
