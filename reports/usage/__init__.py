"""The formats a usage report can be written in: one module here each. No network, no script, nothing that runs."""

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import pandas as pd

    from reports.usage.report import UsageReport

NAMES = ("xlsx", "html", "csv")


def render(name: str, report: "UsageReport", sessions: "pd.DataFrame") -> bytes:
    """The file of `report` in the format `name`, one of `NAMES`: same report, same sessions, same bytes."""
    return cast("bytes", importlib.import_module(f"{__name__}.{name}").render(report, sessions))
