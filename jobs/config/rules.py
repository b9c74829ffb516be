"""Rules between keys. Each looks at the plain values alone and passes over what is malformed, so that mistakes of
shape and mistakes against a rule are shown together.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from jobs.billing import money
from jobs.config import alerts, allocation, fields

Path = tuple[str | int, ...]
Broken = tuple[Path, str]


def broken(file: dict[str, Any]) -> Iterator[Broken]:
    yield from _ledger_needs_snapshots(file)
    yield from _budget_below_timeout(_mapping(file.get("vendor")))
    yield from _cluster(file.get("ledger"), _mapping(file.get("workers")))
    accounts = _mapping(file.get("accounts"))
    yield from _taken_twice(accounts)
    for key, account in accounts.items():
        yield from _account(("accounts", key), _mapping(account))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def empty(path: Path, value: object) -> Iterator[Broken]:
    """Keys and items without a value: pydantic would take some of them for "left out"."""
    if value is None:
        yield path, "the value is missing; give one, or remove the key"
    steps = value.items() if isinstance(value, dict) else enumerate(_list(value))
    for step, child in steps:
        yield from empty((*path, step), child)


def _ledger_needs_snapshots(file: dict[str, Any]) -> Iterator[Broken]:
    ledger = file.get("ledger")
    if isinstance(ledger, str) and ledger.startswith("postgresql+psycopg:") and "snapshots" not in file:
        yield ("snapshots",), "expected a folder, since a PostgreSQL ledger has none next to it; the key is missing"


def _budget_below_timeout(vendor: dict[str, Any]) -> Iterator[Broken]:
    timeout = fields.number(vendor.get("timeout_seconds", 60))
    budget = fields.number(vendor.get("budget_seconds", 600))
    if timeout is not None and budget is not None and budget < timeout:
        key = "budget_seconds" if "budget_seconds" in vendor else "timeout_seconds"
        yield ("vendor", key), f"budget_seconds ({budget:f}) must not be less than timeout_seconds ({timeout:f})"


def _cluster(ledger: object, workers: dict[str, Any]) -> Iterator[Broken]:
    address = workers.get("cluster")
    if not isinstance(address, str):
        return
    if not (isinstance(ledger, str) and ledger.startswith("postgresql+psycopg:")):
        yield ("workers", "cluster"), "a cluster needs a ledger on PostgreSQL, which all of its machines reach"
    if address.startswith("tls:") and "tls" not in workers:
        yield ("workers", "tls"), "expected {ca, cert, key}, the files by which cluster and program know each other"


def _taken_twice(accounts: dict[str, Any]) -> Iterator[Broken]:
    keys: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    for key, account in accounts.items():
        if key.casefold() in keys:
            yield ("accounts", key), "differs only in case from the key of another account; change one of them"
        keys.setdefault(key.casefold(), key)
        prefix = _mapping(account).get("invoice_prefix")
        if not isinstance(prefix, str):
            continue
        if prefix.casefold() in prefixes:
            where = ("accounts", key, "invoice_prefix")
            yield where, "another account has this prefix, and numbers must differ; change one of them"
        prefixes.setdefault(prefix.casefold(), key)


def _account(path: Path, account: dict[str, Any]) -> Iterator[Broken]:
    plans = _list(account.get("plans"))
    yield from _match((*path, "match"), _mapping(account.get("match")), account.get("currency"))
    yield from _out_of_order((*path, "plans"), plans)
    currency = account.get("currency")
    for index, plan in enumerate(map(_mapping, plans)):
        yield from of_plan((*path, "plans", index), plan, currency)
    yield from allocation.broken(path, account)
    budget = _mapping(account.get("alerts")).get("budget")
    yield from _too_many_decimals((*path, "alerts", "budget"), budget, currency)
    yield from alerts.broken((*path, "alerts"), account.get("alerts"))


def of_plan(path: Path, plan: dict[str, Any], currency: object) -> Iterator[Broken]:
    hosts = _mapping(plan.get("hosts"))
    yield from _too_many_decimals((*path, "monthly_fee"), plan.get("monthly_fee"), currency)
    yield from _too_many_decimals((*path, "hosts", "extra"), hosts.get("extra"), currency)
    for meter in ("sessions", "minutes"):
        yield from _overage((*path, meter), _mapping(plan.get(meter)))


def _match(path: Path, match: dict[str, Any], currency: object) -> Iterator[Broken]:
    tolerance = _mapping(match.get("tolerance"))
    yield from _too_many_decimals((*path, "tolerance", "amount"), tolerance.get("amount"), currency)
    activity = (*path, "activity")
    statuses = _mapping(_mapping(match.get("activity")).get("statuses"))
    taken: dict[str, str] = {}
    for status, phrases in statuses.items():
        for index, phrase in enumerate(_list(phrases)):
            key = " ".join(phrase.split()).casefold() if isinstance(phrase, str) else None
            if key is not None and taken.setdefault(key, status) != status:
                yield (*activity, "statuses", status, index), f"stands for {taken[key]} already; keep one"


def _out_of_order(path: Path, plans: list[Any]) -> Iterator[Broken]:
    starts = [(index, _mapping(plan).get("from")) for index, plan in enumerate(plans)]
    dated = [(index, start) for index, start in starts if isinstance(start, str)]  # ISO dates sort as text
    for (_, earlier), (index, later) in pairwise(dated):
        if later == earlier:
            yield (*path, index, "from"), "the plan before begins on the same day; each plan needs a day of its own"
        elif later < earlier:
            yield (*path, index, "from"), "begins before the plan above it; put the plans in ascending order of from"


def _too_many_decimals(path: Path, value: object, currency: object) -> Iterator[Broken]:
    amount = fields.number(value)
    if amount is None or not isinstance(currency, str):
        return
    try:
        digits = money.digits_of(currency)
    except KeyError:
        return
    if fields.decimals(amount) > digits:
        limit = f"at most {digits} decimals" if digits else "no decimals"
        yield path, f"expected {limit}, as {currency} has; found {fields.decimals(amount)}"


def _overage(path: Path, meter: dict[str, Any]) -> Iterator[Broken]:
    if meter.get("included") == "unlimited":
        if "overage" in meter:
            yield (*path, "overage"), "with included: unlimited there is no overage; remove this key"
        return
    if "included" in meter and "overage" not in meter:
        yield (*path, "overage"), "expected a price, or a list of tiers {up_to, price}; the key is missing"
    tiers = meter.get("overage")
    if isinstance(tiers, list):
        yield from _tiers((*path, "overage"), tiers)


def _tiers(path: Path, tiers: list[Any]) -> Iterator[Broken]:
    if not tiers:
        yield path, "expected at least one tier, the last one without up_to; the list is empty"
        return
    for index, tier in enumerate(tiers[:-1]):
        if isinstance(tier, dict) and "up_to" not in tier:
            yield (*path, index, "up_to"), "expected in every tier but the last; the key is missing"
    if isinstance(tiers[-1], dict) and "up_to" in tiers[-1]:
        yield (*path, len(tiers) - 1, "up_to"), "the last tier is open; remove this key, or add a tier after it"
    bounds = [(index, _mapping(tier).get("up_to")) for index, tier in enumerate(tiers)]
    whole = [(index, bound) for index, bound in bounds if isinstance(bound, int)]
    for (_, lower), (index, upper) in pairwise(whole):
        if upper <= lower:
            yield (*path, index, "up_to"), f"expected more than {lower}, the tier above; found {upper}"
