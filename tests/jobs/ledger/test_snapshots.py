"""The vendor's raw replies as files: each once, found again wherever a version kept it, and nothing half written."""

import gzip
import hashlib
import stat
from pathlib import Path

import pytest

from jobs.errors import LedgerDamaged
from jobs.ledger.snapshots import Snapshots
from jobs.output.folder import Folder

BODY = b'[{"SessionId": 1}]'
SHA256 = hashlib.sha256(BODY).hexdigest()
NAME = f"{SHA256}.json.gz"


@pytest.fixture
def kept(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "snapshots")


def files(kept: Snapshots) -> dict[str, bytes]:
    return {str(file.relative_to(kept.path)): file.read_bytes() for file in kept.path.rglob("*") if file.is_file()}


def test_a_reply_is_kept_once_in_the_folder_of_its_first_two_digits_for_its_owner_only(kept: Snapshots) -> None:
    first, again = kept.keep(BODY), kept.keep(BODY)
    assert first == again
    assert [*files(kept)] == [f"{SHA256[:2]}/{NAME}"]
    assert kept.load(SHA256) == BODY
    assert kept.file(SHA256) == kept.path / SHA256[:2] / NAME
    assert stat.S_IMODE(kept.file(SHA256).stat().st_mode) == 0o600
    assert {stat.S_IMODE(each.stat().st_mode) for each in kept.path.rglob("*") if each.is_dir()} == {0o700}


def test_what_an_earlier_version_kept_is_found_and_not_written_twice(kept: Snapshots) -> None:
    kept.path.mkdir()
    (kept.path / NAME).write_bytes(gzip.compress(BODY, 9, mtime=0))
    before = files(kept)
    assert kept.load(SHA256) == BODY
    assert kept.keep(BODY).file_sha256 == hashlib.sha256(before[NAME]).hexdigest()
    assert files(kept) == before
    assert kept.file(SHA256) == kept.path / NAME


@pytest.mark.parametrize("place", [NAME, f"{SHA256[:2]}/{NAME}"])
def test_a_damaged_copy_is_named_and_replaced_by_a_whole_one(kept: Snapshots, place: str) -> None:
    (kept.path / place).parent.mkdir(parents=True)
    (kept.path / place).write_bytes(gzip.compress(b"[]"))
    with pytest.raises(LedgerDamaged, match=f"{place} is damaged"):
        kept.load(SHA256)
    kept.keep(BODY)
    assert kept.load(SHA256) == BODY


def test_one_that_is_missing_is_named_and_no_folder_is_made_for_it(kept: Snapshots) -> None:
    kept.path.mkdir()
    with pytest.raises(LedgerDamaged, match=f"{SHA256[:2]}/{NAME} is missing"):
        kept.load(SHA256)
    assert not list(kept.path.iterdir())


def test_what_a_killed_process_left_is_swept_by_the_next_one_but_not_what_is_being_written(kept: Snapshots) -> None:
    kept.keep(b"[]")
    left = kept.path / "incoming" / f".{NAME}.1-0badcafe.tmp"
    with Folder(kept.path, "incoming") as another, another.shared():
        left.touch()
        kept.keep(BODY)
        assert left.exists()
    kept.keep(BODY)
    assert not left.exists()
