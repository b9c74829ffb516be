"""Whose sessions were billed under which key, so that nobody is billed twice under two (docs/rules.md §14.6).

Two things tie another key to an account: its invoice prefix, which stands in the numbers, and its credentials. Of those
the ledger keeps HMAC-SHA-256 of the identifier under the secret as its key. The secret is long and random and stands
nowhere in the ledger, so that who has the ledger alone can neither read the identifier nor try guesses at it, as he
could against a plain or salted digest of a text as short as an identifier. A renewed pair has another fingerprint: each
that an account is billed with is noted.

What is tied is compared by SessionId, the vendor's own and the same under every key; only with the same month and its
neighbours, and only with tied accounts: no more than a few documents, however large the ledger. Accounts that nothing
ties are not compared: their SessionIds are as different as their customers.
"""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Row, func, literal_column, select

from jobs.billing.month import Month
from jobs.errors import UnitError
from jobs.ledger.renames import keys_of
from jobs.ledger.rows import ALL, newest_of_each_month
from jobs.ledger.schema import PREFIX, credentials, documents, numbers
from reports.document import Document

if TYPE_CHECKING:
    import pandas as pd

    from jobs.ledger.frames import Ids


def fingerprint(identifier: str, secret: str) -> str:
    """The same for the same key pair, and of no use to anyone who has not got the secret."""
    return hmac.new(secret.encode(), identifier.encode(), hashlib.sha256).hexdigest()


def is_noted(connection: Connection, account: str, pair: str) -> bool:
    """Whether the account is known to have been billed with the key pair of this fingerprint."""
    of_account = credentials.c.account.in_(keys_of(connection, account)) & (credentials.c.fingerprint == pair)
    return connection.execute(select(credentials.c.id).where(of_account).limit(1)).first() is not None


def refuse_prefix(connection: Connection, account: str, prefix: str) -> None:
    """Raises UnitError where invoices of another account have numbers with this prefix, in capitals or not."""
    others = numbers.c.account.not_in(keys_of(connection, account)) & (numbers.c.series == "invoice")
    same = literal_column(PREFIX) == func.lower(f"{prefix}-")
    query = select(numbers.c.account, numbers.c.number).where(others, same).limit(1)
    for key, number in connection.execute(query):
        other, *_ = keys_of(connection, key)
        raise UnitError(
            f"account {account}: the invoice prefix {prefix} is that of account {other}, which has {number}; "
            f"if {account} is {other} renamed: securevideo-billing rename {other} {account}; "
            f"if it is another account, give it another invoice_prefix"
        )


def refuse_counted(
    connection: Connection,
    document: Document,
    sessions: "pd.DataFrame",
    *,
    pair: str | None,
    counted: "Callable[[int], Ids]",
) -> None:
    """Raises UnitError where one of the sessions was counted under the key of an account tied to the document's.

    Those that the document's month was issued with are left out. `pair`: the fingerprint of the credentials; `counted`
    gives the SessionIds of a document.
    """
    account, month = document.account, document.month
    tied = _tied(connection, account, pair)
    if not tied:
        return
    import numpy as np

    ids = sessions["session_id"].to_numpy(np.int64)
    if own := newest_of_each_month(connection, account, ALL).get(month):
        ids = np.setdiff1d(ids, counted(own))
    for row_id, key, of_month in _newest_around(connection, tied, month):
        both = np.intersect1d(ids, counted(row_id))
        if both.size:
            other, *_ = keys_of(connection, key)
            several = f"{both.size} sessions of {month}, the first of them {both[0]}, were"
            which = f"session {both[0]} of {month} was" if both.size == 1 else several
            raise UnitError(
                f"account {account}: {which} billed under the account "
                f"{other}, in {of_month}; nobody is billed twice: if {account} is {other} renamed: "
                f"securevideo-billing rename {other} {account}; if it is another account, correct its credentials, "
                "or remove the account from the configuration"
            )


def _newest_around(connection: Connection, accounts: Sequence[str], month: str) -> Sequence[Row[int, str, str]]:
    """Id, account and month of the newest documents of the month and its neighbours."""
    around = [str(Month.parse(month).plus(months)) for months in (-1, 0, 1)]
    of_accounts = documents.c.account.in_(accounts) & documents.c.month.in_(around)
    newest = select(func.max(documents.c.id)).where(of_accounts).group_by(documents.c.account, documents.c.month)
    rows = select(documents.c.id, documents.c.account, documents.c.month).where(documents.c.id.in_(newest))
    return connection.execute(rows.order_by(documents.c.id)).all()


def _tied(connection: Connection, account: str, pair: str | None) -> list[str]:
    found = connection.execute(select(credentials.c.account).where(credentials.c.fingerprint == pair).distinct())
    keys = {key for one in found.scalars().all() for key in keys_of(connection, one)}
    return sorted(keys - set(keys_of(connection, account)))
