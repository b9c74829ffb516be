"""A process that has the whole program imported and warm, and forks a real `securevideo-billing` process on demand.

Starting Python and importing pandas costs over a second; a fork of this costs some 10 ms, so that hundreds of
processes can be killed. A forked process differs from a cold one only in that it imports nothing: it parses its
arguments, reads its configuration, opens its ledger and talks HTTP as any other, and exits with the same status.

One JSON object a line comes in on stdin, one goes out on stdout for each:

    {"do": "start", "args": […], "folder": "…", "environ": {…}, "now": "2016-12-05T06:00:00+00:00", "gate": "path"}
        → {"pid": 123}   it waits at the gate, a named pipe, until somebody writes to that
    {"do": "reap", "pid": 123} → {"status": 0}   negative: the signal that ended it

Its stdout and stderr are the files `stdout` and `stderr` beside the gate.
"""

import ctypes
import gc
import json
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import time_machine

from jobs.commands import group
from jobs.simulator.simulator import Simulator
from tests.robustness.site import configuration, data_set

_PR_SET_PTRACER = 0x59616D61


def _warm_up(url: str) -> None:
    """Bills, reruns, proves and renders once, so that everything is imported and cached."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.yaml").write_text(configuration(url))
        os.environ |= {"ACME_IDENTIFIER": "warm-identifier", "SECRET": "warm-secret"}
        for command in (["run", "--month", "2016-11"], ["run", "--month", "2016-11"], ["verify"], ["render"]):
            group.main(["--config", str(folder / "config.yaml"), *command], standalone_mode=False)


def _start(order: dict[str, Any], inherited: tuple[int, ...]) -> int:
    """Gives the process's id once it waits at its gate."""
    there, here = os.pipe()
    pid = os.fork()
    if pid:
        os.close(here)
        os.read(there, 1)
        os.close(there)
        return pid
    try:
        for fd in (*inherited, there):
            os.close(fd)
        _become(order, here)
    except SystemExit as end:
        _leave(end.code if isinstance(end.code, int) else int(end.code is not None))
    except BaseException:  # noqa: BLE001  # as the interpreter would
        sys.excepthook(*sys.exc_info())
        _leave(1)
    _leave(0)
    raise AssertionError


def _leave(status: int) -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = 120  # as the interpreter
    os._exit(status)


def _become(order: dict[str, Any], ready: int) -> None:
    gate = Path(order["gate"])
    waiting = os.open(gate, os.O_RDWR)
    for fd, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(gate.with_name(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), fd)
    os.chdir(order["folder"])
    os.environ |= order["environ"]
    sys.argv = ["securevideo-billing", *order["args"]]
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)  # strace may attach, whoever runs it
    if (user := order.get("user")) and user != os.geteuid():
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    with time_machine.travel(datetime.fromisoformat(order["now"]), tick=False):
        os.close(ready)
        os.read(waiting, 1)
        group.main(order["args"], prog_name="securevideo-billing")


def serve() -> None:
    orders, answers = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    with Simulator({"accounts": {"warm": data_set()["accounts"]["acme"]}}) as vendor:
        vendor.data = {"accounts": {"warm": {**data_set()["accounts"]["acme"], "identifier": "warm-identifier"}}}
        vendor.data["accounts"]["warm"]["secret"] = "warm-secret"
        vendor.data = vendor.data
        _warm_up(vendor.url)
    gc.collect()
    gc.freeze()  # as the installed command does: what is imported is looked through no more, nor copied for a process
    os.write(answers, b'"ready"\n')
    with open(orders, "rb", closefd=False) as lines:  # a descriptor, not a path
        for line in lines:
            order = json.loads(line)
            if order["do"] == "start":
                answer = {"pid": _start(order, (orders, answers))}
            else:
                answer = {"status": os.waitstatus_to_exitcode(os.waitpid(order["pid"], 0)[1])}
            os.write(answers, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    serve()
