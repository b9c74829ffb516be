"""The files of documents, in `<output>/<account>/<month>/`: written, restored, removed. Never the ledger's business."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pandas as pd

from jobs.errors import OutputError
from jobs.files import Folder
from reports import formats
from reports.document import Document, figures
from reports.formats.xlsx import read_figures

log = logging.getLogger(__name__)

_PROVISIONAL = ("draft", "restatement")


class UnitFolder(Folder):
    """The folder of one account-month."""

    def __init__(self, output: Path, account: str, month: str, file_mode: int) -> None:
        super().__init__(output, account, month)
        self._file_mode = file_mode

    def write_drafts(self, drafts: Sequence[Document], sessions: pd.DataFrame) -> dict[str, str]:
        """Writes the drafts' files, removes what earlier drafts left; gives each file's SHA-256 by name."""
        digests = {}
        keep = {name for draft in drafts for name in draft.files.values()}
        self.remove_drafts(keep=keep)
        for draft in drafts:
            for format_name, name in draft.files.items():
                content = formats.render(format_name, draft, sessions)
                self.write(name, content, self._file_mode)
                digests[name] = hashlib.sha256(content).hexdigest()
        return digests

    def remove_drafts(self, keep: set[str] | None = None) -> None:
        for stem in _PROVISIONAL:
            for format_name in formats.names():
                if (name := f"{stem}.{format_name}") not in (keep or ()):
                    self.remove(name)

    def write_issued(self, document: Document, sessions: pd.DataFrame) -> dict[str, str]:
        """Writes an issued document's files; gives each file's SHA-256 by name.

        A file that is there already must have the very same bytes. Raises OutputError.
        """
        digests = {}
        for format_name, name in document.files.items():
            content = formats.render(format_name, document, sessions)
            if format_name == "xlsx":
                _prove_workbook(document, content)
            there = self.read(name)
            if there is None:
                self.write(name, content, self._file_mode)
            elif there != content:
                raise OutputError(
                    f"{self.path / name} is there with other contents and is never overwritten; "
                    "move it away, then run the same command again"
                )
            digests[name] = hashlib.sha256(content).hexdigest()
        return digests

    def rewrite(self, document: Document, sessions: pd.DataFrame) -> dict[str, str]:
        """Writes an issued document's files again, whatever is there; gives each file's SHA-256 by name."""
        digests = {}
        for format_name, name in document.files.items():
            content = formats.render(format_name, document, sessions)
            self.write(name, content, self._file_mode)
            digests[name] = hashlib.sha256(content).hexdigest()
        return digests

    def restore(self, document: Document, sessions: pd.DataFrame, digests: Mapping[str, str]) -> None:
        """Writes those files of an issued document again that are missing; tells of those that somebody altered."""
        for format_name, name in document.files.items():
            present = self.sha256(name)
            if present is None:
                log.warning("%s was missing and is written again", self.path / name)
                self.write(name, formats.render(format_name, document, sessions), self._file_mode)
            elif present != digests.get(name):
                log.warning("%s was altered; to restore it: securevideo-billing render", self.path / name)

    def write_summary(self, summary: bytes) -> dict[str, str]:
        """Gives the file's SHA-256 by name."""
        self.write("summary.json", summary, self._file_mode)
        return {"summary.json": hashlib.sha256(summary).hexdigest()}


def _prove_workbook(document: Document, content: bytes) -> None:
    """Reads the workbook's figures back and compares them with the document's, before it becomes final."""
    stored = read_figures(content)
    for name, expected in figures(document).items():
        found = stored.get(name)
        same = Decimal(str(found)) == expected if isinstance(expected, Decimal | int) else found == expected
        if not same:
            raise OutputError(
                f"the workbook of {document.number} would not say {name} = {expected}; please report this"
            )
