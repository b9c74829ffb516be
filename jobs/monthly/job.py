"""What a run works on: the job itself, and each account-month of it that the vendor has answered for."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.billing.month import Month
from jobs.config import Config
from jobs.ledger.store import Ledger
from jobs.output.documents import UnitFolder
from jobs.securevideo.client import Throttle
from reports.document import Snapshot

if TYPE_CHECKING:
    from jobs.fetch import Fetched


@dataclass(frozen=True, slots=True)
class Job:
    """One run: what it works on and how."""

    config: Config
    ledger: Ledger
    output: Path
    environ: Mapping[str, str]
    now: Callable[[], datetime]  # aware, UTC
    program_version: str
    draft: bool = False
    adjust: bool = False
    stopped: Callable[[], bool] = lambda: False  # whether the run is over, though this part of it still goes on
    throttle: Throttle = ExitStack  # where others ask the vendor at the same time


@dataclass(frozen=True, slots=True)
class Answered:
    """An account-month that the vendor has answered for."""

    month: Month
    home: str  # the key that the month is kept under: the account may have been renamed
    credentials: str  # the fingerprint of those that it was fetched with
    folder: UnitFolder
    held: ExitStack  # keeps the folder locked
    fetched: "Fetched"
    snapshot_id: int
    snapshot: Snapshot
