"""The keys of `alerts`: what an account is to be told of before the bill (docs/rules.md §22)."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainValidator

from jobs.config import fields
from jobs.config.section import Section

if TYPE_CHECKING:
    from jobs.billing.ahead import Alerts

MAX_PERCENT = 1000


def _percents(value: object) -> tuple[int, ...]:
    allowed = f"a list of whole percentages from 1 to {MAX_PERCENT}, ascending, each once, such as [80, 100]"
    if not isinstance(value, list) or not value:
        raise fields.expected(allowed, value)
    if any(type(percent) is not int or not 1 <= percent <= MAX_PERCENT for percent in value):
        raise fields.refusal(f"expected {allowed}; found something else in the list")
    if any(later <= earlier for earlier, later in pairwise(value)):
        raise fields.refusal(f"expected {allowed}; found one that is not more than the one before it")
    return tuple(value)


class AlertsSection(Section):
    allowance: Annotated[tuple[int, ...], PlainValidator(_percents)] = ()
    forecast: fields.Switch = False
    budget: fields.Amount | None = None


def broken(path: tuple[str | int, ...], alerts: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Where nothing is asked for. `path` leads to it."""
    if (
        isinstance(alerts, dict)
        and not alerts.keys() & {"allowance", "budget"}
        and alerts.get("forecast") in (None, False)
    ):
        yield path, "asks for nothing: give allowance, forecast: true or budget, or remove the key"


def alerts_of(section: AlertsSection) -> "Alerts":
    from jobs.billing.ahead import Alerts

    given: dict[str, Any] = {name: getattr(section, name) for name in ("allowance", "forecast", "budget")}
    return Alerts(**given)
