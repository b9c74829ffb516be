"""YAML to a frozen configuration; all mistakes of a file at once, each with its line and key path (docs/rules.md §16).

source       text to values that know their lines        models, fields, parties …             what each key allows
rules        what must hold between keys                 mistakes                              how it is said
settings     the result                                  credentials                           reading them, later
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from jobs.billing import money
from jobs.billing.plan import Tax
from jobs.billing.terms import Terms
from jobs.config import (
    account_files,
    alerts,
    allocation,
    books,
    locations,
    mistakes,
    models,
    parties,
    plans,
    rules,
    source,
)
from jobs.config.credentials import exposed, read_credential
from jobs.config.settings import (
    Account,
    Certificates,
    Config,
    CredentialSource,
    CredentialSources,
    Match,
    Vendor,
    Workers,
)
from jobs.errors import ConfigError, UsageError
from reports.parties import Issuer, Logo

if TYPE_CHECKING:
    from jobs.config.centre_map import CentreMap

__all__ = [
    "Account",
    "Config",
    "CredentialSource",
    "Credentials",
    "Match",
    "Vendor",
    "cluster_address",
    "exposed",
    "load",
    "read_credential",
]


def load(path: Path, only: str | None = None) -> Config:
    """The configuration in the file at `path`. Raises ConfigError: one line for each mistake, ascending by line.

    Credentials are not read, only where they stand. `only`: the key of an account; where accounts have files of their
    own, no other one's is read, nor compared with it.
    """
    try:
        read = account_files.joined(source.read(path), path.parent, only)
    except source.Unreadable as error:
        place = f"{path}:{error.line}" if error.line else str(path)
        raise ConfigError(f"{place}: {error.message}") from None
    tree = read.root.plain()
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}:{read.root.line}: expected keys and values; {source.HINT}")
    maps, in_maps = _maps(path.absolute().parent, tree)
    logo, wrong = _logo(path.absolute().parent, tree)
    return _Builder(path, maps, logo).config(_checked(path, read, tree, in_maps, wrong))


def _logo(folder: Path, tree: dict[str, Any]) -> tuple[Logo | None, list[mistakes.Mistake]]:
    """The issuer's logo, where there is one, and what is wrong with it."""
    issuer = tree.get("issuer")
    name = issuer.get("logo") if isinstance(issuer, dict) else None
    if not isinstance(name, str) or not name.strip():
        return None, []
    from jobs.config import logo

    try:
        return logo.read(folder / name), []
    except logo.Unusable as unusable:
        return None, [(("issuer", "logo"), str(unusable))]


def _maps(folder: Path, tree: dict[str, Any]) -> tuple[dict[str, "CentreMap"], list[str]]:
    """The maps of cost centres, by the name the file has for them, and their mistakes."""
    accounts = tree.get("accounts")
    rules = (
        [one.get("allocation") for one in accounts.values() if isinstance(one, dict)]
        if isinstance(accounts, dict)
        else []
    )
    names = dict.fromkeys(one["map"] for one in rules if isinstance(one, dict) and isinstance(one.get("map"), str))
    found: dict[str, CentreMap] = {}
    wrong: list[str] = []
    for name in names:
        from jobs.config import centre_map

        try:
            found[name] = centre_map.read(folder / name, name)
        except centre_map.Mistakes as mistakes:
            wrong += mistakes.lines
    return found, wrong


def _checked(
    path: Path, read: source.Source, tree: dict[str, Any], in_maps: list[str], wrong: list[mistakes.Mistake]
) -> models.FileSection:
    found = list(wrong)
    section: models.FileSection | None = None
    try:
        section = models.FileSection.model_validate(tree)
    except ValidationError as error:
        found += mistakes.from_pydantic(error, tree)
    found += rules.broken(tree)
    said = {place for place, _ in found}
    found += [(place, message) for place, message in rules.empty((), tree) if place not in said]
    if section is None or found or read.mistakes or in_maps:
        raise ConfigError("\n".join([*mistakes.lines(path, read, found), *in_maps])) from None
    return section


def cluster_address(given: str) -> str:
    """The address of a cluster as the command line names it. Raises UsageError."""
    try:
        return locations.cluster(given)
    except PydanticCustomError as error:
        raise UsageError(f"--cluster: {error.message()}") from None


