"""`render`: the files of issued documents again, from the ledger alone (contract §2)."""

import logging
from collections.abc import Iterator
from pathlib import Path

from jobs.config import Config
from jobs.ledger.store import Ledger
from jobs.outputs import UnitFolder

log = logging.getLogger(__name__)


def render(config: Config, ledger: Ledger, output: Path, *, account: str | None, month: str | None) -> Iterator[Path]:
    """Writes every issued document's files, of one account and month if named; gives each file's path.

    Where another version of the program words them otherwise than they were, the ledger takes note of the new digests.
    """
    for issued in ledger.issued(account, month):
        document = issued.document
        with UnitFolder(output, document.account, document.month, config.file_mode) as folder, folder.locked():
            digests = folder.rewrite(document, issued.sessions)
        recorded = ledger.written(document.account, document.month).get(issued.id)
        if recorded != digests:
            if recorded is not None:
                log.warning("%s: the files are not as they were: another version made them", document.stem)
            ledger.add_event(document.account, document.month, "written", document_id=issued.id, detail=digests)
        yield from (folder.path / name for name in document.files.values())
