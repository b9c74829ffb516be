"""Where runs put each month's files and snapshots: configurations that share a ledger may have folders of their own."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.ledger.snapshots import Snapshots

Unit = tuple[str, str]  # account, month


@dataclass(frozen=True, slots=True)
class Folders:
    """Those of a configuration."""

    output: Path
    snapshots: Path

    def to_builtins(self) -> dict[str, str]:
        return {"output": str(self.output), "snapshots": str(self.snapshots)}


def noted(events: Iterable[Mapping[str, Any]]) -> dict[Unit, list[Folders]]:
    """By account and month the folders that its runs were configured with, the last run's at the end."""
    found: dict[Unit, list[Folders]] = defaultdict(list)
    for row in events:
        if folders := json.loads(row["detail"]).get("folders"):
            found[row["account"], row["month"]].append(Folders(Path(folders["output"]), Path(folders["snapshots"])))
    return found


def billed_by_others(known: Mapping[Unit, list[Folders]], configured: Path) -> dict[Unit, Path]:
    """The folders of months that only runs with another output than the `configured` billed.

    Where such a folder is gone, what was in it may have been moved here: then it is not among them.
    """
    found = {}
    for (account, month), folders in known.items():
        other = folders[-1].output / account / month
        if all(each.output != configured for each in folders) and is_there(other):
            found[account, month] = other
    return found


def lacking(units: Mapping[Unit, Path], output: Path) -> dict[Unit, Path]:
    """Those of which `output` has no folder."""
    return {unit: path for unit, path in units.items() if not is_there(output.joinpath(*unit))}


def holding(folders: Iterable[Folders], here: Snapshots, sha256: str) -> Path | None:
    """The folder of snapshots that has one, where that of this configuration has not."""
    others = (each.snapshots for each in folders if each.snapshots != here.path)
    if is_there(here.file(sha256)):
        return None
    return next((each for each in others if is_there(Snapshots(each).file(sha256))), None)


def is_there(path: Path) -> bool:
    """Another user's folder cannot be looked into: what is said to be there then counts as there."""
    try:
        os.stat(path)  # noqa: PTH116  # pathlib answers no where it may not look
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
