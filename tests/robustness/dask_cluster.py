"""A Dask scheduler and workers on loopback, with certificates of our own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme


@dataclass(slots=True)
class Cluster:
    """`tls`: the files for the configuration's `workers.tls`."""

    folder: Path
    port: int
    tls: dict[str, str]
    scheduler: "subprocess.Popen[bytes] | None" = None
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"tls://127.0.0.1:{self.port}"

    def _start(
        self, program: str, *arguments: str, environ: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        files = [f"--tls-{name}={self.tls[key]}" for name, key in (("ca-file", "ca"), ("cert", "cert"), ("key", "key"))]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", *files, *arguments],
                cwd=self.folder,
                env=os.environ | {"DASK_LOGGING__DISTRIBUTED": "error"} | dict(environ or {}),
                stdout=log,
                stderr=log,
            )

    def start_scheduler(self) -> None:
        self.scheduler = self._start("dask_scheduler", "--host=127.0.0.1", f"--port={self.port}", "--no-dashboard")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.scheduler.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)
        raise AssertionError("the scheduler does not answer")

    def start_worker(self, environ: Mapping[str, str] | None = None) -> None:
        """With a nanny, which starts it again when it is killed, and one thread."""
        options = ("--nthreads=1", "--no-dashboard", f"--local-directory={self.folder}", "--host=127.0.0.1")
        self.workers.append(self._start("dask_worker", self.address, *options, environ=environ))

    def working(self) -> list[int]:
        """The processes that perform tasks: the nannies' children."""
        found = []
        for nanny in self.workers:
            for child in Path(f"/proc/{nanny.pid}/task/{nanny.pid}/children").read_text().split():
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"resource_tracker" not in command:
                    found.append(int(child))
        return found

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            if process is not None and process.poll() is None:
                process.terminate()
        for process in (*self.workers, self.scheduler):
            if process is not None:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def certificates(folder: Path, name: str) -> dict[str, str]:
    """Of an authority of their own: ca, cert, key."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    files = {key: str(folder / f"{name}-{key}.pem") for key in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(files["ca"])
    issued.private_key_pem.write_to_path(files["key"])
    Path(files["cert"]).write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    return files


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = Cluster(folder, port, certificates(folder, "ours"))
    try:
        found.start_scheduler()
        for _ in range(workers):
            found.start_worker()
        yield found
    finally:
        found.stop()
