"""`report`: the usage of one host or one participant, from the vendor to files. Nothing is billed, posted or numbered.

The replies are read and dropped, never kept as snapshots: a snapshot proves what was issued on it, and nothing is
issued here; kept, it would be a list of one patient's sessions that nobody knows of or deletes.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pandas as pd

from jobs.billing import usage_report as counted
from jobs.billing.findings import blocks
from jobs.billing.month import Month, Period
from jobs.commands.console import show, tell_findings
from jobs.commands.opening import hide_secrets
from jobs.commands.options import VENDOR_ID, MonthRange, chosen_accounts, one_account, output_option, past_months
from jobs.commands.program import now, version
from jobs.config import Account, Config
from jobs.errors import NotFound, UsageError
from jobs.fetch import client_of, clock_skew
from jobs.output.folder import Folder, next_stem
from jobs.securevideo import history
from jobs.securevideo.client import Client, Reply
from jobs.securevideo.history import Received
from reports import usage
from reports.document import STATUSES, Finding
from reports.stored import to_builtins
from reports.text import so_many
from reports.usage.report import UsageReport

SCHEMA = "securevideo-billing/usage-report/1"
FOLDER = "reports"
_LONGEST_ADDRESS = 254  # characters (RFC 3696, errata 1690)


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Whose usage: a host's, or, where `host_id` is None, that of the participant with the e-mail `address`."""

    host_id: int | None
    address: str = field(default="", repr=False)  # like a patient's name: in no output, log, file name or ledger


@dataclass(frozen=True, slots=True)
class ReportMade:
    report: UsageReport
    paths: tuple[Path, ...]

    @property
    def exit_status(self) -> int:
        """3 where findings must be resolved before the figures are used."""
        return 3 if blocks(self.report.findings) else 0

    def in_words(self) -> str:
        """A line about the use, then one for each file."""
        report = self.report
        by_status = " ".join(f"{status} {report.counts[status]}" for status in STATUSES)
        about = f"{report.account} {report.period}: usage report, not an invoice: {report.about}"
        unknown = f", {report.unknown_durations} of unknown duration" if report.unknown_durations else ""
        sessions = f"{so_many(report.rows.counted, 'session')} ({by_status})"
        minutes = f"{so_many(report.known_minutes, 'known minute')}{unknown}"
        return "\n".join([f"{about}: {sessions}, {minutes}", *(f"  {path}" for path in self.paths)])

    def to_builtins(self) -> dict[str, Any]:
        """For JSON."""
        files = {path.suffix[1:]: str(path) for path in self.paths}
        return {"schema": SCHEMA, **to_builtins(self.report), "files": files}


def address_of(text: str) -> str:
    """An e-mail address as given, without the blanks around it and a byte order mark before it.

    Raises UsageError, which never repeats it.
    """
    address = text.removeprefix("\ufeff").strip()
    if len(address) > _LONGEST_ADDRESS or not address.isprintable() or not re.fullmatch(r"[^\s@]+@[^\s@]+", address):
        raise UsageError("--participant: expected an e-mail address, name@domain; found something else, not shown here")
    return address


def make(
    config: Config,
    account: Account,
    asked: ReportRequest,
    months: Sequence[Month],
    *,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    program_version: str,
) -> tuple[UsageReport, pd.DataFrame]:
    """The report, not yet written, and its sessions. `months` are in a row.

    Raises CredentialError, VendorError.
    """
    with client_of(config, account, environ, now) as client:
        replies = [_history(client, config, account, asked, month) for month in months]
    named = [str(month) for month in months]
    return counted.usage_report(
        pd.concat([reply.content.rows for reply in replies], ignore_index=True),
        received=sum(reply.content.received for reply in replies),
        findings=[one for month, reply in zip(named, replies, strict=True) for one in _findings(month, reply)],
        period=Period(tuple(months)),
        host_id=asked.host_id,
        account=account.key,
        customer=account.terms.bill_to.name,
        issuer=config.issuer.name,
        fetched_at=replies[-1].received_at,
        presentation=config.presentation(program_version),
    )


