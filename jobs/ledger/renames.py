"""An account under another key than before. Rows keep the key that they were written under, as do their files."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from jobs.errors import UnitError, UsageError
from jobs.ledger.schema import documents, events, renames, snapshots


def present_keys(in_order: Iterable[Any]) -> dict[str, str]:
    """The key that each account ever renamed has now, by every key that it had. `in_order`: rows of `renames`."""
    present: dict[str, str] = {}
    for row in in_order:
        former = [key for key, now in present.items() if now == row["old"]]
        present |= dict.fromkeys([*former, row["old"], row["new"]], row["new"])
    return present


def present_key_by_key(connection: Connection) -> dict[str, str]:
    return present_keys(connection.execute(select(renames).order_by(renames.c.id)).mappings().all())


def keys_of(connection: Connection, account: str) -> tuple[str, ...]:
    """Every key of the account that has or had this one, the present one first."""
    present = present_keys(_touching(connection, account))
    now = present.get(account, account)
    return (now, *(key for key, then in present.items() if then == now and key != now))


def _touching(connection: Connection, account: str) -> Sequence[Any]:
    """The renames of the account that has or had this key, in order."""
    found: Sequence[Any] = ()
    keys, before = {account}, set[str]()
    while keys != before:
        either = renames.c.old.in_(keys) | renames.c.new.in_(keys)
        found = connection.execute(select(renames).where(either).order_by(renames.c.id)).mappings().all()
        before, keys = keys, keys.union(*((row["old"], row["new"]) for row in found))
    return found


def accounts(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The keys that the ledger has rows under, by what the account is called now; in order."""
    present = present_key_by_key(connection)
    keys = {key for table in (documents, snapshots, events) for key in _keys_in(connection, table)}
    found: dict[str, list[str]] = {}
    for key in sorted(keys):
        found.setdefault(present.get(key, key), []).append(key)
    return {account: tuple(found[account]) for account in sorted(found)}


def chosen(connection: Connection, named: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Those of `accounts` that have or had one of these keys; all, where none is named. Raises UsageError."""
    known = accounts(connection)
    if not named:
        return known
    now = {key: account for account, keys in known.items() for key in (account, *keys)}
    if unknown := [key for key in named if key not in now]:
        raise UsageError(f"the ledger holds nothing of {unknown[0]}; `securevideo-billing history` shows what it holds")
    wanted = {now[key] for key in named}
    return {account: keys for account, keys in known.items() if account in wanted}


def _keys_in(connection: Connection, table: Any) -> Iterable[str]:
    return connection.execute(select(table.c.account).distinct()).scalars()


def home(connection: Connection, account: str, month: str) -> str:
    """The key under which a month of the account is kept: that of its documents, else of its first snapshot."""
    now, *former = keys_of(connection, account)
    if former:
        for table in (documents, snapshots):
            of_month = table.c.account.in_([now, *former]) & (table.c.month == month)
            query = select(table.c.account).where(of_month).order_by(table.c.id).limit(1)
            if found := connection.execute(query).scalar_one_or_none():
                return str(found)
    return now


def homes(connection: Connection, known: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """By account and month, in order, the key that it is kept under (`home`). `known`: keys and months with rows."""
    present = present_key_by_key(connection)
    found: dict[tuple[str, str], str] = {}
    for key, month in sorted(known):
        now = present.get(key, key)
        found[now, month] = key if (now, month) not in found else home(connection, now, month)
    return dict(sorted(found.items()))


def refuse_former(connection: Connection, account: str) -> None:
    """Raises UnitError for a key that an account no longer has."""
    now, *_ = keys_of(connection, account)
    if now != account:
        raise UnitError(
            f"account {account} was renamed to {now} in the ledger; rename it in the configuration too, "
            f"or undo that: securevideo-billing rename {now} {account}"
        )


def refuse_rename(connection: Connection, old: str, new: str) -> None:
    """Raises UsageError where `old` is no account of the ledger, or `new` is another one."""
    keys, others = keys_of(connection, old), keys_of(connection, new)
    if keys[0] != old:
        raise UsageError(f"account {old} is called {keys[0]} now; rename that one")
    if old == new:
        raise UsageError(f"account {old} already has that key")
    if not any(_holds(connection, table, keys) for table in (documents, snapshots, events)):
        raise UsageError(f"the ledger holds nothing of {old}; `securevideo-billing history` shows what it holds")
    if others[0] == old:
        return
    if others[0] != new:
        raise UsageError(f"{new} was once the key of the account {others[0]}; choose another one")
    if _holds(connection, documents, others):
        raise UsageError(
            f"documents were issued under {new} already, and two series of numbers cannot become one; "
            "choose another key"
        )


def _holds(connection: Connection, table: Any, keys: Sequence[str]) -> bool:
    return connection.execute(select(table.c.id).where(table.c.account.in_(keys)).limit(1)).first() is not None
