"""The web server in front of the receiver: nginx itself, with the example of `deploy/`, over TLS."""

import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests import tools
from tests.jobs.webhook.receiver import PATH, SECRET, Answer, Receiver, answer, configured, event, request

EXAMPLE = Path(__file__).parents[2] / "deploy" / "nginx-webhook.conf"
NGINX = tools.found("nginx")
HOST = "billing.example.com"

pytestmark = pytest.mark.needs("nginx")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def nginx(folder: Path, receiver_port: int) -> Iterator[int]:
    """The example with a certificate and ports of its own; gives the port. What it writes is below `folder`."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    of_host = authority.issue_cert(HOST)
    of_host.private_key_pem.write_to_path(folder / "key.pem")
    for part in of_host.cert_chain_pems:
        part.write_to_path(folder / "chain.pem", append=True)
    port = free_port()
    changes = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "127.0.0.1:8084": f"127.0.0.1:{receiver_port}",
        f"/etc/ssl/private/{HOST}.pem": str(folder / "chain.pem"),
        f"/etc/ssl/private/{HOST}.key": str(folder / "key.pem"),
    }
    text = EXAMPLE.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    paths = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    logs = f"access_log {folder}/access.log;\nerror_log {folder}/error.log info;\n"
    whole = f"daemon off;\nmaster_process off;\npid {folder}/pid;\nevents {{}}\nhttp {{\n{paths}{logs}{text}}}\n"
    (folder / "nginx.conf").write_text(whole)
    command = [str(NGINX), "-c", str(folder / "nginx.conf"), "-e", str(folder / "first-error.log")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    with subprocess.Popen(command) as running:
        try:
            yield port
        finally:
            running.terminate()


def send(folder: Path, port: int, whole: bytes) -> Answer:
    trusted = ssl.create_default_context(cafile=folder / "ca.pem")
    end = time.monotonic() + 20
    while True:
        try:
            plain = socket.create_connection(("127.0.0.1", port), timeout=20)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.05)
    with plain, trusted.wrap_socket(plain, server_hostname=HOST) as connection:
        connection.sendall(whole)
        return answer(connection)


def test_events_pass_and_neither_secret_nor_body_is_written_down(tmp_path: Path) -> None:
    front = tmp_path / "nginx"
    front.mkdir()
    large = event(2, Attributes=[{"AttributeName": "x", "AttributeValue": "Trevor Stamp" * 4000}])
    with Receiver(configured(tmp_path)) as receiver, nginx(front, receiver.port) as port:
        assert send(front, port, request(event(1))).status == 204
        assert send(front, port, request(large)).status == 204
        assert send(front, port, request(event(3), f"{PATH}x")).status == 404
        assert send(front, port, request(b"x" * (64 * 1024 + 1))).status == 413
        assert send(front, port, request(b"", "/healthz", method="GET")).status == 404
        assert [session_id for (session_id,) in receiver.stored("session_id")] == [1, 2]
        receiver.stop()
        assert send(front, port, request(event(4))).status == 502, "which asks the sender to try again"
        receiver.start()
        assert send(front, port, request(event(4))).status == 204
    written = b"".join(file.read_bytes() for file in front.rglob("*") if file.is_file() and file.suffix != ".pem")
    assert SECRET.encode() not in written
    assert b"Trevor Stamp" not in written


def test_it_names_no_other_port_than_that_of_the_receiver() -> None:
    assert re.findall(r"proxy_pass (\S+);", EXAMPLE.read_text()) == ["http://127.0.0.1:8084"]
