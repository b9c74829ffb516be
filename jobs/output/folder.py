"""Files as they must be written here: whole or not at all, private, never through a symbolic link.

A file is written under a temporary name in its own folder, synced, renamed; then the folder is synced. A process
killed in between leaves at most a temporary file, which the next `locked` holder of the folder sweeps away. Snapshots
have a folder of their own for these (`shared`): theirs hold too many files to look through.
"""

import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from jobs.errors import OutputError

FOLDER_MODE = 0o700
_TEMPORARY = (".", ".tmp")  # how the name of a temporary file begins and ends
_BLOCK = 1 << 20


def make_folders(path: Path) -> None:
    """Creates what is missing of `path`, all of it for its owner only. Raises OSError."""
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():  # not `parents=True`: that leaves the folders above to the umask
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def next_stem(names: Iterable[str], begin: str) -> str:
    """`begin` with the next running number of the files whose names begin so."""
    found = (re.fullmatch(rf"{re.escape(begin)}([0-9]{{1,9}})\.\w+", name) for name in names)
    return f"{begin}{max((int(one[1]) for one in found if one), default=0) + 1}"


class Folder:
    """An open folder: everything in it is reached through its descriptor, so nobody can swap the path underneath."""

    def __init__(self, path: Path, *below: str) -> None:
        """Opens `path`/below…, creating what is missing with mode 0700. No part of `below` may be a symbolic link.

        Raises OutputError.
        """
        self.path = path.joinpath(*below)
        with _explained(path):
            make_folders(path)
            self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for depth, name in enumerate(below, 1):
                self._descend(name, path.joinpath(*below[:depth]))
        except BaseException:
            self.close()
            raise

    def _descend(self, name: str, path: Path) -> None:
        with _explained(path):
            with suppress(FileExistsError):
                os.mkdir(name, FOLDER_MODE, dir_fd=self._fd)
                os.fsync(self._fd)
            if stat.S_ISLNK(os.stat(name, dir_fd=self._fd, follow_symlinks=False).st_mode):
                raise OutputError(f"{path} is a symbolic link; it is not followed: put a real folder in its place")
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._fd)
        os.close(self._fd)
        self._fd = inner

    def close(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Waits until no other process holds this folder; sweeps what a killed one left behind."""
        with _explained(self.path):
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        try:
            self._sweep()
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Holds this folder along with whoever else does; where nobody does, sweeps what a killed process left behind.

        No `locked` holder is there meanwhile. Nobody waits for those who share it.
        """
        with _explained(self.path):
            with suppress(OSError):  # somebody else has it, or a file system of the network has no such lock
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._sweep()
            fcntl.flock(self._fd, fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def _sweep(self) -> None:
        for name in self._temporary_files():
            self.remove(name)

    def names(self) -> list[str]:
        """What the folder holds, in no order. Raises OutputError."""
        with _explained(self.path):
            return os.listdir(self._fd)  # noqa: PTH208  # a descriptor, not a path

    def _temporary_files(self) -> list[str]:
        begin, end = _TEMPORARY
        return [name for name in self.names() if name.startswith(begin) and name.endswith(end)]

    def write(self, name: str, content: bytes, mode: int = 0o600) -> None:
        """Puts `content` under `name`, over what is there. Raises OutputError, and then nothing has changed."""
        self.write_all({name: content}, mode)

    def write_by(self, incoming: Self, name: str, content: bytes) -> None:
        """The same, the temporary file being in another folder of the file system, which somebody else sweeps."""
        self._put(name, content, 0o600, incoming)
        with _explained(self.path):
            os.fsync(self._fd)

    def write_all(self, contents: Mapping[str, bytes], mode: int = 0o600) -> None:
        """Puts each content under its name, over what is there, in their order; the folder is synced once.

        Raises OutputError; then those before the one that could not be written are there.
        """
        for name, content in contents.items():
            self._put(name, content, mode, self)
        with _explained(self.path):
            os.fsync(self._fd)

    def _put(self, name: str, content: bytes, mode: int, incoming: Self) -> None:
        self._refuse_link(name)
        begin, end = _TEMPORARY
        temporary = f"{begin}{name}.{os.getpid()}-{os.urandom(4).hex()}{end}"  # other hosts have the same process ids
        with _explained(self.path / name):
            try:
                incoming._write_synced(temporary, content, mode)
                os.rename(temporary, name, src_dir_fd=incoming._fd, dst_dir_fd=self._fd)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=incoming._fd)
                raise

    def _write_synced(self, name: str, content: bytes, mode: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with open(os.open(name, flags, 0o600, dir_fd=self._fd), "wb") as file:  # noqa: PTH123  # a descriptor, not a path
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())

    def _refuse_link(self, name: str) -> None:
        with _explained(self.path / name), suppress(FileNotFoundError):
            if not stat.S_ISREG(os.stat(name, dir_fd=self._fd, follow_symlinks=False).st_mode):
                raise OutputError(f"{self.path / name} is not a plain file; it is not followed: move it out of the way")

    def read(self, name: str) -> bytes | None:
        """The content of `name`, or None where there is no such file. Raises OutputError."""
        self._refuse_link(name)
        with _explained(self.path / name), suppress(FileNotFoundError):
            fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=self._fd)
            with open(fd, "rb") as file:  # noqa: PTH123  # a descriptor, not a path
                return file.read()
        return None

    def sha256(self, name: str) -> str | None:
        content = self.read(name)
        return None if content is None else hashlib.sha256(content).hexdigest()

    def remove(self, name: str) -> None:
        """Removes `name` if it is there. Raises OutputError."""
        with _explained(self.path / name), suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._fd)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise OutputError(f"{path}: {reason}; correct that, then run the same command again") from error
