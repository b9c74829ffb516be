"""The two hooks in `deploy/`, called as a run calls them: against a sendmail and a chat that keep what they get."""

import email
import json
import threading
from collections.abc import Iterator
from email import policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from jobs import hooks
from jobs.config.settings import Hook

DEPLOY = Path(__file__).parents[2] / "deploy"
INVOICE = {"kind": "invoice", "number": "ACME-1", "total": "25.00", "currency": "USD", "files": {}}
UNIT = {
    "account": "acme",
    "month": "2016-11",
    "status": "issued",
    "error": None,
    "findings": [],
    "documents": [INVOICE],
}
FAILED = UNIT | {"account": "beta", "status": "failed", "documents": [], "error": 'the vendor said "no"'}


ALERTS = [
    {"code": code, "part": 1, "first_at": "2016-11-08T06:00:00Z", "new": new}
    for code, new in (("allowance-80", False), ("allowance-100", True))
]
GAMMA = UNIT | {"account": "gamma", "status": "draft", "documents": [], "alerts": ALERTS}


def called(hook: Path, *arguments: str, path: str) -> bool:
    command = Hook(frozenset({"failed"}), (str(hook), *arguments))
    environ = {"PATH": path, "HOME": "/nonexistent", "LANG": "C.UTF-8"}
    return hooks.call([command], DEPLOY, [UNIT, FAILED, GAMMA], run_id=3, exit_status=1, environ=environ)


def test_mail_goes_through_the_machines_sendmail(tmp_path: Path) -> None:
    sendmail = tmp_path / "sendmail"
    sendmail.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\ncat > {tmp_path}/mail\n')
    sendmail.chmod(0o755)
    assert called(DEPLOY / "hook-mail", "a@example.com", "b@example.com", path=f"{tmp_path}:/usr/bin:/bin")
    mail = email.message_from_bytes((tmp_path / "mail").read_bytes(), policy=policy.default)
    assert (mail["To"], mail["Subject"]) == ("a@example.com, b@example.com", "securevideo-billing: failed")
    body = mail.get_content()
    assert body.startswith(
        "acme 2016-11: issued\nbeta 2016-11: failed\ngamma 2016-11: draft\n  new alert: allowance-100\n\n"
    )
    assert 'the vendor said \\"no\\"' in body
    assert (tmp_path / "arguments").read_text() == "-t\n"


class _Chat(BaseHTTPRequestHandler):
    given: list[bytes]

    def do_POST(self) -> None:  # the server's name for it
        self.given.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200 if self.path == "/hooks/secret" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def chat() -> Iterator[tuple[str, list[bytes]]]:
    handler = type("Chat", (_Chat,), {"given": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", handler.given
        server.shutdown()
        thread.join()


@pytest.mark.needs("curl")
def test_chat_gets_a_line_a_unit_and_its_address_stays_in_a_file(tmp_path: Path, chat: tuple[str, list[bytes]]) -> None:
    address, given = chat
    file = tmp_path / "chat.curl"
    file.write_text(f'url = "{address}/hooks/secret"\n')
    assert called(DEPLOY / "hook-chat", str(file), path="/usr/bin:/bin")
    units = ("acme 2016-11: issued", "beta 2016-11: failed", "gamma 2016-11: draft, new alert allowance-100")
    assert json.loads(given[0]) == {"text": "\n".join(("securevideo-billing: failed", *units))}
    file.write_text(f'url = "{address}/elsewhere"\n')
    assert not called(DEPLOY / "hook-chat", str(file), path="/usr/bin:/bin")
