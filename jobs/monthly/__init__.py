"""One account-month from the vendor's reply to the files: gather, decide, apply; and the loop over all of them.

loop      the units, one after another            job      what they are given
issuing   decided together, and posted at once    placing  their files
"""

from jobs.monthly.job import Job
from jobs.monthly.loop import Outcome, Unit, run, units

__all__ = ["Job", "Outcome", "Unit", "run", "units"]
