"""The files of documents, in `<output>/<account>/<month>/`: written, restored, removed. Never the ledger's business."""

import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import OutputError
from jobs.output.folder import Folder
from reports import centres, formats
from reports.checks import failing
from reports.document import Document
from reports.figures import figures, is_same
from reports.presentable import substitutes
from reports.stored import from_json

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_PROVISIONAL = ("draft", "restatement")
_FINAL = re.compile(r".+-\d{6}-\d{4,}(-(CN|SI)\d+)?|restatement-\d+")  # names of final files, without their endings


class UnitFolder(Folder):
    """The folder of one account-month."""

    def __init__(self, output: Path, account: str, month: str, file_mode: int) -> None:
        super().__init__(output, account, month)
        self._parts = output, account, month
        self._file_mode = file_mode
        self._prepared: tuple[Document, dict[str, bytes]] | None = None

    def _below(self, folder: str) -> Folder:
        output, account, month = self._parts
        return Folder(output, account, month, folder)

    def write_all(self, contents: Mapping[str, bytes], mode: int = 0o600) -> None:
        """As in any folder; a name may lie in a folder below."""
        folders: dict[str, dict[str, bytes]] = {}
        for name, content in contents.items():
            below, _, base = name.rpartition("/")
            folders.setdefault(below, {})[base] = content
        for below, inside in folders.items():
            if not below:
                super().write_all(inside, mode)
                continue
            with self._below(below) as folder, folder.locked():
                folder.write_all(inside, mode)

    def read(self, name: str) -> bytes | None:
        """As in any folder; `name` may lie in a folder below."""
        below, _, base = name.rpartition("/")
        if not below:
            return super().read(name)
        with self._below(below) as folder:
            return folder.read(base)

    def remove(self, name: str) -> None:
        """As in any folder; `name` may lie in a folder below."""
        below, _, base = name.rpartition("/")
        if not below:
            super().remove(name)
            return
        with self._below(below) as folder:
            folder.remove(base)

    def write_drafts(self, drafts: Sequence[Document], sessions: "pd.DataFrame") -> dict[str, str]:
        """Writes the drafts' files, removes what earlier drafts left; gives each file's SHA-256 by name."""
        digests: dict[str, str] = {}
        keep = {name for draft in drafts for name in files_of(draft).values()}
        self.remove_drafts(keep=keep)
        for draft in drafts:
            files = {name: content for _, name, content in _all_made(draft, sessions)}
            self.write_all(files, self._file_mode)
            digests |= _digests(files)
        return digests

    def remove_drafts(self, keep: set[str] | None = None) -> None:
        for stem in _PROVISIONAL:
            for format_name in formats.names():
                if (name := f"{stem}.{format_name}") not in (keep or ()):
                    self.remove(name)
            if (name := f"{stem}-allocation.csv") not in (keep or ()):
                self.remove(name)
        if centres.FOLDER in self.names():
            with self._below(centres.FOLDER) as folder:
                names = folder.names()
            for name in names:
                if name.startswith("draft-") and f"{centres.FOLDER}/{name}" not in (keep or ()):
                    self.remove(f"{centres.FOLDER}/{name}")

    def prepare(self, document: Document, sessions: "pd.DataFrame") -> None:
        """Makes the files that `write_issued` will write, once `document` is issued as it is. Raises OutputError."""
        for check in failing(document, sessions):
            raise OutputError(f"{document.stem}: “{check.name}” does not hold; not issued: please report this")
        self._prepared = document, _final_files(document, sessions)

    def write_issued(self, document: Document, sessions: "pd.DataFrame") -> dict[str, str]:
        """Writes an issued document's files, prepared or not; gives each file's SHA-256 by name.

        A file that is there already must have the very same bytes. Raises OutputError.
        """
        prepared, files = self._prepared or (None, {})
        if prepared != document:
            files = _final_files(document, sessions)
        self._prepared = None
        missing = {}
        for name, content in files.items():
            there = self.read(name)
            if there is None:
                missing[name] = content
            elif there != content:
                raise OutputError(
                    f"{self.path / name} already exists with other contents and is never overwritten; "
                    "move it away, then run the same command again"
                )
        self.write_all(missing, self._file_mode)
        return _digests(files)

    def rewrite(
        self, document: Document, sessions: "pd.DataFrame", format_names: Iterable[str], *, written: bool
    ) -> dict[str, str]:
        """Writes an issued document in these formats again; gives each file's SHA-256 by name.

        What somebody altered is overwritten, where the document's files have been in place before (`written`); never
        what may be another document under this one's number. Raises OutputError, a line a file, and then wrote none.
        """
        _warn_of_substitutes(document)
        names, extra = files_of(document), dict(centres.makers(document, sessions))
        made = {
            names.get(form, f"{document.stem}.{form}"): _made(form, document, sessions, extra) for form in format_names
        }
        if not written or self._holds_another(document):
            others = [name for name, content in made.items() if self.read(name) not in (None, content)]
            if others:
                raise OutputError("\n".join(f"{self.path / name} {_ANOTHER}" for name in others))
        self.write_all(made, self._file_mode)
        return _digests(made)

    def _holds_another(self, document: Document) -> bool:
        """Whether the JSON there is of a document made from another reply: no altered copy of this one."""
        content = self.read(f"{document.stem}.json")
        try:
            return content is not None and from_json(content).snapshot != document.snapshot
        except ValueError:
            return False

    def restore(self, document: Document, sessions: "Callable[[], pd.DataFrame]", digests: Mapping[str, str]) -> None:
        """Writes those files of an issued document again that are missing; tells of those that somebody altered.

        `sessions` gives them: only where a file is missing are they needed.
        """
        for format_name, name in files_of(document).items():
            present = self.sha256(name)
            if present is None:
                log.warning("%s was missing and is written again", self.path / name)
                _warn_of_substitutes(document)
                extra = dict(centres.makers(document, sessions()))
                self.write(name, _made(format_name, document, sessions(), extra), self._file_mode)
            elif present != digests.get(name):
                log.warning("%s was altered; to restore it: securevideo-billing render", self.path / name)

    def write_summary(self, summary: bytes) -> dict[str, str]:
        """Gives the file's SHA-256 by name."""
        self.write("summary.json", summary, self._file_mode)
        return {"summary.json": hashlib.sha256(summary).hexdigest()}


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


