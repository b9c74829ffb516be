"""Plans as sections have them; and a file of plans to compare: a list, without `from`."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from jobs.billing.plan import METERS, Hosts, Meter, Plan, Tier
from jobs.config import mistakes, rules, source
from jobs.config.models import MeterSection, OfferedPlanSection
from jobs.config.section import Section
from jobs.errors import ConfigError

_HINT = "docs/ahead.md shows one"


class PlansSection(Section):
    plans: Annotated[list[OfferedPlanSection], Field(min_length=1, max_length=12)]


def read(path: Path, currency: str) -> tuple[Plan, ...]:
    """The plans in the file at `path`, with prices in `currency`. Raises ConfigError: a line for each mistake."""
    try:
        found = source.read(path)
    except source.Unreadable as error:
        place = f"{path}:{error.line}" if error.line else str(path)
        raise ConfigError(f"{place}: {error.message.replace(source.HINT, _HINT)}") from None
    plans = found.root.plain()
    if not isinstance(plans, list):
        raise ConfigError(f"{path}:{found.root.line}: expected a list of plans; {_HINT}")
    return _checked(path, _below_plans(found), {"plans": plans}, currency)


def _below_plans(found: source.Source) -> source.Source:
    """The same under a key, as sections have it."""
    root = source.Node(found.root.line, {"plans": (found.root.line, found.root)})
    repeated = tuple((line, ("plans", *place), message) for line, place, message in found.mistakes)
    return source.Source(root, repeated)


def plan_of(section: OfferedPlanSection, start: date) -> Plan:
    return Plan(
        start=start,
        name=section.name,
        monthly_fee=section.monthly_fee,
        meters=tuple(_meter(name, meter) for name in METERS if (meter := getattr(section, name)) is not None),
        hosts=Hosts(**section.hosts.model_dump()) if section.hosts else None,
    )


def _meter(name: str, section: MeterSection) -> Meter:
    overage = section.overage
    if isinstance(overage, list):
        tiers = tuple(Tier(up_to=tier.up_to, price=tier.price) for tier in overage)
    else:
        tiers = () if overage is None else (Tier(up_to=None, price=overage),)
    return Meter(name, section.included, tiers)


def _checked(path: Path, read: source.Source, tree: dict[str, Any], currency: str) -> tuple[Plan, ...]:
    wrong: list[mistakes.Mistake] = []
    section: PlansSection | None = None
    try:
        section = PlansSection.model_validate(tree)
    except ValidationError as error:
        wrong += mistakes.from_pydantic(error, tree, PlansSection)
    names: set[str] = set()
    for index, plan in enumerate(one if isinstance(one, dict) else {} for one in tree["plans"]):
        wrong += rules.of_plan(("plans", index), plan, currency)
        if isinstance(name := plan.get("name"), str) and name in names:
            wrong.append((("plans", index, "name"), "another plan above has this name; give each one of its own"))
        names.add(str(plan.get("name")))
    said = {place for place, _ in wrong}
    wrong += [(place, message) for place, message in rules.empty((), tree) if place not in said]
    if section is None or wrong or read.mistakes:
        raise ConfigError("\n".join(mistakes.lines(path, read, wrong, PlansSection)))
    return tuple(plan_of(plan, date.min) for plan in section.plans)
