"""Before the bill: how far an open month has come, where it is heading, what to say of it (docs/rules.md §22). Pure.

Days and counts are whole; a projection is rounded once, half up; its price is that of `rating`, as on every bill.
pandas comes in with `rating` alone: a configuration is read without it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isqrt
from typing import TYPE_CHECKING

from jobs.billing import money
from jobs.billing.findings import finding
from reports.document import Finding
from reports.forecast import ALL_OVER, ESTIMATE, Forecast, PartForecast
from reports.stored import plain
from reports.text import so_many

if TYPE_CHECKING:
    from jobs.billing.plan import PlannedPart
    from jobs.billing.reconcile import Reconciliation


@dataclass(frozen=True, slots=True)
class Alerts:
    """What an account wants to know before the bill."""

    allowance: tuple[int, ...]  # percent, ascending, each once
    forecast: bool
    budget: Decimal | None  # of a month's net


@dataclass(frozen=True, slots=True)
class Watch:
    """What an account wants to know, and when the vendor answered."""

    alerts: Alerts
    as_of: datetime  # aware, UTC


@dataclass(frozen=True, slots=True)
class Alert:
    """What holds of a part of the month, or, without a part, of the whole of it."""

    code: str
    part: int | None


@dataclass(frozen=True, slots=True)
class Outlook:
    alerts: tuple[Alert, ...]
    findings: tuple[Finding, ...]  # one for each alert
    forecast: Forecast | None  # None: not asked for


@dataclass(frozen=True, slots=True)
class _Course:
    """How far a part of the month has come."""

    planned: "PlannedPart"
    elapsed: int  # whole days that have ended
    begun: bool
    used: Mapping[str, int]  # by meter; sessions whether metered or not

    @property
    def days(self) -> int:
        return self.planned.part.days

    @property
    def early(self) -> bool:
        return self.begun and self.elapsed < needed_days(self.days)

    def projected(self, meter: str) -> int:
        """Where it is heading; what is used of a part that has not begun. Only where it is not too early."""
        used = self.used[meter]
        return projected(used, self.days, self.elapsed) if self.begun else used

    def off_by(self, meter: str) -> int:
        return off_by(self.used[meter], self.days, self.elapsed) if self.begun else 0


def elapsed_days(first: date, last: date, as_of: datetime) -> int:
    """How many of the days `first` to `last` (inclusive) have ended at `as_of`, UTC."""
    return min(max((as_of.date() - first).days, 0), (last - first).days + 1)


def needed_days(days: int) -> int:
    """From so many whole days on a projection does not mislead: 7, or a third of them; all of fewer than 7."""
    return min(days, max(7, -(-days // 3)))


def projected(used: int, days: int, elapsed: int) -> int:
    """`used` × days ÷ elapsed, half up, not less than `used`. `elapsed` is at least 1."""
    return max(used, (2 * used * days + elapsed) // (2 * elapsed))


def off_by(used: int, days: int, elapsed: int) -> int:
    """By how much a projection may be off, both ways: rounded up, twice the standard deviation of use by chance.

    If sessions come independently of each other (Poisson), the variance of what is still to come, less what was
    projected, is used × days × (days - elapsed) ÷ elapsed²; 19 times of 20 the month then ends within.
    """
    square = 4 * used * days * (days - elapsed)
    root = isqrt(square)
    root += root * root < square
    return -(-root // elapsed)


def outlook(month: "Reconciliation", parts: "Sequence[PlannedPart]", watch: Watch) -> Outlook:
    """What is known of an open month before its bill. `parts`: those that `month` was priced by."""
    courses = [_course(planned, month, watch.as_of) for planned in parts]
    net = None if any(course.early for course in courses) else _net(courses, month.terms.digits)
    found = [*_allowance(courses, watch.alerts.allowance)]
    if watch.alerts.forecast:
        found += _over(courses)
    if watch.alerts.budget is not None:
        found += _budget(month, courses, net, watch.alerts.budget)
    return Outlook(
        alerts=tuple(alert for alert, _ in found),
        findings=tuple(finding(alert.code, None, text, "warning") for alert, text in found),
        forecast=_forecast(courses, month, watch.as_of, net) if watch.alerts.forecast else None,
    )


def _course(planned: "PlannedPart", month: "Reconciliation", as_of: datetime) -> _Course:
    part = planned.part
    used = {"sessions": sum(month.daily[part.first.day - 1 : part.last.day])}
    for meter in part.meters:
        bands = [band for band in month.rated.bands if (band.part, band.meter) == (part.number, meter.name)]
        used[meter.name] = sum(band.quantity for band in bands)
    begun = part.number == 1 or as_of.date() >= part.first or any(used.values())  # whatever the vendor's clock says
    return _Course(planned, elapsed_days(part.first, part.last, as_of), begun, used)


def _net(courses: Sequence[_Course], digits: int) -> Decimal:
    """What the month comes to, were it to end as projected."""
    from jobs.billing import rating

    lines = []
    for course in courses:
        usage = {meter.name: course.projected(meter.name) for meter in course.planned.part.meters}
        lines += rating.priced(course.planned, usage, digits)[1]
    return money.rounded(rating.total_of(lines), digits)


def _forecast(courses: Sequence[_Course], month: "Reconciliation", as_of: datetime, net: Decimal | None) -> Forecast:
    each = tuple(_of_part(course) for course in courses)

    def total(figures: Iterable[int | None]) -> int | None:
        return None if net is None else sum(figure or 0 for figure in figures)

    return Forecast(
        as_of=as_of,
        days=month.month.days,
        elapsed_days=elapsed_days(month.month.first, month.month.last, as_of),
        used=sum(one.used for one in each),
        projected=total(one.projected for one in each),
        low=total(one.low for one in each),
        high=total(one.high for one in each),
        net_projected=net,
        parts=each,
    )


def _of_part(course: _Course) -> PartForecast:
    used, off = course.used["sessions"], None if course.early else course.off_by("sessions")
    heading = None if course.early else course.projected("sessions")
    return PartForecast(
        part=course.planned.part.number,
        elapsed_days=course.elapsed,
        needed_days=needed_days(course.days),
        used=used,
        projected=heading,
        low=None if heading is None or off is None else max(used, heading - off),
        high=None if heading is None or off is None else heading + off,
    )


Found = tuple[Alert, str]  # with its message


def _allowance(courses: Sequence[_Course], percents: Sequence[int]) -> Iterator[Found]:
    """Where so many percent of an allowance are used; of an allowance of 0, from the first session or minute on."""
    for course in courses:
        for percent in percents:
            reached = {
                name: limit
                for name, limit in _limits(course)
                if course.used[name] >= max(1, -(-limit * percent // 100))
            }
            if reached:
                used = " and ".join(_used(course.used[name], limit, name) for name, limit in reached.items())
                text = f"{used}, {_days(course)}{_pace(course, reached)}. The alert is set at {percent} %"
                yield Alert(f"allowance-{percent}", course.planned.part.number), _where(course, courses) + text


def _used(used: int, limit: int, meter: str) -> str:
    verb = "is" if used == 1 else "are"
    if used <= limit:
        return f"{used} of the {limit} included {meter} {verb} used"
    return f"{_so_many(used, meter)} {verb} used, {limit} included"


def _days(course: _Course) -> str:
    return f"after {course.elapsed} of {course.days} days"


def _pace(course: _Course, meters: Iterable[str]) -> str:
    if course.early or course.elapsed == course.days:
        return ""
    return f"; at this pace about {' and '.join(_so_many(course.projected(name), name) for name in meters)} at the end"


def _so_many(count: int, meter: str) -> str:
    return so_many(count, meter.removesuffix("s"))


def _over(courses: Sequence[_Course]) -> Iterator[Found]:
    for course in courses:
        over = [
            f"{_so_many(course.projected(name), name)}, {limit} included"
            for name, limit in _limits(course)
            if not course.early and course.projected(name) > limit
        ]
        if over:
            gone = f"{course.elapsed} of {course.days} days are over"
            pace = f"at this pace about {' and '.join(over)}, at the end; {gone}. {ESTIMATE}"
            text = f"{' and '.join(over)}. {ALL_OVER}" if course.elapsed == course.days else pace
            yield Alert("forecast-over", course.planned.part.number), _where(course, courses) + text


def _budget(
    month: "Reconciliation", courses: Sequence[_Course], net: Decimal | None, budget: Decimal
) -> Iterator[Found]:
    """What has been used already counts before anything can be projected."""
    comes_to = month.net if net is None else net
    if comes_to > budget:
        code, digits = month.terms.currency, month.terms.digits
        over = f"over the budget of {code} {plain(money.rounded(budget, digits))}"
        amount = f"{code} {plain(comes_to)} net"
        text = f"at this pace the month comes to about {amount}, {over}. {ESTIMATE}"
        if net is None:
            text = f"what is used so far comes to {amount}, {over}"
        elif all(course.elapsed == course.days for course in courses):
            text = f"the month comes to {amount}, {over}. {ALL_OVER}"
        yield Alert("budget-over", None), text


def _limits(course: _Course) -> Iterator[tuple[str, int]]:
    return ((meter.name, meter.included) for meter in course.planned.part.meters if meter.included is not None)


def _where(course: _Course, courses: Sequence[_Course]) -> str:
    part = course.planned.part
    return f"{part.first} to {part.last}: " if len(courses) > 1 else ""