_ANOTHER = (
    "is not a file of the document that the ledger has under this number and is not overwritten: if it went out, the "
    "ledger is an older copy: restore its newest backup; if it never did, move it away and run `render` again"
)


def final_files(output: Path, account: str | None = None) -> list[Path]:
    """What bears the name of a final document in an account's folder, or in all."""
    files = output.glob("*/*/*") if account is None else (output / account).glob("*/*")
    return sorted(file for file in files if _FINAL.fullmatch(file.stem))


def _final_files(document: Document, sessions: "pd.DataFrame") -> dict[str, bytes]:
    """The content of each of an issued document's files, by name. Raises OutputError."""
    files = {}
    for format_name, name, content in _all_made(document, sessions):
        if format_name == "xlsx":
            _prove_workbook(document, content)
        files[name] = content
    return files


def _all_made(document: Document, sessions: "pd.DataFrame") -> Iterator[tuple[str, str, bytes]]:
    """(format, file name, content) of each of the document's files, in their order.

    Two at a time: while one compresses, another is laid out.
    """
    _warn_of_substitutes(document)
    names, extra = files_of(document), dict(centres.makers(document, sessions))
    with ThreadPoolExecutor(max_workers=2) as workers:
        contents = workers.map(lambda format_name: _made(format_name, document, sessions, extra), names)
        for (format_name, name), content in zip(names.items(), contents, strict=True):
            yield format_name, name, content


def files_of(document: Document) -> dict[str, str]:
    """All of a document's files by format, the statements of its cost centres among them, within the month's folder."""
    return {**document.files, **centres.file_names(document)}


def _made(
    format_name: str, document: Document, sessions: "pd.DataFrame", extra: Mapping[str, Callable[[], bytes]]
) -> bytes:
    """`extra`: what makes the files that no format makes."""
    if format_name in extra:
        return extra[format_name]()
    try:
        return formats.render(format_name, document, sessions)
    except ImportError as error:
        raise OutputError(f"{document.stem}.{format_name} cannot be written: {error}") from error


def _warn_of_substitutes(document: Document) -> None:
    """Says where a document cannot be shown as it was meant to be; its figures are what they are."""
    for sentence in substitutes(document):
        log.warning("%s %s: %s: %s", document.account, document.month, document.stem, sentence)


def _prove_workbook(document: Document, content: bytes) -> None:
    """Reads the workbook's figures back and compares them with the document's, before it becomes final."""
    from reports.formats.xlsx.reading import read_figures  # slow to import, and only needed where something is issued

    stored = read_figures(content)
    for name, expected in figures(document).items():
        if not is_same(expected, stored.get(name)):
            raise OutputError(
                f"the workbook of {document.number} would not say {name} = {expected}; please report this"
            )
