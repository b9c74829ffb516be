"""Tables as the template's macro takes them: ready texts, and what each cell is."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from reports.locale import Locale
from reports.stored import plain

UNKNOWN = "\N{EM DASH}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. The first cell of a row is its header."""

    text: str
    number: bool = False  # set to the right, digits of one width, never broken
    code: bool = False  # an identifier: may break anywhere
    name: bool = False  # from outside: isolated, in case it runs right to left
    field: str = ""  # `data-field`: the figure's defined name
    value: str = ""  # `data-value`: the figure as a plain decimal
    time: str = ""  # `datetime`: the instant or day, for machines
    mark: str = ""  # a symbol before the text; decoration, never the only sign
    tone: str = ""  # a class: "blocking", "warning", "info", "ok", "error"


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[Cell, ...]
    tone: str = ""  # a class: "blocking", "total"


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading; without a title where there is only one group."""

    rows: tuple[Row, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    id: str
    caption: str
    headings: tuple[Heading, ...]
    groups: tuple[Group, ...]
    foot: tuple[Row, ...] = ()
    note: str = ""  # below the table
    wide: bool = False  # may be wider than a phone: scrolls by itself


def table(
    name: str,
    caption: str,
    headings: str,
    rows: list[Row],
    *,
    foot: tuple[Row, ...] = (),
    note: str = "",
    wide: bool = False,
) -> Table:
    """A table of one group. `headings` are separated by `|`; one that begins with `#` stands over numbers."""
    return Table(name, caption, columns(headings), (Group(tuple(rows)),), foot, note, wide)


def columns(headings: str) -> tuple[Heading, ...]:
    """`headings` as in `table`."""
    return tuple(Heading(text.strip().removeprefix("#"), text.strip().startswith("#")) for text in headings.split("|"))


def row(*cells: Cell, tone: str = "") -> Row:
    return Row(cells, tone)


def number(locale: Locale, value: Decimal | int, digits: int = 0, field: str = "") -> Cell:
    """A figure. With `field`, its name and plain value stand in the page for programs."""
    return Cell(locale.number(value, digits), number=True, field=field, value=plain(value) if field else "")


def name(text: str) -> Cell:
    """A text from outside."""
    return Cell(text, name=True)


def day(value: date, locale: Locale) -> Cell:
    return Cell(locale.day(value), time=value.isoformat())


def instant(value: datetime, locale: Locale, timezone: str = "UTC") -> Cell:
    """To the second, as it is in `timezone`."""
    return Cell(locale.instant(value, timezone), time=value.strftime("%Y-%m-%dT%H:%M:%SZ"))
