"""Everything an account's money depends on, as configured; stored with each issued document.

An issued month is restated with the terms stored in it, never with a later configuration (docs/rules.md §8.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from jobs.billing.plan import Plan, Tax
from reports import document
from reports.document import Party


@dataclass(frozen=True, slots=True)
class Terms:
    currency: str  # ISO 4217, capitals
    digits: int  # of the currency's minor unit when the document was made: 0 … 4
    invoice_prefix: str
    payment_days: int  # 0 … 365
    tax: Tax
    plans: tuple[Plan, ...]  # ascending by `start`, at least one
    issuer: Party
    bill_to: Party


def to_builtins(terms: Terms) -> dict[str, Any]:
    """`terms` as JSON builtins: decimals as plain text, dates as ISO 8601. The same value for equal text in, always."""
    plain: dict[str, Any] = document.to_builtins(terms)
    return plain


def from_builtins(stored: Mapping[str, Any]) -> Terms:
    """The terms that `to_builtins` gave. Keys unknown here are passed over: a newer program may have stored them.

    Raises msgspec.ValidationError on anything else.
    """
    return msgspec.convert(dict(stored), Terms)
