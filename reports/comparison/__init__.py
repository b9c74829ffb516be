"""The formats a comparison of plans can be written in: one module here each. No network, no script."""

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from reports.comparison.result import Comparison

NAMES = ("xlsx", "html")


def render(name: str, comparison: "Comparison") -> bytes:
    """The file in the format `name`, one of `NAMES`: same comparison, same bytes."""
    return cast("bytes", importlib.import_module(f"{__name__}.{name}").render(comparison))
