"""What commands open of what the configuration names: the ledger, the snapshots, the secrets to be kept."""

import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jobs import config as configuration
from jobs import log
from jobs.commands.program import PROGRAM, now, version
from jobs.config import Account, Config
from jobs.errors import CredentialError, UsageError

if TYPE_CHECKING:
    from jobs.ledger.snapshots import Snapshots
    from jobs.ledger.store import Ledger
    from reports.overview.content import Concern


def hide_secrets(ctx: click.Context, accounts: Iterable[Account]) -> None:
    """The log's formatter blots these out."""
    for account in accounts:
        for source in account.sources:
            try:
                ctx.meta["formatter"].hide(configuration.read_credential(source, os.environ))
            except CredentialError:
                continue  # the account's units fail with it, or `check` names it


def need_authorities(config: Config) -> None:
    """Raises ConfigError where `vendor.ca_file` cannot be used: no account could be asked for anything."""
    if config.vendor.ca_file is not None:
        from jobs.securevideo.endpoint import tls_context

        tls_context(config.vendor.ca_file)


def has_ledger(config: Config) -> bool:
    """Whether anything is there, if only a link to nothing; of a ledger on a server only the server knows."""
    if isinstance(config.ledger, Path):
        try:
            os.lstat(config.ledger)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # whoever opens it says why that cannot be done
    return True


def existing_ledger(config: Config, *, checked: bool = True) -> "Ledger":
    """As `open_ledger`. Raises UsageError where there is none yet."""
    if not has_ledger(config):
        raise UsageError(f"there is no ledger at {config.ledger} yet; `{PROGRAM} run` creates it")
    return open_ledger(config, checked=checked)


def open_ledger(config: Config, *, checked: bool = True) -> "Ledger":
    """The ledger, which notes the command line as given. Raises LedgerError."""
    from jobs.ledger.store import Ledger

    command = " ".join(sys.argv[1:])
    return Ledger(config.ledger, now=now, program_version=version(), command=command, checked=checked)


def open_snapshots(config: Config) -> "Snapshots":
    from jobs.ledger.snapshots import Snapshots

    return Snapshots(config.snapshots)


def write_index(config: Config, ledger: "Ledger", output: Path) -> "tuple[int, tuple[Concern, ...]]":
    """Gives the exit status: what the units came to stands, even where the pages about them cannot be written.

    And what the overview lists as needing attention.
    """
    from jobs import overview

    try:
        written = overview.write(config, ledger, output, program_version=version())
    except Exception as error:  # noqa: BLE001  # nor does a bug in it keep back what is to be printed
        log.tell(logging.ERROR, log.reason(error))
        return 1, ()
    for line in written.failures:
        log.tell(logging.ERROR, line)
    return (1 if written.failures else 0), written.overview.concerns
