"""One installation of the program in a folder of its own: configuration, made-up vendor data, and what lies there."""

import hashlib
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jobs.billing.month import Month

ISSUED_AT = datetime(2016, 12, 5, 6, tzinfo=UTC)  # November 2016 closed on the 4th
KEYS = ("acme", "birch", "cedar", "dogwood")  # of accounts
CREDENTIALS = {f"{key.upper()}_IDENTIFIER": f"{key}-identifier" for key in KEYS} | {"SECRET": "acme-secret"}
NOVEMBER = "2016-11"

_ACCOUNT = """\
  {key}:
    credentials: {{identifier: {{env: {prefix}_IDENTIFIER}}, secret: {{env: SECRET}}}}
    bill_to: {{name: {key} Telehealth LLC}}
    currency: USD
    invoice_prefix: {prefix}
    tax: {{name: Sales tax, rate: 7.25}}
    plans: [{{from: 2014-01-01, name: PLUS, monthly_fee: {fee}, sessions: {{included: {included}, overage: {price}}}}}]
"""


def configuration(
    url: str,
    *,
    ledger: str = "state/ledger.db",
    accounts: Sequence[str] = ("acme",),
    fee: str = "25.00",
    included: int = 3,
    price: str = "5.00",
    more: str = "",
) -> str:
    """`more`: further lines of each account."""
    account = {"fee": fee, "included": included, "price": price}
    return (
        f'ledger: "{ledger}"\nsnapshots: state/snapshots\noutput: out\n'
        f'vendor: {{base_url: "{url}", timeout_seconds: 20, budget_seconds: 60}}\n'
        "issuer: {name: Example Billing LLC}\naccounts:\n"
        + "".join(_ACCOUNT.format(key=key, prefix=key.upper(), **account) + more for key in accounts)
    )


def row(session_id: int, month: str = NOVEMBER, status: str = "BILL", day: int = 3) -> dict[str, Any]:
    billable = Month.parse(month).start + timedelta(days=day - 1, seconds=session_id % 1000)
    at = billable.replace(tzinfo=None).isoformat()
    return {
        "SessionId": session_id,
        "ScheduleTs": at,
        "BillableTs": at,
        "DurationMinutes": 25,
        "BillableStatusCd": status,
        "UserId": 4,
        "UsageDescription": f"Aaron Johnson Session #{session_id} with Nobody Inparticular",
    }


def tiny_month(month: str = NOVEMBER, first_id: int = 1000) -> list[dict[str, Any]]:
    """Five BILL, a COMP: two sessions over the allowance of three."""
    return [*(row(first_id + n, month) for n in range(5)), row(first_id + 5, month, "COMP")]


def data_set(sessions: Iterable[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The same sessions for every account of a site."""
    rows = tiny_month() if sessions is None else list(sessions)
    secret = CREDENTIALS["SECRET"]
    return {"accounts": {key: {"identifier": f"{key}-identifier", "secret": secret, "sessions": rows} for key in KEYS}}


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def contents(folder: Path) -> dict[str, bytes]:
    """Every file's bytes by its place below `folder`."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in files(folder)}


def fingerprint(folder: Path, *, without: str = "") -> str:
    """The same for two folders that a rerun cannot tell apart: names, modes, bytes; but for a process's id in the
    name of a temporary file, and the random number that SQLite mixes into the checksums of its journal."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.name != without):
        name = re.sub(r"\.\d+\.tmp$", ".tmp", str(path.relative_to(folder)))
        content = b"" if path.is_dir() else path.read_bytes()
        content = _without_nonce(content) if name.endswith("-journal") else content
        digest = hashlib.sha256(content).hexdigest()
        whole.update(f"{name}\0{path.stat().st_mode:o}\0{digest}\n".encode())
    return whole.hexdigest()


def _without_nonce(journal: bytes) -> bytes:
    """https://sqlite.org/fileformat.html §3: header of a sector, then page number, page, checksum a record."""
    if len(journal) < 28:
        return journal
    _, _, _, _, sector, page = struct.unpack(">8sIIIII", journal[:28])
    masked = bytearray(journal)
    masked[12:16] = bytes(4)
    for checksum in range(sector + 4 + page, len(journal) - 3, page + 8) if sector and page else ():
        masked[checksum : checksum + 4] = bytes(4)
    return bytes(masked)
