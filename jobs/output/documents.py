"""The files of documents, in `<output>/<account>/<month>/`: written, restored, removed. Never the ledger's business."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pandas as pd

from jobs.errors import OutputError
from jobs.output.folder import Folder
from reports import formats
from reports.document import Document, figures

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
            for _, name, content in _all_made(draft, sessions):
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
        for format_name, name, content in _all_made(document, sessions):
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

    def rewrite(self, document: Document, sessions: pd.DataFrame, format_names: Iterable[str]) -> dict[str, str]:
        """Writes an issued document in these formats again, whatever is there; gives each file's SHA-256 by name."""
        digests = {}
        for format_name in format_names:
            name = f"{document.stem}.{format_name}"
            content = _made(format_name, document, sessions)
            self.write(name, content, self._file_mode)
            digests[name] = hashlib.sha256(content).hexdigest()
        return digests

    def restore(self, document: Document, sessions: pd.DataFrame, digests: Mapping[str, str]) -> None:
        """Writes those files of an issued document again that are missing; tells of those that somebody altered."""
        for format_name, name in document.files.items():
            present = self.sha256(name)
            if present is None:
                log.warning("%s was missing and is written again", self.path / name)
                self.write(name, _made(format_name, document, sessions), self._file_mode)
            elif present != digests.get(name):
                log.warning("%s was altered; to restore it: securevideo-billing render", self.path / name)

    def write_summary(self, summary: bytes) -> dict[str, str]:
        """Gives the file's SHA-256 by name."""
        self.write("summary.json", summary, self._file_mode)
        return {"summary.json": hashlib.sha256(summary).hexdigest()}


def unmakeable(format_names: Iterable[str]) -> list[str]:
    """Why formats cannot be made on this machine, a sentence each that says what to install."""
    return [reason for reason in map(formats.lacking, format_names) if reason]


def _all_made(document: Document, sessions: pd.DataFrame) -> Iterator[tuple[str, str, bytes]]:
    """(format, file name, content) of each of the document's files, in their order.

    Two at a time: while one compresses, another is laid out.
    """
    with ThreadPoolExecutor(max_workers=2) as workers:
        contents = workers.map(lambda format_name: _made(format_name, document, sessions), document.files)
        for (format_name, name), content in zip(document.files.items(), contents, strict=True):
            yield format_name, name, content


def _made(format_name: str, document: Document, sessions: pd.DataFrame) -> bytes:
    try:
        return formats.render(format_name, document, sessions)
    except ImportError as error:
        raise OutputError(f"{document.stem}.{format_name} cannot be written: {error}") from error


def _prove_workbook(document: Document, content: bytes) -> None:
    """Reads the workbook's figures back and compares them with the document's, before it becomes final."""
    from reports.formats.xlsx import read_figures  # slow to import, and only needed where something is issued

    stored = read_figures(content)
    for name, expected in figures(document).items():
        found = stored.get(name)
        same = Decimal(str(found)) == expected if isinstance(expected, Decimal | int) else found == expected
        if not same:
            raise OutputError(
                f"the workbook of {document.number} would not say {name} = {expected}; please report this"
            )
