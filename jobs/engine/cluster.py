"""Dask workers on other machines: one scheduler, mutual TLS, the ledger on PostgreSQL, one folder that all share.

Tasks go through Dask's `concurrent.futures` executor, so that whatever becomes of workers is `fleet`'s matter as ever.
"""

import json
import logging
import os
import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

import distributed
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker
from distributed.security import Security

from jobs.config import Config, read_credential
from jobs.config.locations import is_loopback
from jobs.config.settings import Certificates
from jobs.engine.task import Done, Task, failed, perform
from jobs.errors import ConfigError, CredentialError, EngineError
from jobs.output.folder import make_folders
from jobs.program import version
from reports.text import so_many

_ANSWER_SECONDS = 10  # for a scheduler, and for the first worker's answer
_RESTART_SECONDS = 60  # for a scheduler that is being restarted
_SIGN = (
    ".cluster-run-{}-{}"  # a file in the output folder for as long as a run lasts: whoever sees it shares the folder
)


class Cluster:
    """The workers of a scheduler. Raises EngineError where they cannot be used, ConfigError for the certificates."""

    lost: tuple[type[BaseException], ...] = (KilledWorker, CommClosedError, OSError)

    def __init__(self, config: Config, output: Path) -> None:
        self._config = config
        self._address = str(config.workers.cluster)
        self._sign = output / _SIGN.format(socket.gethostname(), os.getpid())
        self._client: Any = None
        self._executor: Any = None

    def __enter__(self) -> Self:
        for name in ("distributed", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what it comes to is said by us
        make_folders(self._sign.parent)
        self._sign.touch(mode=0o600)
        try:
            self._connect(_ANSWER_SECONDS)
            self._refuse_unfit()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._sign.unlink(missing_ok=True)
        if self._client is not None:
            with suppress(Exception):
                self._client.close(timeout=2)

    def submit(self, task: Task) -> "Future[Done]":
        there = partial(_perform, sign=str(self._sign), at_once=self._config.vendor.at_once)
        future: Future[Done] = self._executor.submit(there, task)
        return future

    def renew(self) -> None:
        """Connects anew, waiting for a scheduler that is being restarted; workers it sees to itself."""
        with suppress(Exception):
            self._client.close(timeout=2)
        with suppress(EngineError):  # then the tasks' futures say so
            self._connect(_RESTART_SECONDS)

    def stop(self) -> None:
        """Takes back what has not begun. What has begun sees that the sign is gone, and issues nothing any more."""
        self._sign.unlink(missing_ok=True)
        with suppress(Exception):
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _connect(self, patience: float) -> None:
        address, security = self._scheduler(), _security(self._config.workers.tls)
        until = time.monotonic() + patience
        while True:
            try:
                self._client = distributed.Client(
                    address, security=security, timeout=_ANSWER_SECONDS, set_as_default=False
                )
                break
            except (OSError, CommClosedError, ValueError, TypeError) as error:
                if time.monotonic() >= until or "certificate" in str(error).lower():
                    raise EngineError(
                        f"the cluster {address}: {_why(error)}; see that its scheduler runs there and that workers.tls "
                        "are certificates that it accepts, or bill on this machine with --jobs"
                    ) from error
                time.sleep(0.5)
        self._executor = self._client.get_executor(pure=False, retries=0)

    def _scheduler(self) -> str:
        """Its address. Raises EngineError for a file that is of no use, ConfigError for a connection without TLS."""
        if not self._address.startswith("file:"):
            return self._address
        file = self._config.path.absolute().parent / self._address.removeprefix("file:")
        try:
            address = str(json.loads(file.read_text())["address"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EngineError(f"{file}: not the scheduler file of a cluster that runs ({_why(error)})") from error
        if not address.startswith("tls://") and not is_loopback(address.rpartition(":")[0].rpartition("/")[2]):
            raise ConfigError(f"{file}: the scheduler speaks no TLS; without it only one on this machine may be used")
        return address

    def _refuse_unfit(self) -> None:
        """Raises EngineError naming each worker that cannot take part."""
        asked = self._client.submit(_unfit, version(), str(self._sign), pure=False, retries=0)
        try:
            asked.result(timeout=_RESTART_SECONDS)  # an adaptive cluster starts its first worker for it
        except TimeoutError as error:
            raise EngineError(f"the cluster {self._address} has no worker that answers; start some") from error
        except Exception as error:
            raise EngineError(f"the cluster {self._address}: {_other_version(error)}") from error
        answers = self._client.run(_unfit, version(), str(self._sign), on_error="return")
        unfit = [
            f"worker {worker}: {_other_version(answer) if isinstance(answer, BaseException) else answer}"
            for worker, answer in sorted(answers.items())
            if answer
        ]
        if unfit:
            more = f" (and {so_many(len(unfit) - 1, 'other worker')})" if unfit[1:] else ""
            raise EngineError(f"{unfit[0]}{more}")


def _security(files: Certificates | None) -> Any:
    if files is None:
        return None
    for file in (files.ca, files.cert, files.key):
        if not os.access(file, os.R_OK):
            raise ConfigError(f"workers.tls: {file} cannot be read")
    return Security(
        tls_ca_file=str(files.ca),
        tls_client_cert=str(files.cert),
        tls_client_key=str(files.key),
        require_encryption=True,
    )


def _why(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _other_version(error: BaseException) -> str:
    return f"it cannot do what version {version()} asks ({type(error).__name__}); install this version there"


def _unfit(program_version: str, sign: str) -> str | None:
    """On a worker: why it cannot take part."""
    if version() != program_version:
        return f"has version {version()}, the run is of version {program_version}; install the same version everywhere"
    if not Path(sign).exists():
        return f"does not see {Path(sign).parent}; every machine needs the output folder under the same path"
    return None


def _perform(task: Task, *, sign: str, at_once: int) -> Done:
    """On a worker."""
    here = f"worker {socket.gethostname()}"
    if why := _unfit(task.program_version, sign):
        return failed(task, f"{here}: {why}")
    (account,) = task.config.accounts.values()
    try:
        for source in account.sources:
            read_credential(source, os.environ)
    except CredentialError as error:
        return failed(task, f"{here}: {error}")
    return perform(
        task,
        throttle=lambda ledger: ledger.throttle(at_once),
        stopped=lambda: not Path(sign).exists(),
        by_the_ledgers_clock=True,
    )
