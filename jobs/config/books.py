"""The keys of `accounting` and `hooks`."""

from typing import Annotated, get_args

from pydantic import Field

from jobs.config import fields
from jobs.config.fields import Name, required
from jobs.config.section import Section
from jobs.config.settings import Accounting, Hook, HookEvent

EVENTS = get_args(HookEvent)


class RevenueSection(Section):
    fee: Name | None = None
    sessions: Name | None = None
    minutes: Name | None = None
    hosts: Name | None = None


class SpreadSection(Section):
    expense: Name = required()
    clearing: Name = required()


class AccountingSection(Section):
    customer: Name | None = None
    receivable: Name = required()
    tax: Name | None = None
    tax_code: Name | None = None
    revenue: RevenueSection = required()
    allocation: SpreadSection | None = None


class HookSection(Section):
    on: Annotated[list[Annotated[str, fields.one_of(*EVENTS)]], Field(min_length=1)] = required()
    command: Annotated[list[Annotated[str, fields.text(4096, blank=True)]], Field(min_length=1)] = required()


def accounting_of(section: AccountingSection, customer: str) -> Accounting:
    """`customer`: its name unless the section has another."""
    revenue = {meter: account for meter, account in section.revenue.model_dump().items() if account is not None}
    return Accounting(
        customer=section.customer or customer,
        receivable=section.receivable,
        tax=section.tax,
        tax_code=section.tax_code or "",
        revenue=revenue,
        expense=section.allocation.expense if section.allocation else None,
        clearing=section.allocation.clearing if section.allocation else None,
    )


def hook_of(section: HookSection) -> Hook:
    return Hook(on=frozenset(section.on), command=tuple(section.command))
