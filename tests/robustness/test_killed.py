"""kill -9 at every system call of a run, and the same command again: nothing is lost, nothing is done twice.

Each kill is a real SIGKILL of a real process, which strace sends on the entry of the N-th call, before that takes
place. The processes are forked from one that has imported everything (`forkserver`), so that the calls counted are
those of the run itself.

Claimed after the kill: whatever stands under a final name is whole: as the undisturbed run leaves it, or as it was.
Claimed after the rerun: exit 0; the very numbers and the very files, byte for byte, of an undisturbed run; `verify`
finds nothing; no temporary file, no journal is left anywhere.

Between two calls that change the disk, a kill leaves the same disk whenever it strikes. So the rerun is done once
for each *state* that a kill left (names, modes, bytes, rows; a ledger in SQLite as its recovery leaves it, with which
each rerun begins), and each kill is checked to have left a state that is known to heal.

`make test` only samples: with the ledger in SQLite it kills at every call that changes a name (renames, removals), at
every third of the others that change a file, at every sixth page that SQLite writes, and at some of the others; on
PostgreSQL at a twelfth of those and of the calls that tell the server something.
`pytest tests/robustness --every-syscall` kills at each call of every kind, on both, and reruns before recovery too.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs.simulator.simulator import Simulator
from tests.robustness.installation import Ground, Installation
from tests.robustness.processes import EFFECTS, TALK, Call, at_call, numbered
from tests.robustness.site import CREDENTIALS, NOVEMBER, contents, data_set, row, tiny_month

pytestmark = pytest.mark.needs("strace")

RUN = ("run", "--month", NOVEMBER)
ADJUST = (*RUN, "--adjust")
RENDER = ("render",)
EVERY_NTH_OTHER = 15
EVERY_NTH_CHANGE = 3
EVERY_NTH_PAGE = 6  # of those that SQLite writes: between two of them is its own atomic commit
EVERY_NTH_ON_POSTGRESQL = 12
AT_ONCE = 2  # this machine's cores
NAMES = re.compile(r"(rename(at2?)?|unlink(at)?|link(at)?)\(")
CHANGES = re.compile(
    r"(p?writev?(64)?|rename(at2?)?|unlink(at)?|mkdir(at)?|ftruncate|fchmod|link(at)?|send(to|msg))\("
    r"|open(at)?\(.*O_CREAT"
)


def changed_month() -> list[dict[str, Any]]:
    first, second, *others = tiny_month()
    return [{**first, "BillableStatusCd": "COMP"}, {**second, "BillableStatusCd": "COMP"}, *others, row(1010)]


def install(ground: Ground, vendor: Simulator, command: Sequence[str]) -> Installation:
    """An installation ready for `command`, which has not been given yet."""
    made = ground.install(vendor.url)
    if command == RUN:
        return made
    assert made.run(*RUN).status == 0
    if command == ADJUST:
        vendor.data = data_set(changed_month())
        assert made.run(*RUN).status == 3  # draft adjustment and restatement lie there
    if command == RENDER:
        for file in made.output.rglob("ACME*"):
            file.write_bytes(b"altered") if file.suffix in (".html", ".xlsx") else file.unlink()
    return made


@dataclass(slots=True)
class Trial:
    """A command, what it starts from and what it leads to undisturbed; and the states known to heal."""

    command: Sequence[str]
    start: Installation
    end: Installation
    end_files: dict[str, bytes]
    start_files: dict[str, bytes]
    every_state: bool = False
    healed: set[str] = field(default_factory=set)
    proven: set[str] = field(default_factory=set)

    def killed_at(self, call: Call) -> bool:
        """Kills on the entry of `call`, heals, checks; whether the process got that far."""
        place = self.start.copy()
        process = place.run(*self.command, strace=at_call(call.name, call.nth, "signal=KILL"))
        if process.status != 0:
            where = f"killed at {call}"
            assert process.status == -9, (where, process.stderr)
            self.is_whole(place, where)
            self.heals_once(place, where)
        place.remove()
        return process.status != 0

    def heals_once(self, place: Installation, where: str) -> None:
        state = place.fingerprint() if self.every_state else place.state()
        if state not in self.healed:
            self.heals(place, where)
            self.healed.add(state)

    def is_whole(self, place: Installation, where: str) -> None:
        """Under each final name is what was there before, or what the undisturbed run puts there."""
        for name, content in contents(place.folder).items():
            if name.endswith("summary.json"):  # rewritten each time: a failed unit's is another one, and whole too
                assert json.loads(content)["schema"], where
            elif name.endswith("/index.html"):
                assert content.endswith(b"</html>\n"), where
            elif name.startswith(("out/", "state/snapshots/")) and not name.endswith(".tmp"):
                assert content in (self.start_files.get(name), self.end_files.get(name)), f"{name} is half; {where}"

    def heals(self, place: Installation, where: str) -> None:
        again = place.run(*self.command)
        assert again.status == 0, (where, again.stderr)
        found = contents(place.folder)
        final = {name for name in self.end_files if "/ACME-" in name}
        differing = [name for name in final if found.get(name) != self.end_files[name]]
        assert not differing, (differing, where)
        surplus = {name for name in found if name.startswith(("out/", "state/snapshots/"))} - set(self.end_files)
        assert not surplus, where
        assert place.leftovers() == [], where
        assert place.numbers() == self.end.numbers(), where
        taken = place.rows("SELECT number FROM numbers ORDER BY id")
        assert taken == self.end.rows("SELECT number FROM numbers ORDER BY id"), where
        if (state := place.fingerprint()) not in self.proven:
            place.is_proven()
            self.proven.add(state)


@contextmanager
def trial(ground: Ground, vendor: Simulator, command: Sequence[str], *, every_state: bool = False) -> Iterator[Trial]:
    start = install(ground, vendor, command)
    end = start.copy()
    process = end.run(*command)
    assert (process.status, process.stderr) == (0, "")
    end.is_proven()
    yield Trial(command, start, end, contents(end.folder), contents(start.folder), every_state)
    start.remove()
    end.remove()


def calls_of(start: Installation, command: Sequence[str], kinds: str) -> list[Call]:
    """What an undisturbed run calls, in order."""
    place = start.copy()
    process = place.run(*command, strace=["-e", f"trace={kinds}", "-e", "signal=none"])
    place.remove()
    return numbered(process.calls())


def sampled(number: int, call: Call) -> bool:
    if call.name == "pwrite64":
        return call.nth % EVERY_NTH_PAGE == 0
    if CHANGES.match(call.text):
        return bool(NAMES.match(call.text)) or call.nth % EVERY_NTH_CHANGE == 0
    return number % EVERY_NTH_OTHER == 0


@pytest.mark.parametrize("command", [RUN, ADJUST, RENDER], ids=["run", "adjust", "render"])
def test_a_process_killed_at_any_system_call_is_finished_by_the_next(
    ground: Ground, vendor: Simulator, command: Sequence[str], every_syscall: bool
) -> None:
    """See the module's docstring."""
    with trial(ground, vendor, command, every_state=every_syscall) as attempt:
        kinds = "all" if every_syscall else f"{EFFECTS},{TALK}" if ground.postgresql else EFFECTS
        calls = calls_of(attempt.start, command, kinds)
        chosen = [call for number, call in enumerate(calls) if every_syscall or sampled(number, call)]
        if ground.postgresql and not every_syscall:
            chosen = chosen[::EVERY_NTH_ON_POSTGRESQL]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            killed = sum(pool.map(attempt.killed_at, chosen))
        print(f"{len(calls)} calls, {killed} kills, {len(attempt.healed)} states that heal")  # pytest -rP shows it
        assert killed > len(chosen) * 0.95


@pytest.mark.parametrize(
    "call", ["renameat:signal=KILL:when=2", "unlink:signal=KILL:when=4", "fsync:signal=KILL:when=9"]
)
def test_a_cold_process_killed_is_finished_by_the_next(on_sqlite: Ground, vendor: Simulator, call: str) -> None:
    """The installed command itself, started from nothing: the witness that forked processes are no other."""
    vendor.clock = lambda: datetime.now(UTC)
    place = on_sqlite.install(vendor.url)
    program = Path(sys.executable).with_name("securevideo-billing")
    strace = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={call}"]
    killed = subprocess.run([*strace, program, *RUN], cwd=place.folder, env=os.environ | CREDENTIALS, check=False)
    assert killed.returncode == -9
    again = place.run(*RUN, now=datetime.now(UTC))
    assert again.status == 0, again.stderr
    assert place.numbers() == ["ACME-201611-0001"]
    assert place.leftovers() == []
    place.is_proven()
