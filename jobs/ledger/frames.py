"""A month's rated sessions as bytes and back: exact, compact, the same bytes for the same frame.

A NumPy archive of the columns: integers (instants as microseconds since 1970, UTC), categories as codes with
their names, texts as JSON. No UsageDescription text is in it unless the frame holds participants. NumPy and pandas are
imported where sessions are packed or unpacked: what else the ledger holds is read without them.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from reports.document import ESTIMATE_COLUMNS, PARTICIPANT_COLUMNS, Part
from reports.stored import plain

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Arrays = dict[str, npt.NDArray[Any]]
    Ids = npt.NDArray[np.int64]

_LEVEL = 1  # of deflate: a tenth larger than level 6, and six times as fast
UNKNOWN = -1  # minutes are never negative in a rated frame


def pack(sessions: "pd.DataFrame") -> bytes:
    """`sessions`: `reports.document.SESSION_COLUMNS`."""
    import numpy as np

    arrays: Arrays = {name: sessions[name].to_numpy(np.int64) for name in ("session_id", "host_id")}
    for name in ("scheduled_at", "billable_at"):
        arrays[name] = sessions[name].dt.as_unit("us").astype("int64").to_numpy(np.int64)
    arrays["minutes"] = sessions["minutes"].fillna(UNKNOWN).to_numpy(np.int32)
    arrays["ordinal"] = sessions["ordinal"].fillna(0).to_numpy(np.int32)
    arrays["part"] = sessions["part"].to_numpy(np.int32)
    arrays["status"] = sessions["status"].cat.codes.to_numpy(np.int8)
    for name in ("host", "charge"):
        arrays[name] = sessions[name].cat.codes.to_numpy(np.int32)
        texts = [plain(value) if isinstance(value, Decimal) else value for value in sessions[name].cat.categories]
        arrays[f"{name}_names"] = _json(texts)
    for name in ESTIMATE_COLUMNS:
        if name in sessions:
            arrays[name] = sessions[name].fillna(UNKNOWN).to_numpy(np.int32)
    for name in PARTICIPANT_COLUMNS:
        if name in sessions:
            arrays[name] = _json(sessions[name].tolist())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
    return packed.getvalue()


def unpack(packed: bytes, parts: Sequence[Part]) -> "pd.DataFrame":
    """The frame that `pack` got."""
    import numpy as np
    import pandas as pd

    from jobs.billing.rating import allowance_texts
    from jobs.billing.sessions import STATUS_DTYPE

    with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
        arrays: Arrays = {name: stored[name] for name in stored.files}
    ordinal, part, minutes = arrays["ordinal"], arrays["part"], arrays["minutes"]
    frame = pd.DataFrame(
        {
            "session_id": pd.array(arrays["session_id"], dtype="Int64"),
            "scheduled_at": _instants(arrays["scheduled_at"]),
            "billable_at": _instants(arrays["billable_at"]),
            "minutes": pd.arrays.IntegerArray(minutes, minutes == UNKNOWN),
            "status": pd.Categorical.from_codes(arrays["status"], dtype=STATUS_DTYPE),
            "host_id": pd.array(arrays["host_id"], dtype="Int64"),
            "host": _category(arrays["host"], _texts(arrays["host_names"])),
            "part": pd.array(part, dtype="Int32"),
            "ordinal": pd.arrays.IntegerArray(ordinal, ordinal == 0),
            "allowance": allowance_texts(ordinal, part, parts),
            "charge": _category(arrays["charge"], [Decimal(text) for text in _texts(arrays["charge_names"])]),
        }
    )
    for name in ESTIMATE_COLUMNS:
        if name in arrays:
            frame[name] = pd.arrays.IntegerArray(arrays[name], arrays[name] == UNKNOWN)
    for name in PARTICIPANT_COLUMNS:
        if name in arrays:
            frame[name] = pd.Series(_texts(arrays[name]), dtype="object")
    return frame


def session_ids(packed: bytes) -> "Ids":
    import numpy as np

    with np.load(io.BytesIO(packed), allow_pickle=False) as stored:
        ids: Ids = stored["session_id"]
    return ids


def ids_of(numbers: Sequence[int]) -> "Ids":
    import numpy as np

    return np.array(numbers, dtype=np.int64)


def sha256(packed: bytes) -> str:
    return hashlib.sha256(packed).hexdigest()


def _json(texts: Sequence[str | None]) -> "npt.NDArray[np.uint8]":
    import numpy as np

    return np.frombuffer(json.dumps(list(texts)).encode(), dtype=np.uint8)


def _texts(stored: "npt.NDArray[np.uint8]") -> list[Any]:
    texts: list[Any] = json.loads(stored.tobytes())
    return texts


def _instants(microseconds: "npt.NDArray[np.int64]") -> "pd.DatetimeIndex":
    import pandas as pd

    return pd.DatetimeIndex(microseconds.astype("datetime64[us]")).tz_localize("UTC")


def _category(codes: "npt.NDArray[np.int32]", names: Sequence[object]) -> "pd.Categorical":
    import pandas as pd

    return pd.Categorical.from_codes(codes, categories=pd.Index(list(names), dtype="object"))
