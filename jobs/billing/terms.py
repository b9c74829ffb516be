"""Everything an account's money depends on, as configured; stored with each issued document.

An issued month is restated with the terms stored in it, never with a later configuration (docs/rules.md §8.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from jobs.billing.centres import AllocationTerms
from jobs.billing.plan import METERS, Plan, Tax
from reports import stored as documents
from reports.document import Document
from reports.parties import Customer, Issuer


@dataclass(frozen=True, slots=True)
class Terms:
    currency: str  # ISO 4217, capitals
    digits: int  # of the currency's minor unit when the document was made: 0 … 4
    invoice_prefix: str
    payment_days: int  # 0 … 365
    tax: Tax
    plans: tuple[Plan, ...]  # ascending by `start`, at least one
    issuer: Issuer
    bill_to: Customer
    allocation: AllocationTerms | msgspec.UnsetType = msgspec.UNSET  # unset: the account has no cost centres


def to_builtins(terms: Terms) -> dict[str, Any]:
    """`terms` as JSON builtins: decimals as plain text, dates as ISO 8601. The same value for equal text in, always.

    Without the issuer's logo, which is large and stands with the document's issuer.
    """
    plain: dict[str, Any] = documents.to_builtins(replace(terms, issuer=replace(terms.issuer, logo=msgspec.UNSET)))
    return {**plain, "plans": [_flat(plan) for plan in plain["plans"]]}


def from_builtins(stored: Mapping[str, Any]) -> Terms:
    """The terms that `to_builtins` gave. Keys unknown here are passed over: a newer program may have stored them.

    Raises msgspec.ValidationError on anything else.
    """
    plans = stored.get("plans")
    deep = [_deep(plan) if isinstance(plan, dict) else plan for plan in plans] if isinstance(plans, list) else plans
    return msgspec.convert({**stored, "plans": deep}, Terms)


def of_document(document: Document) -> Terms:
    """The terms that `document` was made by, as stored with it."""
    return replace(from_builtins(document.terms), issuer=document.issuer)


def _flat(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan as it is stored: its meters by their names, sessions and minutes also where it has none."""
    meters = {meter.pop("name"): meter for meter in plan.pop("meters")}
    hosts = plan.pop("hosts")
    return {**plan, **dict.fromkeys(documents.ALWAYS_NAMED), **meters, "hosts": hosts}


def _deep(stored: dict[str, Any]) -> dict[str, Any]:
    meters = [{**stored[name], "name": name} for name in METERS if isinstance(stored.get(name), dict)]
    return {**stored, "meters": meters}
