"""`check`: is this configuration fit to bill with, and which plan holds when."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import click

from jobs import log
from jobs.billing.month import Month
from jobs.billing.plan import Meter, Plan
from jobs.commands.console import say
from jobs.commands.opening import existing_ledger, hide_secrets
from jobs.commands.options import with_formats
from jobs.commands.program import now
from jobs.config import Account, Config, exposed, read_credential
from jobs.errors import ConfigError, CredentialError, CredentialsRefused, VendorError
from jobs.securevideo.endpoint import tls_context
from reports.stored import plain
from reports.text import so_many

if TYPE_CHECKING:
    from jobs.billing.enrichment import Host

_AT_ONCE = 16  # accounts tried


@dataclass(frozen=True, slots=True)
class Report:
    lines: tuple[str, ...]
    warnings: tuple[str, ...]
    problems: tuple[str, ...]
    exit_status: int  # 0; 1: the vendor; 2: a credential cannot be read, or vendor.ca_file


def _report(config: Config, environ: Mapping[str, str], *, now: Callable[[], datetime], online: bool) -> Report:
    """Tells of every account's plans and credentials; with `online` tries these on the vendor's API."""
    lines: list[str] = []
    warnings: list[str] = []
    problems: list[str] = []
    status = 0
    try:
        tls_context(config.vendor.ca_file)
    except ConfigError as error:
        problems, status, online = [str(error)], 2, False
    found = [(account, *_credentials(account, environ)) for account in config.accounts.values()]
    readable = [account for account, _, unreadable in found if not unreadable]
    tried = _tried(config, readable, environ, now) if online else {}
    for account, exposures, unreadable in found:
        lines += [*_account_lines(account)]
        warnings += exposures
        problems += unreadable
        if unreadable:
            status = 2
        match tried.get(account.key):
            case VendorError() as failure:
                problems.append(str(failure))
                status = status or 1
            case (seen, missing):
                lines.append(f"  online: credentials accepted; {seen}")
                warnings += missing
    return Report(tuple(lines), tuple(warnings), tuple(problems), status)


def _credentials(account: Account, environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    warnings, unreadable = [], []
    for source in account.sources:
        try:
            read_credential(source, environ)
        except CredentialError as error:
            unreadable.append(str(error))
        if warning := exposed(source, environ):
            warnings.append(warning)
    return warnings, unreadable


def _tried(
    config: Config, accounts: Sequence[Account], environ: Mapping[str, str], now: Callable[[], datetime]
) -> dict[str, tuple[str, list[str]] | VendorError]:
    """For each account, by key, what `_try` gives or raises; many at once: a dead vendor is waited for but once."""

    def attempt(account: Account) -> tuple[str, list[str]] | VendorError:
        try:
            return _try(config, account, environ, now)
        except VendorError as error:
            return error

    with ThreadPoolExecutor(_AT_ONCE) as workers:
        return dict(zip([account.key for account in accounts], workers.map(attempt, accounts), strict=True))


def _try(
    config: Config, account: Account, environ: Mapping[str, str], now: Callable[[], datetime]
) -> tuple[str, list[str]]:
    """What the account can see, counted and never named, and what it cannot. Raises VendorError, CredentialError.

    Only History decides whether the credentials are good: billing needs nothing else.
    """
    from jobs.fetch import client_of
    from jobs.securevideo import history, users

    month = Month.of(now())
    with client_of(config, account, environ, now) as client:
        reply = client.history(month, lambda body: history.read(body, keep_participants=False), tries=1)
        rows, received = reply.content.rows, reply.content.received
        sessions = rows["session_id"].nunique()
        seen = f"{so_many(sessions, 'session')} in {month} so far" + (
            f", in {so_many(received, 'row')}" if received != sessions else ""
        )
        try:
            listed = client.get("/user", {}, users.read, tries=1).content
        except VendorError as error:
            return seen, [_without_users(account.key, error)]
    return f"{_people(listed)}; {seen}", []


def _people(users: "Sequence[Host]") -> str:
    """How many active users there are, and how many of them are hosts: their roles ("H,P") hold H (article 81)."""
    if users and not any(user.roles for user in users):  # as in older replies
        return f"{so_many(len(users), 'active user')}, whose roles SecureVideo did not send"
    held = sum("H" in (role.strip() for role in user.roles.split(",")) for user in users)
    return f"{so_many(len(users), 'active user')}, {so_many(held, 'host')} among them"


def _without_users(account: str, error: VendorError) -> str:
    why = "these credentials may not read it" if isinstance(error, CredentialsRefused) else str(error)
    return (
        f"account {account}: the list of users cannot be fetched, so hosts are named as the sessions name them: {why}"
    )


def _account_lines(account: Account) -> Iterator[str]:
    """The account, then the plan in force in each month: a line a stretch of months that are alike."""
    terms = account.terms
    yield f"{account.key}: {terms.bill_to.name}, {terms.currency}, numbers {terms.invoice_prefix}-YYYYMM-NNNN"
    ends: list[date | None] = [plan.start - timedelta(days=1) for plan in terms.plans[1:]]
    for plan, last in zip(terms.plans, [*ends, None], strict=True):
        yield f"  {_stretch(plan.start, last)}: {_described(plan, terms.currency)}"


def _stretch(first: date, last: date | None) -> str:
    """Whole months by name; a day where the plan begins or ends within a month, which is then split."""
    begin = str(Month.of(first)) if first.day == 1 else str(first)
    if last is None:
        return f"{begin} and on"
    end = str(Month.of(last)) if last == Month.of(last).last else str(last)
    return begin if begin == end else f"{begin} to {end}"


def _described(plan: Plan, currency: str) -> str:
    said = [f"{plan.name}, {plain(plan.monthly_fee)} {currency} a month"]
    said += [_meter(meter) for meter in plan.meters]
    if plan.hosts:
        hosts = plan.hosts
        said.append(
            f"{so_many(hosts.licensed, 'host')} licensed, {hosts.included} included, {plain(hosts.extra)} for each more"
        )
    return "; ".join(said)


def _meter(meter: Meter) -> str:
    if meter.included is None:
        return f"unlimited {meter.name}"
    prices = [
        f"{plain(tier.price)} each" + (f" up to {tier.up_to} beyond" if tier.up_to is not None else "")
        for tier in meter.tiers
    ]
    return f"{meter.included} {meter.name} included, then {', then '.join(prices)}"


@click.command()
@click.option("--online", is_flag=True, help="Also try each account's credentials, once, and count what they let see.")
@click.option("--ledger", "of_ledger", is_flag=True, help="Also prove all of the ledger, not only what is new.")
@click.pass_context
def check(ctx: click.Context, *, online: bool, of_ledger: bool) -> None:
    """Validate the configuration and print the plan in force in each month."""
    config = with_formats(ctx.obj.config(), ())
    hide_secrets(ctx, config.accounts.values())
    report = _report(config, os.environ, now=now, online=online)
    for line in report.warnings:
        log.tell(logging.WARNING, line)
    for line in report.problems:
        log.tell(logging.ERROR, line)
    for line in report.lines:
        say(line)
    ctx.exit(report.exit_status or (_ledger_holds(config) if of_ledger else 0))


def _ledger_holds(config: Config) -> int:
    """Proves the ledger whole, with the database's own parts; gives the exit status."""
    with existing_ledger(config, checked=False) as ledger:
        found = [f"{one.place}: expected {one.expected}, found {one.found}" for one in ledger.breaks()]
    for line in found:
        log.tell(logging.ERROR, f"the ledger is damaged: {line}")
    if not found:
        say("ledger: whole; every row is as it was written")
    return 1 if found else 0
