"""`accept`: a person takes responsibility for a finding that keeps a month from being issued (docs/rules.md §4.4)."""

import getpass

import click

from jobs.billing.acceptance import OF_SESSIONS, READ_AS, Acceptance, in_words, minutes_seen
from jobs.billing.decide import decide
from jobs.billing.month import Month
from jobs.commands.console import say
from jobs.commands.opening import existing_ledger, open_snapshots
from jobs.commands.options import VENDOR_ID, MonthRange, chosen_accounts, one_account, single_month
from jobs.commands.program import PROGRAM, now, version
from jobs.config import Account, Config
from jobs.errors import UsageError
from jobs.ledger.store import Ledger
from jobs.replay import Archive, as_a_run_gathers
from reports.findings import kind_of

_LONGEST = 300  # characters of a name or reason, which stand in a cell of the workbook


@click.command()
@one_account
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", required=True)
@click.option("--code", metavar="CODE", required=True, help=f"Of the finding: {', '.join(READ_AS)}.")
@click.option("--session", type=VENDOR_ID, metavar="ID", help="The finding's session, where it has one.")
@click.option(
    "--reason", metavar="TEXT", required=True, help="Appears in every file of the document: do not name a patient."
)
@click.option("--by", metavar="NAME", help="Who accepts it. Default: the login name.")
@click.pass_context
def accept(
    ctx: click.Context,
    *,
    account: str,
    month: tuple[Month, ...],
    code: str,
    session: int | None,
    reason: str,
    by: str | None,
) -> None:
    """Accept a finding of a month's newest reply, by name and for a reason, so that `run` can issue the month.

    It holds for what the vendor has sent, not for what comes later, and cannot be taken back.
    """
    _refuse_unacceptable(code, session)
    name, why = _plain("--by", by or _login_name()), _plain("--reason", reason)
    config = ctx.obj.config()
    (configured,) = chosen_accounts(config, [account])
    with existing_ledger(config) as ledger:
        said = _accepted(
            config, ledger, configured, single_month(month), code=code, session=session, by=name, reason=why
        )
    say(said)


def _refuse_unacceptable(code: str, session: int | None) -> None:
    """Raises UsageError where no reading of the finding would be sound, or the wrong thing is named."""
    if code not in READ_AS:
        kind = kind_of(code)
        if kind is None:
            why = "there is no such finding"
        elif kind.severity == "blocking":
            why = "only the vendor or the configuration can say what is right there"
        else:
            why = "it holds no month back"
        raise UsageError(f"--code: {code} cannot be accepted: {why}; these can: {', '.join(READ_AS)}")
    if code in OF_SESSIONS and session is None:
        raise UsageError(f"--session: {code} is a session's finding; name the session")
    if code not in OF_SESSIONS and session is not None:
        raise UsageError(f"--session: {code} is a finding on the whole reply; leave --session out")


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as error:  # the latter until Python 3.12
        raise UsageError("--by: this process has no login name; give the name of whoever accepts it") from error


def _plain(option: str, text: str) -> str:
    """Raises UsageError."""
    text = text.strip()
    if not text:
        raise UsageError(f"{option}: is empty; it is what the documents will say")
    if len(text) > _LONGEST or not text.isprintable():
        raise UsageError(f"{option}: write one line of at most {_LONGEST} characters, without control characters")
    return text


def _accepted(
    config: Config,
    ledger: Ledger,
    account: Account,
    month: Month,
    *,
    code: str,
    session: int | None,
    by: str,
    reason: str,
) -> str:
    """Notes the acceptance and says so. Raises UsageError where the month's newest reply has no such finding."""
    where = f"{account.key} {month}"
    gathered = as_a_run_gathers(
        Archive(ledger, open_snapshots(config)), config, account, month, now=now(), program_version=version()
    )
    if gathered is None:
        raise UsageError(f"{where}: nothing was fetched yet; `{PROGRAM} run --account {account.key} --month {month}`")
    of_session = f" of session {session}" if session else ""
    findings = decide(gathered).findings
    if not any((one.code, one.session_id) == (code, session) for one in findings):
        there = ", ".join(sorted({one.code for one in findings})) or "none"
        at = f"{gathered.setting.snapshot.fetched_at:%Y-%m-%d %H:%M} UTC"
        raise UsageError(f"{where}: no finding {code}{of_session} in the reply of {at}; findings there: {there}")
    sha256 = gathered.setting.snapshot.sha256
    seen = sha256 if session is None else minutes_seen(gathered.rows, session)
    for one in gathered.accepted:
        if (one.code, one.session_id, one.seen) == (code, session, seen):
            return f"{where}: {code}{of_session} was already accepted, {in_words(one)}"
    given = Acceptance(code, session, seen, by, now().date(), reason)
    ledger.accept(account.key, str(month), given)
    adjust = " --adjust" if gathered.issued else ""
    again = f"{PROGRAM} run --account {account.key} --month {month}{adjust}"
    return f"{where}: {code}{of_session} is accepted{READ_AS[code]} {in_words(given)}\nto go on: `{again}`"
