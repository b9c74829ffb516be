"""What one account-month asks of the vendor, each reply kept as a snapshot before anything reads it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import msgspec

from jobs.billing.enrichment import Enrichment, to_ask
from jobs.billing.findings import finding
from jobs.billing.month import Month
from jobs.config import Account, Config, read_credential
from jobs.errors import CredentialsRefused, VendorError
from jobs.ledger.identity import fingerprint
from jobs.ledger.snapshots import Digests, Snapshots
from jobs.ledger.store import Ledger
from jobs.securevideo import statuses
from jobs.securevideo.client import Budget, Client, Credentials, Endpoint, Reply, Throttle
from reports.document import Finding

if TYPE_CHECKING:
    import pandas as pd

    from jobs.securevideo.history import Received

CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Fetched:
    reply: "Reply[Received]"  # History
    digests: Digests  # its bytes
    enrichment: Enrichment
    attached: Mapping[str, Digests]  # the bytes that `enrichment` was read from, by kind


@dataclass(frozen=True, slots=True)
class Settled:
    """History is, to the byte, what the month's newest document was made of: there is nothing to read or to decide."""

    reply: Reply[None]


class AccountVendor:
    """The vendor as one account sees it during one run: one client, and the list of hosts is asked for once."""

    def __init__(
        self,
        config: Config,
        account: Account,
        ledger: Ledger,
        *,
        environ: Mapping[str, str],
        now: Callable[[], datetime],
        throttle: Throttle = ExitStack,
    ) -> None:
        self._throttle = throttle
        self._config, self._account, self._ledger = config, account, ledger
        self._environ, self._now = environ, now
        self._snapshots = Snapshots(config.snapshots)
        self._hosts: list[bytes | None] = []  # the list once it was asked for
        self._groups: list[bytes | None] = []  # likewise, of the groups
        self._refusal: str | None = None  # why the vendor let the account in no more
        self._client: Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        if self._client is not None:
            self._client.__exit__(*details)

    def fingerprint(self) -> str:
        """Of the key pair, for the ledger (`jobs.ledger.identity`). Raises CredentialError."""
        return fingerprint(*credentials_of(self._account, self._environ))

    def fetch(self, month: Month, settled: str | None) -> Fetched | Settled:
        """`settled`: the SHA-256 of the History that the month's newest document was made of, if that still holds.

        Raises VendorError, CredentialError, OutputError; only History can fail, the rest explains. Once the credentials
        were refused nothing is asked any more.
        """
        if self._refusal is not None:
            raise VendorError(f"skipped: {self._refusal}")
        try:
            return self._fetch(month, settled)
        except CredentialsRefused as refused:
            self._refusal = str(refused)
            raise

    def _fetch(self, month: Month, settled: str | None) -> Fetched | Settled:
        budget = Budget.of(self._config.vendor.budget_seconds)
        digests: list[Digests] = []

        def keep_and_read(body: bytes) -> "Received | None":
            digests.append(self._snapshots.keep(body))
            return None if digests[-1].sha256 == settled else self._read(body)

        if self._client is None:
            self._client = client_of(self._config, self._account, self._environ, self._now, self._throttle)
        reply = self._client.history(month, keep_and_read, budget=budget)
        if reply.content is None and not any(clock_skew(reply)):
            return Settled(Reply(None, reply.received_at, reply.served_at))
        received = reply.content or self._read(self._snapshots.load(digests[-1].sha256))
        attachments = self._attachments(self._client, month, received, budget)
        attached = {kind: self._snapshots.keep(body) for kind, body in attachments.items()}
        whole = Reply(received, reply.received_at, reply.served_at)
        return Fetched(whole, digests[-1], statuses.read(attachments), attached)

    def _read(self, body: bytes) -> "Received":
        from jobs.securevideo import history  # on pandas, which a settled month does not wait for

        return history.read(body, keep_participants=self._config.participants == "full")

    def _attachments(self, client: Client, month: Month, received: "Received", budget: Budget) -> dict[str, bytes]:
        from jobs.billing.counting import counted

        if not self._hosts:
            self._hosts.append(statuses.list_of_hosts(client, budget))
        attachments = {"hosts": self._hosts[0]} if self._hosts[0] is not None else {}
        if (groups := self._groups_of(client, budget)) is not None:
            attachments["groups"] = groups
        billed_elsewhere = self._ledger.billed_elsewhere(self._account.key, str(month))
        rows, hooked = received.rows, self._account.webhook_secret is not None
        if not hooked:  # then nothing is asked of sessions that have a duration
            rows = rows[rows["session_id"].isin(rows.loc[rows["minutes"].isna(), "session_id"])]
        sessions = counted(rows, month, billed_elsewhere, received.findings)
        if unknown := to_ask(sessions):
            most = self._config.vendor.status_lookups
            attachments["statuses"] = statuses.to_json(statuses.statuses(client, unknown, most=most, budget=budget))
        if hooked:
            import numpy as np

            listed = np.concatenate([received.rows["session_id"].to_numpy(np.int64), *billed_elsewhere.values()])
            attachments["events"] = statuses.to_json(self._events(month, sessions, unknown, listed.tolist()))
        return attachments

    def _groups_of(self, client: Client, budget: Budget) -> bytes | None:
        """Of the groups that cost centres depend on, asked for once; None where none do, or they cannot be had."""
        rules = self._account.terms.allocation
        if not self._groups and rules is not msgspec.UNSET and "group" in rules.by:
            from jobs.securevideo import groups

            self._groups.append(groups.named(client, rules.groups, budget))
        return self._groups[0] if self._groups else None

    def _events(self, month: Month, sessions: "pd.DataFrame", unknown: list[int], listed: list[int]) -> statuses.Hints:
        events, key = self._ledger.webhook_events, self._account.key
        billable = sessions["session_id"].tolist()
        found = events.counts(key, billable=billable, listed=listed, begin=month.start, end=month.end)
        estimates = events.estimated_minutes(key, unknown)
        return statuses.Hints(dict(sorted(estimates.items())), found.without_event, found.ended_unlisted)


def clock_skew(reply: Reply[Any]) -> Iterator[Finding]:
    """Tells where our clock and the vendor's are too far apart."""
    if reply.served_at is not None and abs(reply.served_at - reply.received_at) > CLOCK_TOLERANCE:
        ours, theirs = (f"{at:%Y-%m-%d %H:%M:%S} UTC" for at in (reply.received_at, reply.served_at))
        text = f"this machine's clock says {ours}, the vendor's {theirs}"
        yield finding("clock-skew", None, text)


def client_of(
    config: Config,
    account: Account,
    environ: Mapping[str, str],
    now: Callable[[], datetime],
    throttle: Throttle = ExitStack,
) -> Client:
    """The vendor's API as the account sees it. Raises CredentialError."""
    vendor = config.vendor
    endpoint = Endpoint(
        vendor.base_url,
        vendor.timeout_seconds,
        vendor.budget_seconds,
        vendor.max_reply_mib,
        ca_file=vendor.ca_file,
        proxy=vendor.proxy,
    )
    identifier, secret = account.credentials.identifier, account.credentials.secret
    pair = Credentials(*credentials_of(account, environ), f"{identifier.place} and {secret.place}")
    return Client(endpoint, pair, account=account.key, now=now, throttle=throttle)


def credentials_of(account: Account, environ: Mapping[str, str]) -> tuple[str, str]:
    """Identifier and secret. Raises CredentialError."""
    pair = account.credentials
    return read_credential(pair.identifier, environ), read_credential(pair.secret, environ)