class _Builder:
    """Frozen dataclasses from the checked file; holds the folder that paths count from."""

    def __init__(self, path: Path, maps: Mapping[str, "CentreMap"], logo: Logo | None) -> None:
        self._path = path
        self._logo = logo
        self._maps = maps
        self._folder = path.absolute().parent

    def config(self, file: models.FileSection) -> Config:
        ledger = file.ledger if locations.is_postgresql(file.ledger) else self._folder / file.ledger
        default = ledger.parent / "snapshots" if isinstance(ledger, Path) else self._folder
        issuer = parties.issuer_of(file.issuer, self._logo)
        return Config(
            path=self._path,
            ledger=ledger,
            snapshots=self._folder / file.snapshots if file.snapshots else default,
            output=self._folder / file.output,
            close_day=file.close_day,
            timezone=file.timezone,
            participants=cast("Any", file.participants),
            file_mode=file.file_mode,
            locale=file.locale,
            paper=cast("Any", file.paper),
            formats=file.formats,
            restate_months=file.restate_months,
            vendor=self._vendor(file.vendor),
            issuer=issuer,
            hooks=tuple(map(books.hook_of, file.hooks)),
            workers=self._workers(file.workers),
            accounts=MappingProxyType(
                {key: self._account(key, account, issuer) for key, account in file.accounts.items()}
            ),
        )

    def _workers(self, section: models.WorkersSection) -> Workers:
        tls = section.tls
        files = Certificates(*(self._folder / name for name in (tls.ca, tls.cert, tls.key))) if tls else None
        return Workers(jobs=section.jobs, cluster=section.cluster, tls=files)

    def _vendor(self, section: models.VendorSection) -> Vendor:
        ca_file = self._folder / section.ca_file if section.ca_file else None
        return Vendor(**section.model_dump(exclude={"ca_file"}), ca_file=ca_file)

    def _account(self, key: str, section: models.AccountSection, issuer: Issuer) -> Account:
        rules = section.allocation
        of_map = self._maps[rules.map] if rules and rules.map is not None else None
        terms = _terms(section, issuer)
        if rules is not None:
            terms = replace(terms, allocation=allocation.terms_of(rules, of_map.sha256 if of_map else None))
        return Account(
            key=key,
            credentials=CredentialSources(
                identifier=self._credential(key, "identifier", section.credentials.identifier),
                secret=self._credential(key, "secret", section.credentials.secret),
            ),
            terms=terms,
            match=_match(section.match),
            webhook_secret=self._credential(key, "webhook secret", section.webhook.secret) if section.webhook else None,
            centre_map=of_map.rows if of_map else (),
            accounting=books.accounting_of(section.accounting, section.bill_to.name) if section.accounting else None,
            alerts=alerts.alerts_of(section.alerts) if section.alerts else None,
        )

    def _credential(self, account: str, role: str, section: models.SourceSection) -> CredentialSource:
        ((kind, name),) = section.model_dump(exclude_none=True).items()
        name = str(self._folder / name) if kind == "file" else name
        return CredentialSource(account=account, role=cast("Any", role), kind=cast("Any", kind), name=name)


def _terms(section: models.AccountSection, issuer: Issuer) -> Terms:
    return Terms(
        currency=section.currency,
        digits=money.digits_of(section.currency),
        invoice_prefix=section.invoice_prefix,
        payment_days=section.payment_days,
        tax=Tax(name=section.tax.name, rate=section.tax.rate),
        plans=tuple(plans.plan_of(plan, plan.from_) for plan in section.plans),
        issuer=issuer,
        bill_to=parties.customer_of(section.bill_to),
    )


def _match(section: models.MatchSection) -> Match:
    activity, tolerance = section.activity, section.tolerance
    return Match(
        sheet=activity.sheet,
        header_row=activity.header_row,
        timezone=activity.timezone,
        columns=MappingProxyType(activity.columns.model_dump(exclude_none=True)),
        statuses=MappingProxyType({name: tuple(phrases) for name, phrases in activity.statuses}),
        minutes=tolerance.minutes,
        amount=tolerance.amount,
    )
