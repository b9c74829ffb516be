"""What was measured, against what is to be reached: a figure, and whether it meets its bound."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that is measured: `found` "at least" `bound`, or "under" it, in `unit`."""

    what: str
    found: float
    sense: Literal["at least", "under"]
    bound: float
    unit: str

    @property
    def met(self) -> bool:
        return self.found >= self.bound if self.sense == "at least" else self.found < self.bound

    def in_words(self) -> str:
        verdict = "met   " if self.met else "MISSED"
        return f"{verdict} {self.what}: {self.found:,.2f}{self.unit}, to be {self.sense} {self.bound:g}{self.unit}"


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Columns in text, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for row in (header, *rows):
        first, *others = (
            text.ljust(width) if not number else text.rjust(width)
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join((first, *others)).rstrip())
    return "\n".join(lines)
