"""Spreading a month's documents over the customer's cost centres, to the minor unit (docs/allocation.md). Pure.

splitting    one amount over weights            usage       what each centre and host used, part by part
charging     lines and tax over the centres     adjusting   differences and sums of allocations

Whole minor units and exact fractions; nothing is rounded but by `split`, once a line and once for tax.
"""

from jobs.billing.allocation.adjusting import difference, whole
from jobs.billing.allocation.charging import Allocated, Billed, allocate
from jobs.billing.allocation.splitting import split

__all__ = ["Allocated", "Billed", "allocate", "difference", "split", "whole"]
