"""A match for scripts: `match-<n>.json`, and what `match --json` prints."""

import pandas as pd

from reports.document import pretty
from reports.match.result import Match, to_builtins


def render(match: Match, _: pd.DataFrame) -> bytes:
    """UTF-8."""
    return pretty(to_builtins(match))
