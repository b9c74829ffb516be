"""Where a run's accounts are billed: in several processes on this machine, or on a cluster.

task     one account of a run as a value, and what comes of it       pool       processes here; preload: their imports
fleet    all of them, whatever becomes of workers                    cluster    Dask workers on other machines

Nothing else in `jobs` knows where it runs.
"""

import logging
from collections.abc import Generator, Sequence
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType

from jobs import monthly
from jobs.engine import fleet
from jobs.engine.task import Clock, Task
from jobs.monthly import Job, Outcome, Unit

log = logging.getLogger(__name__)


def run(job: Job, units: Sequence[Unit], *, size: int) -> Generator[Outcome, None, None]:
    """What becomes of the units, in their order: on the configured cluster, else in `size` processes here.

    Raises EngineError where the cluster cannot be used.
    """
    if job.config.workers.cluster is not None:
        from jobs.engine.cluster import Cluster

        with Cluster(job.config, job.output) as cluster:
            yield from fleet.outcomes(cluster, _tasks(job, units))
        return
    from jobs.engine.pool import Pool

    try:
        pool = Pool(size, job.config.vendor.at_once)
    except (OSError, ImportError) as error:  # no shared memory, as in some containers
        log.warning("no worker processes can be had (%s): accounts are billed one after another", error)
        yield from monthly.run(job, units)
        return
    yield from fleet.outcomes(pool, _tasks(job, units))


def _tasks(job: Job, units: Sequence[Unit]) -> list[Task]:
    """One for each account; the run has begun then."""
    run_id, level = job.ledger.begin(), logging.getLogger("jobs").getEffectiveLevel()
    clock = Clock.set_to(job.now())
    return [
        Task(
            config=replace(job.config, accounts=MappingProxyType({key: job.config.accounts[key]})),
            months=tuple(month for _, month in of_account),
            output=job.output,
            run_id=run_id,
            program_version=job.program_version,
            draft=job.draft,
            adjust=job.adjust,
            level=level,
            clock=clock,
        )
        for key, of_account in groupby(units, key=lambda unit: unit[0].key)
    ]
