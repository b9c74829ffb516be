"""What the statement of one cost centre says: finished, for page and workbook alike."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd

from reports.allocation import UNALLOCATED, Allocation, CentreShare
from reports.centres.csv import descriptions
from reports.document import Document
from reports.session_centres import centres_of
from reports.wording import name_of

POLICIES = {
    "first-come": "The allowance goes to the month's counted sessions in the order of time, whoever held them; "
    "each cost centre pays for its own beyond it.",
    "proportional": "All counted sessions of the month share its cost alike, whether they came before or after the "
    "allowance was used up.",
    "reserved": "Each cost centre has its own sessions of the allowance reserved; what others leave over goes to the "
    "earliest sessions, and each pays for its own beyond.",
}
_BASES = {
    "included": "free sessions",
    "sessions": "counted sessions",
    "quotas": "reserved sessions",
    "hosts": "the days on which each cost centre's hosts belong to it",
    "equal": "equal parts",
}
GROUPS = "Groups are those of the day of the run: SecureVideo keeps present membership only."
NOBODY = "No source of the configuration names a cost centre for these hosts: this is a to-do, not a department."


@dataclass(frozen=True, slots=True)
class StatedLine:
    description: str
    quantity: Decimal | None  # of the centre's own sessions or minutes; None for a fee and licences
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    document: Document
    share: CentreShare
    lines: tuple[StatedLine, ...]
    sessions: pd.DataFrame  # the centre's, in the document's order: a stretch of what `by_centre` gives

    @property
    def title(self) -> str:
        """An adjustment's is never called a credit: a centre can have the opposite sign of the document."""
        adjusts = self.document.is_adjustment or self.document.kind == "restatement"
        title = "Adjustment of a cost share" if adjusts else "Cost share"
        return title if self.document.final else f"Draft: {title[0].lower()}{title[1:]}"

    @property
    def of_document(self) -> str:
        named = name_of(self.document)
        return f"Share of {named[0].lower()}{named[1:]}, not an invoice"

    @property
    def figure(self) -> str:
        """What the total is called."""
        return "Change of what you pay" if "djustment" in self.title else "Your share"

    def reasons(self, allocation: Allocation) -> Iterator[str]:
        """How the share came about, in sentences."""
        yield POLICIES[allocation.policy]
        fee = "fixed weights" if isinstance(allocation.fee_by, dict) else _BASES[allocation.fee_by]
        yield f"The monthly fee is shared by {fee}; the tax by what each cost centre pays."
        if any(line.meter == "hosts" for line in self.document.month_lines):
            hosts = "fixed weights" if isinstance(allocation.hosts_by, dict) else _BASES[allocation.hosts_by]
            yield f"Extra host licences are shared by {hosts}."
        if any(one.by == "group" for one in allocation.assigned):
            yield GROUPS
        if self.share.centre == UNALLOCATED:
            yield NOBODY


def by_centre(sessions: pd.DataFrame, allocation: Allocation) -> tuple[pd.DataFrame, dict[str, slice]]:
    """The sessions centre by centre, each in the document's order, indexed from 0; and where each centre's are."""
    centres = centres_of(sessions, allocation.assigned)
    ordered = sessions.take(np.argsort(centres.codes, kind="stable")).reset_index(drop=True)
    ends = np.bincount(centres.codes, minlength=len(centres.categories)).cumsum().tolist()
    return ordered, {name: slice(*ends) for name, ends in zip(centres.categories, pairwise([0, *ends]), strict=True)}


def statements(
    document: Document, allocation: Allocation, ordered: pd.DataFrame, stretches: Mapping[str, slice]
) -> Iterator[Statement]:
    """One for each centre, in order; the sessions as `by_centre` gives them."""
    texts = descriptions(document)
    for share in allocation.centres:
        lines = tuple(
            StatedLine(
                texts.get(line.key, line.meter),
                line.quantity if line.meter in ("sessions", "minutes") else None,
                line.amount,
            )
            for line in share.lines
        )
        yield Statement(document, share, lines, ordered.iloc[stretches.get(share.centre, slice(0))])


def file_stems(centres: Iterable[str]) -> dict[str, str]:
    """Each centre's part of its files' names; those alike but for case are distinguished by -2, -3, in key order."""
    taken: set[str] = set()
    stems = {}
    for centre in sorted(centres):
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", centre)
        stem, nth = plain, 1
        while stem.casefold() in taken:
            nth += 1
            stem = f"{plain}-{nth}"
        taken.add(stem.casefold())
        stems[centre] = stem
    return stems
