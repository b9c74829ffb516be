"""Files as they must be written: whole or not at all, private, never through a link."""

import os
import stat
from pathlib import Path

import pytest

from jobs.errors import OutputError
from jobs.output.folder import Folder


def test_folders_that_are_missing_are_made_private(tmp_path: Path) -> None:
    with Folder(tmp_path / "a" / "b", "c", "d") as folder:
        assert folder.path == tmp_path / "a" / "b" / "c" / "d"
    for made in ("a", "a/b", "a/b/c", "a/b/c/d"):
        assert stat.S_IMODE((tmp_path / made).stat().st_mode) == 0o700


def test_a_file_is_replaced_whole_and_gets_its_mode(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder:
        folder.write("f", b"long content", 0o640)
        folder.write("f", b"short", 0o600)
        assert folder.read("f") == b"short"
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600


def test_a_failed_write_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder:
        folder.write("f", b"before")
        with pytest.raises(TypeError):
            folder.write("f", "no bytes")  # type: ignore[arg-type]
        assert folder.read("f") == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


@pytest.mark.parametrize("target", ["there", "nowhere"])
def test_a_link_is_neither_read_nor_written(tmp_path: Path, target: str) -> None:
    (tmp_path / "there").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / target)
    with Folder(tmp_path) as folder:
        for attempt in (lambda: folder.read("link"), lambda: folder.write("link", b"x"), lambda: folder.sha256("link")):
            with pytest.raises(OutputError, match="is not a plain file; it is not followed: move it out of the way"):
                attempt()
    assert (tmp_path / "there").read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with Folder(tmp_path) as folder, pytest.raises(OutputError, match="not a plain file"):
        folder.read("pipe")


def test_what_is_missing_is_none_and_may_be_removed(tmp_path: Path) -> None:
    with Folder(tmp_path) as folder:
        assert folder.read("f") is None
        assert folder.sha256("f") is None
        folder.remove("f")


def test_a_folder_of_which_another_process_changes_the_path_stays_the_same(tmp_path: Path) -> None:
    with Folder(tmp_path, "unit") as folder:
        (tmp_path / "unit").rename(tmp_path / "moved")
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "unit").symlink_to(tmp_path / "elsewhere")
        folder.write("f", b"x")
    assert (tmp_path / "moved" / "f").is_file()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_an_error_says_path_reason_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"/file: .*; correct that, then run the same command again$"):
        Folder(tmp_path / "file")


def test_of_several_files_those_before_the_one_that_cannot_be_written_are_there(tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    with Folder(tmp_path) as folder:
        with pytest.raises(OutputError, match="second is not a plain file"):
            folder.write_all({"first": b"1", "second": b"2", "third": b"3"})
        assert folder.read("first") == b"1"
        assert set(folder.names()) == {"first", "second"}
        folder.write_all({"first": b"one", "third": b"3"})
        assert (folder.read("first"), folder.read("third")) == (b"one", b"3")
