"""The output folder against the ledger: each file is what the ledger makes of its document, and none is too many."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jobs.billing.invoicing import Issued
from jobs.ledger import folders
from jobs.ledger.schema import NO_RUN
from jobs.output.documents import files_of, final_files
from jobs.output.seal import OVERVIEW, is_sealed
from jobs.verify.scope import WITHHELD, Difference, LedgerRow, Mismatch, Outline, Scope, first_ones, found_at
from reports import centres, compare, formats
from reports.document import Document
from reports.figures import figures, is_same

_KINDS = {"allocation": "csv"}  # of what no format makes


def links(scope: Scope, outline: Outline) -> Iterator[Difference]:
    """Folders that are symbolic links: `run` and `render` write nothing there, so what lies there proves nothing."""
    rows = filter(scope.holds, (*outline.documents, *outline.events))
    found = {link(scope, row["account"], row["month"]) for row in rows} - {None}
    for folder in sorted(map(str, found)):
        yield Difference(folder, "the folder", "a real one", "a symbolic link")


def link(scope: Scope, account: str, month: str) -> Path | None:
    """The folder of the account or of its month, where it is a symbolic link."""
    folders = (scope.output / account, scope.output / account / month)
    return next((folder for folder in folders if folder.is_symlink()), None)


def of_document(scope: Scope, outline: Outline, issued: Issued) -> Iterator[Difference]:
    """The document's files are what the ledger makes of it."""
    document = issued.document
    recorded = outline.written.get(issued.id)
    folder = scope.output / document.account / document.month
    if recorded is None:
        found = "not written yet; `securevideo-billing run` finishes them"
        yield Difference(str(folder), f"files of {document.stem}", "written", found)
        return
    if link(scope, document.account, document.month):
        return
    extra = dict(centres.makers(document, issued.sessions))
    for format_name, name in files_of(document).items():
        file = folder / name
        content = found_at(file)
        if isinstance(content, str):
            yield Difference(str(file), "the file", "there", content)
            continue
        events = first_ones(_in_file(scope, issued, (format_name, extra), content, recorded.get(name, compare.NOTHING)))
        yield from (Difference(str(file), *one) for one in events)
    for format_name in (name for name in formats.names() if name not in document.files):
        yield from _copy(folder / f"{document.stem}.{format_name}", format_name, issued)


def _copy(file: Path, format_name: str, issued: Issued) -> Iterator[Difference]:
    """A file in a format that the document was not issued in (`render --format`) need not be there, but be right."""
    content = found_at(file)
    if content == "missing" or content == _rendered(format_name, issued):
        return
    found = content if isinstance(content, str) else f"another: `securevideo-billing render --format {format_name}`"
    yield Difference(str(file), "the copy", "what this version makes of the document", found)


def _rendered(format_name: str, issued: Issued) -> bytes | None:
    """None where the extra that the format needs is not installed."""
    try:
        return formats.render(format_name, issued.document, issued.sessions)
    except ImportError:
        return None


def _in_file(
    scope: Scope,
    issued: Issued,
    form: tuple[str, Mapping[str, Callable[[], bytes]]],
    content: bytes,
    recorded: str,
) -> Iterator[Mismatch]:
    """`form`: the file's format, and what makes the files that no format makes."""
    document, (format_name, extra) = issued.document, form
    made = extra[format_name]() if format_name in extra else _rendered(format_name, issued)
    format_name = _KINDS.get(format_name, format_name.rpartition(".")[2])
    digest = sha256(content).hexdigest()
    altered = digest != recorded
    if altered:
        yield "SHA-256 of the file", recorded, digest
    elif content == made:
        return
    if made is None:
        return  # nothing to compare with on this machine: the digest is the proof
    if not altered and document.program_version != scope.program_version:
        yield from _other_version(format_name, document, content)
        return
    for place, expected, found, holds in compare.differing(format_name, made, content):
        if altered or holds != "looks":  # a newer library may draw an unaltered file otherwise
            withheld = document.participants == "full" and holds == "names"
            yield place, *(WITHHELD if withheld else (expected, found))


def _other_version(format_name: str, document: Document, content: bytes) -> Iterator[Mismatch]:
    """A file as another version made it is worded otherwise; its figures must be the document's all the same."""
    stored = compare.stored_figures(format_name, content)
    for name, expected in figures(document).items() if stored else ():
        if not is_same(expected, stored.get(name)):
            yield name, str(expected), str(stored.get(name))


def overview(scope: Scope, outline: Outline) -> Iterator[Difference]:
    """The overview and each account's page are as a run wrote them, where they are there: what they say may be old.

    Programs before those that note their folders did not seal it: where only they ran, it proves nothing.
    """
    if not folders.noted(outline.events):
        return
    renamed = ({"account": row["new"], "month": None} for row in outline.renames)
    keys = {row["account"] for row in (*outline.events, *renamed) if scope.holds(row)}
    own = [scope.output / key for key in sorted(keys)]
    for folder in own if scope.account else (scope.output, *own):
        file = folder / OVERVIEW
        content = found_at(file)
        if content != "missing" and not (isinstance(content, bytes) and is_sealed(content)):
            found = content if isinstance(content, str) else "altered; `securevideo-billing render` writes it anew"
            yield Difference(str(file), "the overview", "as it was written", found)


def provisional(scope: Scope, outline: Outline) -> Iterator[Difference]:
    """Summaries and drafts are as the last run left them."""
    last: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row, detail in _ends(scope, outline):
        unit = row["account"], row["month"]
        before = last[unit] if row["kind"] == "failed" else {}  # a unit that failed leaves its drafts as they were
        last[unit] = {**before, **detail.get("files", {})}
    for (account, month), digests in last.items():
        if link(scope, account, month) or (account, month) in outline.billed_by_others:
            continue
        for name, expected in digests.items():
            file = scope.output / account / month / name
            content = found_at(file)
            found = content if isinstance(content, str) else sha256(content).hexdigest()
            if found != expected:
                yield Difference(str(file), "SHA-256 of the file", expected, found)


def _ends(scope: Scope, outline: Outline) -> list[tuple[LedgerRow, dict[str, Any]]]:
    """How runs left units in this folder: those that it was named to, else those that were configured with it.

    Of a unit of which there is none, those under any configuration: its folder may have been moved.
    """
    events = [(row, json.loads(row["detail"])) for row in outline.events if scope.holds(row)]
    ends = [(row, detail) for row, detail in events if row["kind"] not in NO_RUN]
    if named := [end for end in ends if end[1].get("output") == str(scope.output)]:
        return named
    configured = [end for end in ends if "output" not in end[1]]
    own = [end for end in configured if end[1].get("folders", {}).get("output") == str(scope.output)]
    units = {(row["account"], row["month"]) for row, _ in own}
    return own + [end for end in configured if (end[0]["account"], end[0]["month"]) not in units]


def never_issued(scope: Scope, outline: Outline) -> Iterator[Difference]:
    """Files that bear the name of a document which the ledger knows nothing of."""
    issued = {
        (row["account"], row["month"], row["number"] or f"restatement-{outline.nth[row['id']]}")
        for row in outline.documents
    }
    keys = {None} if scope.account is None else {scope.account, *scope.keys}
    for file in sorted(file for key in keys for file in final_files(scope.output, key)):
        account, month = file.parent.parent.name, file.parent.name
        in_scope = scope.holds({"account": account, "month": month})
        if in_scope and (account, month, file.stem) not in issued:
            yield Difference(str(file), "the file", compare.NOTHING, "one whose document was never issued")
