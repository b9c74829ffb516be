"""`check`: is this configuration fit to bill with, and which plan holds when."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from jobs.billing.month import Month
from jobs.billing.plan import Meter, Plan
from jobs.config import Account, Config, exposed, read_credential
from jobs.errors import CredentialError, VendorError
from jobs.fetching import client_of
from jobs.vendor import payload
from reports.document import plain


@dataclass(frozen=True, slots=True)
class Report:
    lines: tuple[str, ...]
    warnings: tuple[str, ...]
    problems: tuple[str, ...]
    exit_status: int  # 0; 1: the vendor; 2: a credential cannot be read


def check(config: Config, environ: Mapping[str, str], *, now: Callable[[], datetime], online: bool) -> Report:
    """Tells of every account's plans and credentials; with `online` tries these on the vendor's API."""
    lines: list[str] = []
    warnings: list[str] = []
    problems: list[str] = []
    status = 0
    for account in config.accounts.values():
        lines += [*_account_lines(account)]
        exposures, unreadable = _credentials(account, environ)
        warnings += exposures
        problems += unreadable
        if unreadable:
            status = 2
        elif online:
            try:
                lines.append(f"  online: {_try(config, account, environ, now)}")
            except VendorError as error:
                problems.append(str(error))
                status = status or 1
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


def _try(config: Config, account: Account, environ: Mapping[str, str], now: Callable[[], datetime]) -> str:
    month = Month.of(now())
    with client_of(config, account, environ, now) as client:
        reply = client.history(month, lambda body: payload.read(body, keep_participants=False))
    return f"credentials accepted; {reply.content.received} rows of History in {month} so far"


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
    said += [_meter(name, meter) for name, meter in (("sessions", plan.sessions), ("minutes", plan.minutes)) if meter]
    if plan.hosts:
        hosts = plan.hosts
        said.append(f"{hosts.licensed} hosts licensed, {hosts.included} included, {plain(hosts.extra)} for each more")
    return "; ".join(said)


def _meter(name: str, meter: Meter) -> str:
    if meter.included is None:
        return f"unlimited {name}"
    prices = [
        f"{plain(tier.price)} each" + (f" up to {tier.up_to} beyond" if tier.up_to is not None else "")
        for tier in meter.tiers
    ]
    return f"{meter.included} {name} included, then {', then '.join(prices)}"
