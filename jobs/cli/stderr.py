"""Findings, on stderr."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from jobs import log

_SHOWN = 20  # of a unit; all of them are in its files


def tell_findings(where: str, findings: Sequence[Mapping[str, Any]], of_unit: Mapping[str, str]) -> None:
    """Says the first of those that are more than information. `of_unit`: what JSON says of each beside it."""
    serious = [finding for finding in findings if finding["severity"] != "info"]
    for finding in serious[:_SHOWN]:
        named = {name: finding[name] for name in ("code", "severity", "session_id")}
        text = f"{where}: {finding['severity']}: {finding['code']}: {finding['message']}"
        log.tell(logging.WARNING, text, **of_unit, **named)
    if len(serious) > _SHOWN:
        more = f"{where}: and {len(serious) - _SHOWN} more findings; all are on the Findings sheet"
        log.tell(logging.WARNING, more, **of_unit)
