"""What a status is called in the activity file. A phrase counts as a whole cell, or after ` - ` at the end of a
description: in between, a participant may be called anything (docs/rules.md §18.2).
"""

import re
from collections.abc import Mapping, Sequence

from jobs.securevideo.description import COUNTED, SVCO
from reports.document import STATUSES

_DASH = " - "
_KNOWN = {"BILL": (COUNTED.removeprefix(_DASH),), "SVCO": (SVCO.removeprefix(_DASH),)}
_FREE = re.compile(r"(?:\A|.* - )free session #[0-9]+ of [0-9]+", re.DOTALL)


class Phrases:
    """Finds the status that a text stands for. `configured`: more phrases, by status."""

    def __init__(self, configured: Mapping[str, Sequence[str]]) -> None:
        whole = {_plain(phrase): status for status, known in _KNOWN.items() for phrase in known}
        whole |= {_plain(phrase): status for status, known in configured.items() for phrase in known}
        self._whole = whole
        self._endings = sorted(((f"{_DASH}{phrase}", status) for phrase, status in whole.items()),
                               key=lambda one: -len(one[0]))  # fmt: skip

    def status_of(self, text: str) -> str | None:
        """One of the four codes; None where the text stands for none that is known."""
        stripped = text.strip()
        if stripped in STATUSES:
            return stripped
        plain = _plain(stripped)
        if plain in self._whole:
            return self._whole[plain]
        for ending, status in self._endings:
            if plain.endswith(ending):
                return status
        return "BILL" if _FREE.fullmatch(plain) else None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
