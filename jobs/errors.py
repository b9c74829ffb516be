"""What can go wrong in a call, a configuration or a connection, and the exit status it leads to.

    BillingError                 1  says what, where and what to do next, in one line
    ├── UsageError               2  a wrong argument
    ├── ConfigError              2  a wrong configuration; one line for each mistake
    ├── UnitError                1  one account-month cannot be billed as configured
    │   └── CredentialError      1  a credential that cannot be read
    ├── VendorError              1  the vendor's API
    │   ├── CredentialsRefused   1  401 or 403: no retry, other months of that key are skipped
    │   ├── ReplyRefused         1  permanent: asking again would not help
    │   │   └── NotFound         1  404
    │   └── TryAgainLater        1  passing: five tries or the budget are used up
    ├── LedgerError              1
    │   ├── LedgerDamaged        1  the chain of digests is broken: nothing is issued on it
    │   ├── LedgerUnreachable    1  its server is gone, perhaps only for a while
    │   ├── LedgerOutdated       1  files bear numbers that the ledger does not know: it is an older copy
    │   ├── SchemaMismatch       1  a ledger newer than this program
    │   └── ClockSetBack         1  a document would be dated before the newest one
    ├── EngineError          1  a cluster that cannot be used
    ├── OutputError              1  a folder or file that cannot be written
    └── FileRefused              1  a file to be read that is missing, unreadable, or not what it should be

Bad data from the vendor is none of these: it is a finding, a value (`jobs.billing.findings`).
A bug is one line that says where it happened (`jobs.log.bug`), never a traceback: that may quote a row.
"""

from collections.abc import Iterable


def combined(statuses: Iterable[int]) -> int:
    """The exit status of all together: 2, then 1, then 3, then 0 (docs/rules.md §17)."""
    found = set(statuses)
    return next((status for status in (2, 1, 3) if status in found), 0)


class BillingError(Exception):
    exit_status = 1


class UsageError(BillingError):
    exit_status = 2


class ConfigError(BillingError):
    exit_status = 2


class UnitError(BillingError):
    pass


class CredentialError(UnitError):
    pass


class VendorError(BillingError):
    pass


class CredentialsRefused(VendorError):
    pass


class ReplyRefused(VendorError):
    pass


class NotFound(ReplyRefused):
    pass


class TryAgainLater(VendorError):
    """`retry_after`: the seconds for which the vendor asks to be left alone, if it does."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LedgerError(BillingError):
    pass


class LedgerDamaged(LedgerError):
    pass


class LedgerUnreachable(LedgerError):
    pass


class LedgerOutdated(LedgerError):
    pass


class SchemaMismatch(LedgerError):
    pass


class ClockSetBack(LedgerError):
    pass


class EngineError(BillingError):
    pass


class OutputError(BillingError):
    pass


class FileRefused(BillingError):
    pass
