"""The formats a match can be written in: one module here each. No network, no script, nothing that runs."""

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import pandas as pd

    from reports.match.result import Match

NAMES = ("xlsx", "html", "json")


def render(name: str, match: "Match", sessions: "pd.DataFrame") -> bytes:
    """The file of `match` in the format `name`, one of `NAMES`: same match, same sessions, same bytes."""
    return cast("bytes", importlib.import_module(f"{__name__}.{name}").render(match, sessions))
