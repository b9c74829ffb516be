"""The command line: what it needs, what it says, and what `history` makes of what it received."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import company
from tests.company import PROGRAM, Company, row
from tests.jobs.webhook.receiver import SECRET, Receiver, configured, event
from tests.robustness import postgresql

NO_PACKAGE = "import sys; sys.modules['{}'] = None; from jobs.commands.group import main; main()"


def with_webhook(folder: Path) -> dict[str, object]:
    (folder / "acme-webhook").write_text(SECRET)
    return company.account("acme", webhook={"secret": {"file": "acme-webhook"}})


@contextmanager
def receiving(folder: Path) -> Iterator[Receiver]:
    """The program itself, not its parts."""
    command: list[str | Path] = [PROGRAM, "--config", folder / "config.yaml", "-v", "webhook", "--port", "0"]
    log = folder / "receiver-log"
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as running,
    ):
        assert running.stdout is not None
        announced = running.stdout.readline()
        receiver = Receiver(folder / "config.yaml")
        receiver.port = int(announced.split(":")[2].partition("/")[0])
        assert announced == f"http://127.0.0.1:{receiver.port}/webhooks/<account>/<secret> for acme\n"
        yield receiver
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
    assert SECRET not in log.read_text()
    assert "Traceback" not in log.read_text()


def test_history_tells_of_a_month_that_may_have_changed_until_it_is_looked_at_again(tmp_path: Path) -> None:
    with Company(tmp_path, [row(1), row(2)], accounts={"acme": with_webhook(tmp_path)}) as clinic:
        assert clinic.run("run", "--month", "2016-11").exit_code == 0
        time.sleep(1.1)  # the ledger notes whole seconds
        with receiving(tmp_path) as receiver:
            assert receiver.send(event(99, EventTs="2016-11-03T10:00:00")).status == 204
            assert [month["may_have_changed"] for month in json.loads(clinic.run("history", "--json").stdout)] == [
                False
            ]
            assert receiver.send(event(2, "ENDED", EventTs="2016-12-09T10:00:00")).status == 204
            assert [month["may_have_changed"] for month in json.loads(clinic.run("history", "--json").stdout)] == [True]
            assert "may have changed: webhooks have reported its sessions since" in clinic.run("history").stdout
            assert clinic.run("verify").exit_code == 0
            time.sleep(1.1)
            assert clinic.run("run", "--month", "2016-11").exit_code == 0
        assert "may have changed" not in clinic.run("history").stdout
        assert clinic.summary()["status"] == "unchanged", "an event is a hint: no money, no document"


@pytest.mark.parametrize("package", ["uvicorn", "starlette"])
def test_without_its_extra_it_says_how_to_install_it(tmp_path: Path, package: str) -> None:
    config = configured(tmp_path)
    command: list[str | Path] = [
        sys.executable,
        "-c",
        NO_PACKAGE.format(package),
        "--config",
        config,
        "webhook",
        "--port",
        "0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"{package} is not installed" in done.stderr
    assert "pip install 'securevideo-billing[webhook]'" in done.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with Company(tmp_path, accounts={"acme": with_webhook(tmp_path)}) as clinic:
            done = clinic.run("webhook", "--port", str(port))
    assert done.exit_code == 2
    assert f"port {port} on 127.0.0.1: Address already in use" in done.stderr


def test_no_account_with_a_secret_is_a_wrong_configuration(tmp_path: Path) -> None:
    with Company(tmp_path, [row(1)]) as clinic:
        done = clinic.run("webhook", "--port", "0")
    assert done.exit_code == 2
    assert "no account has a webhook.secret that can be read" in done.stderr


@pytest.mark.parametrize(
    "secret", ["", "tooshort-1234567", "x" * 257, "with/a/slash/and?a=query", "näh-nicht-in-einer-url"]
)
def test_a_secret_that_is_short_or_no_part_of_a_url_is_refused(tmp_path: Path, secret: str) -> None:
    secret = secret[:-1] if secret.startswith("tooshort") else secret
    with Company(tmp_path, accounts={"acme": with_webhook(tmp_path)}) as clinic:
        (tmp_path / "acme-webhook").write_text(secret)
        checked, served = clinic.run("check"), clinic.run("webhook", "--port", "0")
    assert (checked.exit_code, served.exit_code) == (2, 2)
    for done in (checked, served):
        assert "account acme: webhook secret from file" in done.stderr
        assert not secret or secret not in done.stderr


def test_an_account_whose_secret_cannot_be_read_keeps_no_other_from_receiving(tmp_path: Path) -> None:
    config = configured(tmp_path)
    (tmp_path / "secrets" / "other-webhook").unlink()
    with Receiver(config) as receiver:
        assert receiver.send(event()).status == 204
        assert receiver.send(event(), f"/webhooks/other/{SECRET[::-1]}").status == 404
        receiver.stop()
    assert "account other: webhook secret from file" in receiver.log


def test_a_postgresql_ledger_that_is_down_is_503_until_it_is_back(tmp_path: Path) -> None:
    with postgresql.server() as server:
        name = server.new_database()
        config = configured(tmp_path, ledger=server.url(name), snapshots="snapshots")

        def allow(allowed: str) -> None:
            with server.connect() as connection:
                connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}")
                query = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
                connection.execute(query)

        with Receiver(config) as receiver:
            assert receiver.send(event(1)).status == 204
            allow("false")
            assert receiver.send(event(2)).status == 503
            assert receiver.send(b"", "/healthz", method="GET").status == 503
            allow("true")
            assert receiver.send(event(2)).status == 204
            assert receiver.send(event(1)).status == 204
        stored = server.rows(name, "SELECT session_id FROM webhook_events ORDER BY received_at")
        assert [session_id for (session_id,) in stored] == [1, 2]
