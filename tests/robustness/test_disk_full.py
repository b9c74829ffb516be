"""A disk that is full or may not be written to, at any write: the unit fails with path and reason, the next run heals.

strace makes the N-th call of each kind fail with ENOSPC: once (`when=N`), and from there on (`when=N+`, as on a disk
that stays full). Claimed: exit 1 (or 0, where the call did not matter) and never a traceback; where the run failed,
a line on stderr that says where and why; each file under a final name is whole; the same command, once there is room,
exits 0 with the very files of an undisturbed run and no leftovers. A full file system (tmpfs) and a folder without
write permission, for a process that is not root, are the same story without strace.
"""

import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from jobs.simulator.simulator import Simulator
from tests.robustness.installation import Ground, Installation
from tests.robustness.processes import EFFECTS, HERE, Call, Process, at_call
from tests.robustness.test_killed import ADJUST, AT_ONCE, RENDER, RUN, Trial, calls_of, trial

FAILING = re.compile(
    r"(p?writev?(64)?|rename(at2?)?|mkdir(at)?|fsync|fdatasync|ftruncate|link(at)?)\(|open(at)?\(.*O_CREAT"
)
EVERY_NTH = 2  # of the calls of each kind on files, unless --every-syscall
EVERY_NTH_OF_LEDGER = 20  # likewise on the ledger and its journal
REASON = re.compile(
    "no space left on device|disk is full|disk i/o error|permission denied"
    "|unable to open database file|readonly database"
)


def fails_readably(process: Process, place: Installation, where: object, *, mute: bool = False) -> None:
    """`mute`: stderr lies on the full disk too."""
    errors = process.stderr
    assert process.status == 1, (where, process.status, errors)
    assert "Traceback" not in errors, (where, errors)
    assert "internal error" not in errors, (where, errors)
    assert mute or any(REASON.search(line.lower()) and str(place.folder) in line for line in errors.splitlines()), (
        where,
        errors,
    )


def full_at(attempt: Trial, call: Call, *, on: bool) -> bool:
    """Whether the call's failure made the run fail."""
    place = attempt.start.copy()
    where = f"{'full from' if on else 'full at'} {call}"
    process = place.run(*attempt.command, strace=at_call(call.name, call.nth, "error=ENOSPC", on=on))
    if process.status:
        fails_readably(process, place, where, mute=on and call.name == "write")
    attempt.is_whole(place, where)
    attempt.heals_once(place, where)
    place.remove()
    return process.status != 0


@pytest.mark.needs("strace")
@pytest.mark.parametrize("command", [RUN, ADJUST, RENDER], ids=["run", "adjust", "render"])
def test_a_disk_that_fills_up_at_any_write_fails_the_unit_and_the_next_run_heals(
    on_sqlite: Ground, vendor: Simulator, command: Sequence[str], every_syscall: bool
) -> None:
    """See the module's docstring."""
    with trial(on_sqlite, vendor, command, every_state=every_syscall) as attempt:
        calls = calls_of(attempt.start, command, EFFECTS)
        chosen = [
            call
            for call in calls
            if FAILING.match(call.text)
            and "/site-" in call.text
            and "/processes/" not in call.text  # where stdout and stderr go
            and (every_syscall or call.nth % (EVERY_NTH_OF_LEDGER if "ledger.db" in call.text else EVERY_NTH) == 0)
        ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            failed = list(pool.map(lambda call: full_at(attempt, call, on=False), chosen))
            staying = [call for call in chosen if call.name != "openat"][:: 1 if every_syscall else 3]  # it reads, too
            failed += list(pool.map(lambda call: full_at(attempt, call, on=True), staying))
        assert sum(failed) > len(failed) / 3


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("a file system cannot be mounted here, as root may: disks that are really full")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("where", ["out", "state", "state/snapshots"])
@pytest.mark.parametrize("free", [4, 24, 88])
def test_on_a_really_full_disk_the_unit_fails_and_with_room_again_it_heals(
    on_sqlite: Ground, vendor: Simulator, where: str, free: int
) -> None:
    """`free`: KiB. Where that is enough, the run is done; else it says path and reason, and heals with room."""
    place = on_sqlite.install(vendor.url)
    with small_disk(place.folder / where, f"{free + 512}k"):
        ballast = place.folder / where / "ballast"
        with ballast.open("wb") as file:
            file.write(bytes(512 * 1024))
        process = place.run(*RUN)
        if process.status:
            fails_readably(process, place, (where, free))
        ballast.unlink()
        assert place.run(*RUN).status == 0
        assert place.numbers() == ["ACME-201611-0001"]
        assert place.leftovers() == []
        place.is_proven()


@cache
def ordinary_user() -> int:
    """One who is not root, who may write anywhere, and may read this program: it may lie in somebody's home."""
    if user := os.geteuid():
        return user
    reads = ["ls", HERE / "jobs", sysconfig.get_path("purelib")]
    for user in (65534, HERE.stat().st_uid):
        if user and not subprocess.run(reads, user=user, capture_output=True, check=False).returncode:
            return user
    pytest.skip("only root may read this program: folders without write permission")


@pytest.mark.parametrize("where", ["out", "out/acme", "out/acme/2016-11", "state", "state/snapshots"])
def test_a_folder_without_write_permission_fails_the_unit_until_it_may_be_written(
    on_sqlite: Ground, vendor: Simulator, where: str
) -> None:
    place = on_sqlite.install(vendor.url)
    on_sqlite.folder.chmod(0o711)
    (place.folder / where).mkdir(parents=True)
    user = ordinary_user()
    for path in (place.folder, *place.folder.rglob("*")):
        os.chown(path, user, -1)
    (place.folder / where).chmod(0o500)
    process = place.run(*RUN, user=user)
    fails_readably(process, place, where)
    (place.folder / where).chmod(0o700)
    assert place.run(*RUN, user=user).status == 0
    assert place.numbers() == ["ACME-201611-0001"]
    place.is_proven()
