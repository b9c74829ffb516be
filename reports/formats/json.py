"""The document itself as JSON, schema `securevideo-billing/document/1`. Holds no session."""

import pandas as pd

from reports.document import Document, to_json


def render(document: Document, sessions: pd.DataFrame) -> bytes:  # noqa: ARG001 - every format has this signature
    """The document as UTF-8 JSON, complete: `reports.document.from_json` reads it back."""
    return to_json(document)
