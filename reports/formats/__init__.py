"""The formats a document can be written in: one module or package here each, found by looking.

A format's name is its module's name and its files' suffix. It has `render(document, sessions) -> bytes`, and it is
imported only when it is used, so that what an optional extra brings is needed only then. Names that begin with an
underscore are no formats.
"""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    import pandas as pd

    from reports.document import Document


class Format(Protocol):
    """What a module here must have."""

    def render(self, document: "Document", sessions: "pd.DataFrame") -> bytes:
        """The whole file. Same document, same sessions: same bytes."""


def names() -> tuple[str, ...]:
    """Every format's name, in the order of the alphabet. Imports none of them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def render(name: str, document: "Document", sessions: "pd.DataFrame") -> bytes:
    """The file of `document` in the format `name`, whole.

    Raises ValueError for a name that is not in `names()`, ImportError where what the format needs is not installed.
    """
    return _loaded(name).render(document, sessions)


def lacking(name: str) -> str:
    """Why the format cannot be made on this machine; empty where it can."""
    try:
        _loaded(name)
    except ImportError as error:
        return str(error)
    return ""


def _loaded(name: str) -> Format:
    if name not in names():
        raise ValueError(f"{name!r} is not a format; there are: {', '.join(names())}")
    try:
        return cast("Format", importlib.import_module(f"{__name__}.{name}"))
    except ImportError as error:
        reason = str(error).splitlines()[0]
        raise ImportError(
            f"{name} needs the extra of that name: pip install 'securevideo-billing[{name}]' ({reason})"
        ) from error
    except OSError as error:  # as a module says it whose extra needs a library of the system
        raise ImportError(f"{name} needs {error}") from error
