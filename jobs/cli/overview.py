"""The overview page, written anew where a command may have changed what it shows."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from jobs import log
from jobs.cli.program import version
from jobs.config import Config
from jobs.errors import BillingError

if TYPE_CHECKING:
    from jobs.ledger.store import Ledger


def write_index(config: Config, ledger: "Ledger", output: Path) -> int:
    """Gives the exit status: what the units came to stands, even where the page about them cannot be written."""
    from jobs import index

    try:
        index.write(config, ledger, output, program_version=version())
    except Exception as error:  # noqa: BLE001  # nor does a bug in it keep back what is to be printed
        log.tell(logging.ERROR, str(error) if isinstance(error, BillingError) else log.bug(error))
        return 1
    return 0
