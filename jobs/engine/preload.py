"""What a worker process needs, imported once by the process that all of them are forked from."""

import gc
import os

from reports import formats

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads would not survive a fork

from jobs.engine import task as task  # noqa: PLC0414  # after the variable is set
from jobs.monthly import issuing as issuing  # noqa: PLC0414  # what a settled month does without
from jobs.securevideo import history as history  # noqa: PLC0414

for _name in formats.by_default():
    formats.loaded(_name)
gc.collect()
gc.freeze()
