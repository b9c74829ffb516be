"""Commands that learn of a run when it is over (docs/accounting.md, "The hook after a run").

How mail, chat or tickets hear of it, without this program holding their secrets. What a hook is given names no
session, host or person.
"""

import json
import logging
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from jobs.config.settings import Hook

log = logging.getLogger(__name__)

SCHEMA = "securevideo-billing/hook/1"
ENVIRONMENT = ("PATH", "HOME", "LANG")
PATIENCE = (60.0, 5.0)  # seconds until SIGTERM, and from then until SIGKILL
_GRAVEST_FIRST = ("failed", "attention", "adjusted", "issued", "drafted", "finished")
_OF_DOCUMENT = ("kind", "number", "total", "currency", "files")


def events(summaries: Iterable[Mapping[str, Any]], exit_status: int) -> list[str]:
    """What a run with these units' summaries gives occasion to, the gravest first."""
    happened = {"finished"} | {name for name, status in (("failed", 1), ("attention", 3)) if status == exit_status}
    for unit in summaries:
        if any(alert["new"] for alert in unit.get("alerts", ())):
            happened.add("attention")
        numbered = any(document["number"] for document in unit["documents"])
        if unit["status"] in ("issued", "adjusted") and numbered:
            happened.add(unit["status"])
        elif unit["status"] in ("draft", "restated"):
            happened.add("drafted")
    return [event for event in _GRAVEST_FIRST if event in happened]


def message(event: str, run_id: int | None, exit_status: int, summaries: Iterable[Mapping[str, Any]]) -> bytes:
    """What a hook reads on its standard input: one JSON object."""
    message = {
        "schema": SCHEMA,
        "event": event,
        "run_id": run_id,
        "exit": exit_status,
        "units": [*map(_unit, summaries)],
    }
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


def _unit(summary: Mapping[str, Any]) -> dict[str, Any]:
    alerts = {"alerts": summary["alerts"]} if "alerts" in summary else {}
    return {
        **{name: summary[name] for name in ("account", "month", "status")},
        "documents": [{name: document[name] for name in _OF_DOCUMENT} for document in summary["documents"]],
        "findings": dict(sorted(_by_code(summary["findings"]).items())),
        "error": summary["error"],
        **alerts,
    }


def _by_code(findings: Iterable[Mapping[str, Any]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding["code"]] += finding.get("count", 1)
    return counts


def call(
    hooks: Sequence[Hook],
    folder: Path,
    summaries: Sequence[Mapping[str, Any]],
    *,
    run_id: int | None,
    exit_status: int,
    environ: Mapping[str, str],
    patience: tuple[float, float] = PATIENCE,
) -> bool:
    """Calls each hook that wants to know, once, for the gravest of its events; tells whether all went well.

    `folder`: where a relative command counts from. What fails is one warning.
    """
    happened = events(summaries, exit_status)
    outcomes = []
    for hook in hooks:
        event = next((one for one in happened if one in hook.on), None)
        if event is not None:
            given = message(event, run_id, exit_status, summaries)
            outcomes += [*_troubles(hook, folder, given, environ, patience)]
    for trouble in outcomes:
        log.warning("%s", trouble)
    return not outcomes


def _troubles(
    hook: Hook, folder: Path, given: bytes, environ: Mapping[str, str], patience: tuple[float, float]
) -> Iterator[str]:
    name = f"hook {hook.command[0]}"
    try:
        process = subprocess.Popen(
            hook.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={key: environ[key] for key in ENVIRONMENT if key in environ},
            cwd=folder,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a valid command"
        yield f"{name}: could not be started: {reason.lower()}; set right hooks in the configuration"
        return
    try:
        process.communicate(given, timeout=patience[0])
    except subprocess.TimeoutExpired:
        _end(process, patience[1])
        yield f"{name}: took longer than {patience[0]:g} seconds and was ended"
        return
    if process.returncode:
        yield f"{name}: ended with exit status {process.returncode}; try it by hand to see why"


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    """Ends the command and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=grace)
            return
