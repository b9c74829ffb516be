"""The vendor's invoice as typed: strict like the configuration, all mistakes at once (docs/rules.md §18.5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from jobs.billing import money
from jobs.config import fields, mistakes, source
from jobs.config.section import Section
from jobs.errors import ConfigError, FileRefused
from reports.document import Part
from reports.stored import plain

KINDS = ("fee", "sessions", "minutes", "hosts", "other")


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    kind: str  # of KINDS
    amount: Decimal
    quantity: int | None  # of sessions: beyond the included ones
    description: str
    part: int | None  # of a month that a change of plan splits; None where it is whole


@dataclass(frozen=True, slots=True)
class Invoice:
    number: str
    date: date
    lines: tuple[InvoiceLine, ...]
    tax: Decimal
    total: Decimal

    def amount(self, kind: str, part: int | None = None) -> Decimal:
        """The sum of the lines of a kind, of one part or of all."""
        amounts = (line.amount for line in self.lines if line.kind == kind and part in (None, line.part))
        return sum(amounts, self.total - self.total)

    def sessions(self, part: int) -> int:
        """How many sessions beyond the included ones are charged in a part."""
        return sum(line.quantity or 0 for line in self.lines if line.kind == "sessions" and line.part == part)


class LineSection(Section):
    kind: Annotated[str, fields.one_of(*KINDS)] = fields.required()
    quantity: fields.SignedAmount | None = None
    unit_price: fields.SignedAmount | None = None
    amount: fields.SignedAmount = fields.required()
    description: fields.Free = ""
    part: Annotated[int | None, fields.whole(1, 31)] = None


class InvoiceSection(Section):
    number: fields.Name = fields.required()
    date: fields.Day = fields.required()
    currency: fields.Currency = fields.required()
    lines: Annotated[list[LineSection], Field(min_length=1, max_length=1000)] = fields.required()
    tax: fields.SignedAmount = fields.required()
    total: fields.SignedAmount = fields.required()


def read(path: Path, content: bytes, *, currency: str, digits: int, parts: Sequence[Part]) -> Invoice:
    """The invoice in `content`, which stands in the file at `path`. Raises ConfigError, a line for each mistake."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None
    try:
        read = source.parse(text)
    except source.Unreadable as error:
        message = error.message.replace(source.HINT, "docs/match.md shows one")
        raise ConfigError(f"{path}:{error.line}: {message}" if error.line else f"{path}: {message}") from None
    tree = read.root.plain()
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}:{read.root.line}: expected keys and values; docs/match.md shows an invoice")
    found: list[mistakes.Mistake] = []
    section: InvoiceSection | None = None
    try:
        section = InvoiceSection.model_validate(tree)
    except ValidationError as error:
        found += mistakes.from_pydantic(error, tree, InvoiceSection)
    if section is not None:
        found += _broken(section, currency, digits, parts)
    if section is None or found or read.mistakes:
        raise ConfigError("\n".join(mistakes.lines(path, read, found, InvoiceSection)))
    return _invoice(section, digits, parts)


def content_of(path: Path) -> bytes:
    """Raises FileRefused."""
    try:
        with path.open("rb") as file:
            content = file.read(source.MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a valid file name"
        raise FileRefused(f"{path}: cannot be read: {reason.lower()}; name the vendor's invoice as YAML") from None
    if len(content) > source.MAX_BYTES:
        raise FileRefused(
            f"{path}: over {source.MAX_BYTES // 1024} KiB: this is not an invoice; docs/match.md shows one"
        )
    return content


def _broken(section: InvoiceSection, currency: str, digits: int, parts: Sequence[Part]) -> Iterator[mistakes.Mistake]:
    if section.currency != currency:
        yield ("currency",), f"expected {currency}, the currency of the account; found {section.currency}"
    exact = True
    for path, amount in _amounts(section):
        if fields.decimals(amount) > digits:
            exact = False
            yield path, f"expected at most {digits} decimals, as {currency} has; found {fields.decimals(amount)}"
    for number, line in enumerate(section.lines):
        yield from _broken_line(("lines", number), line, digits, parts)
    lines = sum((line.amount for line in section.lines), Decimal(0))
    if exact and lines + section.tax != section.total:
        sums = plain(money.rounded(lines + section.tax, digits))
        yield (
            ("total",),
            f"the lines add up to {sums} with tax, the total says {plain(section.total)}; compare both",
        )


def _amounts(section: InvoiceSection) -> Iterator[tuple[tuple[str | int, ...], Decimal]]:
    yield ("tax",), section.tax
    yield ("total",), section.total
    for number, line in enumerate(section.lines):
        yield ("lines", number, "amount"), line.amount


def _broken_line(
    path: tuple[str | int, ...], line: LineSection, digits: int, parts: Sequence[Part]
) -> Iterator[mistakes.Mistake]:
    quantity, price = line.quantity, line.unit_price
    if line.kind == "sessions":
        if quantity is None:
            yield (*path, "quantity"), "expected the number of sessions beyond the included ones; the key is missing"
        elif quantity < 0 or quantity != quantity.to_integral_value():
            yield (*path, "quantity"), f"expected a whole number of sessions, not negative; found {plain(quantity)}"
        if line.part is None and len(parts) > 1:
            said = ", ".join(f"{part.number}: {part.first} to {part.last}" for part in parts)
            yield (*path, "part"), f"expected the part of the month that is charged ({said}); the key is missing"
    if quantity is not None and price is not None:
        product = money.rounded(money.EXACT.multiply(quantity, price), digits)
        if product != line.amount:
            products = f"{plain(quantity)} × {plain(price)} = {plain(product)}"
            yield (*path, "amount"), f"{products}, the amount says {plain(line.amount)}; compare with the invoice"
    if line.part is not None and line.part > len(parts):
        yield (*path, "part"), f"the month has {len(parts)} part{'s' if len(parts) > 1 else ''}; found {line.part}"


def _invoice(section: InvoiceSection, digits: int, parts: Sequence[Part]) -> Invoice:
    only = parts[0].number if len(parts) == 1 else None
    return Invoice(
        number=section.number,
        date=section.date,
        lines=tuple(
            InvoiceLine(
                kind=line.kind,
                amount=money.rounded(line.amount, digits),
                quantity=None if line.quantity is None or line.kind != "sessions" else int(line.quantity),
                description=line.description,
                part=only if line.part is None else parts[line.part - 1].number,
            )
            for line in section.lines
        ),
        tax=money.rounded(section.tax, digits),
        total=money.rounded(section.total, digits),
    )
