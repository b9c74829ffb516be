"""The chart of use against the allowance: counted sessions added up day by day, as bars, the allowance as a line.

Each part of a split month starts anew, as its allowance does. Lengths are in the units of the SVG's view box.
"""

from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from reports.document import Document, Part
from reports.forecast import PartForecast, range_of
from reports.locale import Locale
from reports.text import so_many

WIDTH, HEIGHT = 720, 250
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 22, 30
GAP = 0.24  # of a day's width
LETTER = 8  # about the width of one in a label


@dataclass(frozen=True, slots=True)
class Bar:
    """A day: `inside` the allowance from the ground up, `over` it on top of that."""

    x: str
    width: str
    inside_y: str
    inside_height: str
    over_y: str
    over_height: str  # empty where the day is within the allowance


@dataclass(frozen=True, slots=True)
class Mark:
    """A tick, or the line of an allowance from `x` to `x2`, with its label."""

    x: str
    y: str
    x2: str
    text: str
    text_y: str = ""  # of an allowance's label: its line, or above the bars that would run through it


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a part is heading: a dashed line to the end of the part, and the range it opens to, as SVG points."""

    line: str
    span: str


@dataclass(frozen=True, slots=True)
class Chart:
    box: str
    ground: str
    left: str
    right: str
    bars: tuple[Bar, ...]
    levels: tuple[Mark, ...]  # the axis of counts
    days: tuple[Mark, ...]  # the axis of days
    limits: tuple[Mark, ...]  # the allowances
    borders: tuple[Mark, ...]  # where another part starts
    title: str
    sentences: tuple[str, ...]  # what the chart shows, in sentences: its text alternative
    has_over: bool
    headings: tuple[Heading, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """A part's counted sessions added up: one entry a day from the part's first day."""

    part: Part
    first: int  # day of the month
    totals: tuple[int, ...]

    @property
    def limit(self) -> int | None:
        return self.part.included("sessions")


@dataclass(frozen=True, slots=True)
class Scale:
    """From a day (1 …) and a count to places in the chart."""

    days: int
    top: int

    def x(self, day: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (day - 1) / self.days

    def y(self, count: int) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - count / self.top)


def chart(document: Document, locale: Locale) -> Chart:
    """The chart of a document's month."""
    runs = tuple(_run(part, document.daily) for part in document.parts)
    forecast = document.forecast or None
    ahead = [] if forecast is None else [one for one in zip(runs, forecast.parts, strict=True) if _goes_on(*one)]
    until = len(document.daily) if forecast is None else forecast.last_day  # later ones have no bar yet
    highest = [count for run in runs for count in (*run.totals, run.limit or 0)] + [part.high or 0 for _, part in ahead]
    step, top = _levels(max(highest, default=0))
    scale = Scale(len(document.daily), top)
    return Chart(
        box=f"0 0 {WIDTH} {HEIGHT}",
        ground=_at(scale.y(0)),
        left=_at(scale.x(1)),
        right=_at(scale.x(scale.days + 1)),
        bars=tuple(bar for run in runs for bar in _bars(run, scale, until)),
        levels=tuple(
            Mark(_at(LEFT - 8), _at(scale.y(level)), _at(scale.x(scale.days + 1)), locale.compact(level))
            for level in range(0, top + 1, step)
        ),
        days=tuple(
            Mark(_at(scale.x(day + 0.5)), _at(HEIGHT - 8), "", str(day)) for day in (1, 5, 10, 15, 20, 25, scale.days)
        ),
        limits=tuple(_limit(run, scale, locale) for run in runs if run.limit is not None),
        borders=tuple(Mark(_at(scale.x(run.first)), _at(TOP), "", run.part.plan) for run in runs[1:]),
        title=f"Counted sessions in {locale.month(document.month)}, added up day by day (UTC)",
        sentences=(
            *(_sentence(run, locale, several=len(runs) > 1) for run in runs),
            *(_ahead_in_words(run, part, locale) for run, part in ahead),
        ),
        has_over=any(run.limit is not None and run.totals and run.totals[-1] > run.limit for run in runs),
        headings=tuple(_heading(run, part, scale) for run, part in ahead),
    )


def _run(part: Part, daily: tuple[int, ...]) -> Run:
    return Run(part, part.first.day, tuple(accumulate(daily[part.first.day - 1 : part.last.day])))


def _levels(highest: int) -> tuple[int, int]:
    """The step between ticks (1, 2 or 5 times a power of ten) and the top one: at most five steps."""
    step = next(factor * 10**power for power in range(20) for factor in (1, 2, 5) if factor * 10**power * 5 >= highest)
    return step, max(1, -(-highest // step)) * step


def _goes_on(run: Run, part: PartForecast) -> bool:
    return part.projected is not None and 0 < part.elapsed_days < len(run.totals)


def _heading(run: Run, part: PartForecast, scale: Scale) -> Heading:
    def point(days: int, count: int | None) -> str:
        return f"{_at(scale.x(run.first + days))},{_at(scale.y(count or 0))}"

    begin, days = point(part.elapsed_days, part.used), len(run.totals)
    return Heading(
        f"{begin} {point(days, part.projected)}", f"{begin} {point(days, part.low)} {point(days, part.high)}"
    )


def _ahead_in_words(run: Run, part: PartForecast, locale: Locale) -> str:
    about = f"about {range_of(part, locale.number)} by {locale.short_day(run.part.last)}"
    return f"At the pace of the first {part.elapsed_days} days: {about}, an estimate."


def _bars(run: Run, scale: Scale, until: int) -> list[Bar]:
    bars = []
    width = (scale.x(2) - scale.x(1)) * (1 - GAP)
    for day, total in enumerate(run.totals[: max(0, until - run.first + 1)], run.first):
        inside = total if run.limit is None else min(total, run.limit)
        bars.append(
            Bar(
                x=_at(scale.x(day + GAP / 2)),
                width=_at(width),
                inside_y=_at(scale.y(inside)),
                inside_height=_at(scale.y(0) - scale.y(inside)),
                over_y=_at(scale.y(total)),
                over_height=_at(scale.y(inside) - scale.y(total)) if total > inside else "",
            )
        )
    return bars


def _limit(run: Run, scale: Scale, locale: Locale) -> Mark:
    limit = run.limit or 0
    end = scale.x(run.first + len(run.totals))
    text = f"Allowance {locale.number(limit)}"
    under = int(len(text) * LETTER / (scale.x(2) - scale.x(1))) + 1  # days
    highest = max([limit, *run.totals[:under]])
    return Mark(_at(scale.x(run.first)), _at(scale.y(limit)), _at(end), text, _at(scale.y(highest)))


def _sentence(run: Run, locale: Locale, *, several: bool) -> str:
    """A part's run in one sentence."""
    total = run.totals[-1] if run.totals else 0
    span = f"{locale.short_day(run.part.first)} to {locale.short_day(run.part.last)}, {run.part.plan}: "
    text = f"{span if several else ''}{so_many(total, 'counted session', locale.number)}"
    if not run.part.has("sessions"):
        return f"{text}; the plan has no allowance of sessions."
    if run.limit is None:
        return f"{text}; the allowance is unlimited."
    text += f" against an allowance of {locale.number(run.limit)}"
    passed = next((days for days, count in enumerate(run.totals) if count > run.limit), None)
    if passed is None:
        return f"{text}, which was not exceeded."
    return f"{text}, which was exceeded on {locale.day(run.part.first + timedelta(days=passed))}."


def _at(place: float) -> str:
    """A place in the view box: one fraction digit, the same text on every machine."""
    return f"{place:.1f}".removesuffix(".0")
