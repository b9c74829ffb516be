"""Webhook events as the receiver leaves them in a company's ledger."""

from datetime import UTC, datetime

from jobs.ledger.webhook_events import WebhookEvent, WebhookEvents
from tests.company import Company


def tell(company: Company, session_id: int, status: str, at: str, *, account: str = "acme", came: str = "") -> None:
    """An event of `at`, that came then or at `came` (ISO 8601, UTC where they name no offset)."""
    happened, received = (_instant(instant) for instant in (at, came or at))
    hooks = WebhookEvents.open(company.folder / "state" / "ledger.db", wait_seconds=5)
    digest = f"{session_id} {status} {at} {came}"
    hooks.add([WebhookEvent(account, digest, "SESSION_STATUS", session_id, status, happened, received)])
    hooks.close()


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
