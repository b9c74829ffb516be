"""Real processes of the program, started through the fork server, and strace on them."""

import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.robustness.site import CREDENTIALS, ISSUED_AT

HERE = Path(__file__).parents[2]
PATIENCE = 60  # seconds that one process may take

# What can change a disk, or comes before such a call; "?": not known on every processor.
EFFECTS = ",".join(
    f"?{name}"
    for name in (
        *("open", "openat", "creat", "close", "write", "writev", "pwrite64", "pwritev", "sendfile", "copy_file_range"),
        *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat"),
        *("mkdir", "mkdirat", "rmdir", "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat"),
        *("fsync", "fdatasync", "sync_file_range", "ftruncate", "truncate", "fallocate", "flock", "utimensat"),
    )
)
TALK = "?sendto,?sendmsg"  # what a server gets to know


@dataclass(slots=True)
class Process:
    """A process of the program; `status` is negative where a signal ended it."""

    pid: int
    folder: Path  # of its gate, stdout and stderr
    server: "ForkServer"
    tracer: "subprocess.Popen[bytes] | None" = None
    status: int | None = None
    gate: int | None = None

    def release(self) -> None:
        gate = os.open(self.folder / "gate", os.O_RDWR)  # not only to write: that would wait for a reader
        os.write(gate, b".")
        self.gate = gate

    def wait(self) -> int:
        """Its exit status."""
        if self.status is None:
            fd = os.pidfd_open(self.pid)
            try:
                over, _, _ = select.select([fd], [], [], PATIENCE)
                if not over:
                    os.kill(self.pid, 9)
                    raise AssertionError(f"still running after {PATIENCE} s: {self.stderr}")
            finally:
                os.close(fd)
            self.status = self.server.ask(do="reap", pid=self.pid)["status"]
            if self.gate is not None:
                os.close(self.gate)
            if self.tracer:
                self.tracer.communicate(timeout=PATIENCE)
        return self.status

    @property
    def stdout(self) -> str:
        return (self.folder / "stdout").read_text()

    @property
    def stderr(self) -> str:
        return (self.folder / "stderr").read_text()

    def calls(self) -> list[str]:
        """What strace wrote down: a line a system call."""
        return (self.folder / "strace").read_text().splitlines()


@dataclass(slots=True)
class ForkServer:
    process: "subprocess.Popen[bytes]"
    scratch: Path
    lock: Any = field(default_factory=threading.Lock)
    started: int = 0

    def ask(self, **order: object) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        with self.lock:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
            answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def start(
        self,
        site: Path,
        *args: str,
        now: datetime = ISSUED_AT,
        strace: Sequence[str] = (),
        held: bool = False,
        environ: Mapping[str, str] | None = None,
        user: int | None = None,
    ) -> Process:
        """Starts `securevideo-billing ARGS` in `site`; `held`: only up to its first step, until `release`."""
        with self.lock:
            self.started += 1
            folder = self.scratch / str(self.started)
        folder.mkdir()
        os.mkfifo(folder / "gate")
        order = {"args": args, "folder": str(site), "now": now.isoformat(), "gate": str(folder / "gate"), "user": user}
        pid = self.ask(do="start", environ={**CREDENTIALS, **(environ or {})}, **order)["pid"]
        process = Process(pid, folder, self)
        if strace:
            process.tracer = _attached(pid, folder, strace)
        if not held:
            process.release()
        return process

    def run(self, site: Path, *args: str, **how: Any) -> Process:
        """The same, ended."""
        process = self.start(site, *args, **how)
        process.wait()
        return process


def _attached(pid: int, folder: Path, how: Sequence[str]) -> "subprocess.Popen[bytes]":
    tracer = subprocess.Popen(
        ["strace", "-q", "-y", "-o", str(folder / "strace"), *how, "-p", str(pid)], stderr=subprocess.PIPE
    )
    until = time.monotonic() + PATIENCE
    while "TracerPid:\t0" in (status := Path(f"/proc/{pid}/status").read_text()):
        if tracer.poll() is not None or time.monotonic() > until:
            assert tracer.stderr
            raise AssertionError(f"strace cannot attach: {tracer.stderr.read().decode()} {status}")
        time.sleep(0.0005)
    return tracer


@contextmanager
def fork_server(scratch: Path) -> Iterator[ForkServer]:
    scratch.mkdir(exist_ok=True)
    scratch.chmod(0o711)  # the processes of another user reach their gate below it
    command = [sys.executable, "-m", "tests.robustness.forkserver"]
    with subprocess.Popen(command, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b'"ready"\n'
        yield ForkServer(process, scratch)
        assert process.stdin
        process.stdin.close()


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of syncs cost nothing there."""
    memory = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="billing-", dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def at_call(name: str, nth: int, what: str, *, on: bool = False) -> list[str]:
    """strace's options that do `what` at the `nth` (from 1) call of `name`; `on`: at each one from there."""
    return ["-e", f"trace={name}", "-e", f"inject={name}:{what}:when={nth}{'+' if on else ''}"]


def copied(source: Path, to: Path) -> Path:
    return Path(shutil.copytree(source, to, symlinks=True))


@dataclass(frozen=True, slots=True)
class Call:
    """The `nth` (from 1) call of `name` in a process's life, as strace wrote it down."""

    name: str
    nth: int
    text: str


def numbered(calls: Sequence[str]) -> list[Call]:
    seen: Counter[str] = Counter()
    found = []
    for text in calls:
        if name := re.match(r"(\w+)\(", text):
            seen[name[1]] += 1
            found.append(Call(name[1], seen[name[1]], text))
    return found