def _history(client: Client, config: Config, account: Account, asked: ReportRequest, month: Month) -> Reply[Received]:
    """`GET /history/5`, or `GET /history` with participantEmail (article 83), of one month."""

    def read(body: bytes) -> Received:
        return history.read(body, keep_participants=config.participants == "full")

    query = {"month": f"{month.first}"}
    if asked.host_id is None:
        return client.get("/history", query | {"participantEmail": asked.address}, read)
    try:
        return client.get(f"/history/{asked.host_id}", query, read)
    except NotFound as error:
        raise NotFound(
            f"account {account.key}: SecureVideo knows no host {asked.host_id} (status 404): check the number, "
            "or vendor.base_url with `check --online`"
        ) from error


def _findings(month: str, reply: Reply[Received]) -> Iterator[Finding]:
    """What was found in a reply as a whole and in its rows, which only their month's reply numbers."""
    for one in (*reply.content.findings, *clock_skew(reply)):
        yield replace(one, message=f"{month}: {one.message}")


def write(
    config: Config, output: Path, report: UsageReport, sessions: pd.DataFrame, formats: Sequence[str]
) -> ReportMade:
    """Writes the report's files, `<output>/<account>/reports/<period>-<whose>-<number>.*`, beside earlier ones.

    The running number tells reports of one period apart, whoever they are about. Raises OutputError.
    """
    with Folder(output, report.account, FOLDER) as folder, folder.locked():
        stem = _free(folder.names(), report)
        named = replace(report, files={name: f"{stem}.{name}" for name in formats})
        for name, file in named.files.items():
            folder.write(file, usage.render(name, named, sessions), config.file_mode)
        return ReportMade(named, tuple(folder.path / file for file in named.files.values()))


def _free(taken: Sequence[str], report: UsageReport) -> str:
    """The stem with the next running number. It holds nothing of an address, not even what could be tried out."""
    whose = "participant" if report.host_id is None else f"host-{report.host_id}"
    begin = f"{report.period.replace(' ', '-')}-{whose}-"
    return next_stem(taken, begin)


@click.command()
@one_account
@click.option("--host", "host_id", type=VENDOR_ID, metavar="ID", help="The host with this user id.")
@click.option(
    "--participant",
    metavar="EMAIL",
    help="The participant who now has this e-mail address; - reads it from standard input, unseen by `ps`.",
)
@click.option(
    "--month",
    "months",
    type=MonthRange(),
    metavar="YYYY-MM[..YYYY-MM]",
    help="The month, or months in one report. Default: the last whole calendar month in UTC.",
)
@output_option
@click.option(
    "--format",
    "formats",
    type=click.Choice(usage.NAMES),
    multiple=True,
    help="Write only this format; repeatable. Default: all three.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: the report without its sessions.")
@click.pass_context
def report(
    ctx: click.Context,
    *,
    account: str,
    host_id: int | None,
    participant: str | None,
    months: tuple[Month, ...] | None,
    output: Path | None,
    formats: Sequence[str],
    as_json: bool,
) -> None:
    """Report the sessions of one host or one participant, counted and not billed: no invoice, no number, no ledger.

    The files are in OUTPUT/KEY/reports. An address is treated like a patient's name and stands in none of them.
    """
    config = ctx.obj.config(account)
    (chosen,) = chosen_accounts(config, [account])
    wanted = past_months([months] if months else [], "can be reported so far")
    hide_secrets(ctx, [chosen])
    if (host_id is None) == (participant is None):
        raise UsageError("name one of --host ID and --participant EMAIL")
    address = "" if participant is None else address_of(_typed(participant))
    ctx.meta["formatter"].hide(address)
    asked = ReportRequest(host_id, address)
    made = make(config, chosen, asked, wanted, environ=os.environ, now=now, program_version=version())
    folder = output or config.output
    written = write(config, folder, *made, formats=[name for name in usage.NAMES if name in formats or not formats])
    found = written.to_builtins()
    tell_findings(f"{account} {written.report.period}", found["findings"], {"account": account})
    show(found, written.in_words(), as_json=as_json)
    ctx.exit(written.exit_status)


def _typed(participant: str) -> str:
    """The address as given, or the first line of standard input. Raises UsageError for bytes that are no text."""
    if participant != "-":
        return participant
    try:
        return sys.stdin.readline(1000)
    except UnicodeDecodeError:
        raise UsageError("--participant -: standard input is not text") from None
