"""A child process, measured whole: wall time and peak memory.

Linux counts what a process held before `exec` towards its peak, the copy of its parent included: whoever measures
must itself stay small. So nothing that `compare` imports loads pandas, and the vendor runs elsewhere.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

PROJECT = Path(__file__).parent.parent
KIB_A_MIB = 1024


class ChildFailed(Exception):
    """A measured program ended with another exit status than 0."""


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float  # wall time from its start to its end
    cpu_seconds: float  # what it and the system worked for it: less moved by a busy machine
    peak_mib: float  # of its resident memory
    output: str  # what it wrote to stdout


def child(arguments: Sequence[str | Path], environ: Mapping[str, str]) -> Measured:
    """Runs a program in the project's folder to its end. Raises ChildFailed with what it wrote to stderr."""
    with TemporaryFile() as output, TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [*map(str, arguments)],
            cwd=PROJECT,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            told = errors.read().decode(errors="replace").strip() or "it wrote nothing to stderr"
            raise ChildFailed(f"{' '.join(map(str, arguments))} ended with exit status {process.returncode}: {told}")
        return Measured(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB_A_MIB, output.read().decode())
