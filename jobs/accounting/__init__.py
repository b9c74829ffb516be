"""Issued documents as entries for a company's books (docs/accounting.md).

entries   what is booked        tables   as CSV for general ledgers and QuickBooks
text      as plain-text accounting, which strict free programs check
"""

from jobs.accounting.entries import entries
from jobs.accounting.tables import journal, quickbooks
from jobs.accounting.text import beancount, hledger

FORMATS = {"journal": journal, "quickbooks": quickbooks, "beancount": beancount, "hledger": hledger}

__all__ = ["FORMATS", "entries"]
