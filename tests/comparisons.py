"""A made-up comparison of plans, for tests of how it looks."""

from datetime import UTC, datetime
from decimal import Decimal

from reports.comparison.result import AS_BILLED, BreakEven, Comparison, Priced
from reports.document import Presentation


def comparison(*, name: str = "Unlimited", months: int = 6) -> Comparison:
    """`name`: of the second of two plans."""

    def priced(plan: str, net: str) -> Priced:
        return Priced(plan, (Decimal(net),) * months, Decimal(net) * months)

    return Comparison(
        account="acme",
        customer="Acme Telehealth LLC",
        issuer="Example Billing LLC",
        currency="USD",
        digits=2,
        months=tuple(f"2016-{month:02}" for month in range(1, months + 1)),
        sessions=(15,) * months,
        billed=priced(AS_BILLED, "75.00"),
        plans=(priced("PLUS", "60.00"), priced(name, "50.00")),
        break_even=(BreakEven("PLUS", name, 13), BreakEven("PLUS", "By minute", None, "minutes")),
        as_of=datetime(2017, 1, 5, 6, tzinfo=UTC),
        presentation=Presentation("UTC", "en_US", "Letter", "hidden", "0.2.0"),
    )
