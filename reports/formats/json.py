"""The document itself as JSON, schema `securevideo-billing/document/1`. Holds no session."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from reports.formats import Place

if TYPE_CHECKING:
    import pandas as pd

    from reports.document import Document

ORDER = 3
FOR_PEOPLE = False
NEEDS = ()


def render(document: "Document", sessions: "pd.DataFrame") -> bytes:  # noqa: ARG001 - every format has this signature
    """The document as UTF-8 JSON, which `reports.stored.from_json` reads back; many findings alike are one in it."""
    from reports.findings import listed
    from reports.stored import to_json

    return to_json(replace(document, findings=listed(document)))


def places(content: bytes) -> Iterator[Place]:
    """Every value, by its path: `lines.0.amount`."""
    from reports.compare import leaves

    return (Place(*leaf) for leaf in leaves(json.loads(content)))
