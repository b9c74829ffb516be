"""A match for scripts: `match-<n>.json`, and what `match --json` prints."""

import pandas as pd

from reports.match.result import Match, to_builtins
from reports.stored import pretty


def render(match: Match, _: pd.DataFrame) -> bytes:
    """UTF-8."""
    return pretty(to_builtins(match))
