"""Which cost centre each session of a month belongs to."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.allocation import UNALLOCATED, Assigned, in_order


def centres_of(sessions: pd.DataFrame, assigned: Sequence[Assigned]) -> pd.Categorical:
    """Each session's centre: its host's on the UTC day of its BillableTs. Categories are in order, all of them used."""
    codes, hosts = pd.factorize(sessions["host_id"].to_numpy(np.int64))
    names = in_order({*(one.centre for one in assigned), UNALLOCATED})
    by_day = _by_day(dict(zip(hosts.tolist(), range(len(hosts)), strict=True)), assigned, names)
    days = sessions["billable_at"].dt.day.to_numpy(np.int64)
    found = by_day[codes, days] if len(sessions) else np.zeros(0, dtype=np.int32)
    centres: pd.Categorical = pd.Categorical.from_codes(found, dtype=pd.CategoricalDtype(names))
    return centres.remove_unused_categories()


def _by_day(rows: Mapping[int, int], assigned: Iterable[Assigned], names: Sequence[str]) -> npt.NDArray[np.int32]:
    """The code of the centre of each host's row on each day of the month, from 1; unallocated where nothing is said."""
    code = {name: number for number, name in enumerate(names)}
    table = np.full((len(rows), 32), code[UNALLOCATED], dtype=np.int32)
    for one in assigned:
        if (row := rows.get(one.host_id)) is not None:
            table[row, one.from_.day : one.to.day + 1] = code[one.centre]
    return table
