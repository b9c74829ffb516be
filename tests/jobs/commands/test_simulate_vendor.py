"""`simulate-vendor` as a process: what it says and refuses. What it serves is in `vendor/test_simulator.py`."""

import base64
import json
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.company import PROGRAM, row


@contextmanager
def _simulating(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its URL, which is its first line."""
    command = [PROGRAM, "simulate-vendor", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def _get(url: str, identifier: str, secret: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url)  # noqa: S310  # loopback
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{identifier}:{secret}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_its_url_serves_and_stops_quietly(stop: signal.Signals) -> None:
    with _simulating() as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("account lakeside: Basic authentication, identifier ")
        identifier, secret = said.split("identifier ")[1].strip().split(", secret ")
        status, body = _get(f"{url}history?month=2016-11-01", identifier, secret)
        assert status == 200
        assert len(json.loads(body)) > 30
        assert _get(f"{url}history?month=2016-11-01", identifier, "wrong")[0] == 401
        process.send_signal(stop)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")


def test_a_data_file_is_served_and_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_text(json.dumps({"accounts": {"acme": {"identifier": "id", "secret": "s3cret", "sessions": [row(1)]}}}))
    with _simulating("--data", str(file)) as (process, url):
        status, body = _get(f"{url}history?month=2016-11-01", "id", "s3cret")
        assert (status, [one["SessionId"] for one in json.loads(body)]) == (200, [1])
        file.write_text('{"accounts": ')
        assert _get(f"{url}history?month=2016-11-01", "id", "s3cret")[0] == 500
        process.terminate()
        said, errors = process.communicate(timeout=10)
    assert f"{file}: is not JSON" in errors
    assert "s3cret" not in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory; a readable JSON file is needed"),
        ("{", "is not JSON"),
        ("[]", "must be an object"),
        ('{"accounts": {"acme": {"identifier": "id"}}}', "secret"),
        ('{"accounts": {}, "faults": [{"kind": "nope"}]}', "faults.0: a fault is an"),
    ],
)
def test_a_broken_data_file_is_one_line_and_exit_status_2(tmp_path: Path, content: str | None, reason: str) -> None:
    file = tmp_path / "data.json"
    if content is not None:
        file.write_text(content)
    command = [PROGRAM, "simulate-vendor", "--port", "0", "--data", file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"securevideo-billing: {file}: ")
    assert reason in line


def test_a_port_in_use_is_one_line_and_exit_status_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [PROGRAM, "simulate-vendor", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    message = f"port {port} on 127.0.0.1: Address already in use; choose another port, or 0 for any"
    assert done.stderr == f"securevideo-billing: {message}\n"
