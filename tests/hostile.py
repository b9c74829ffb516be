"""Documents and overviews with hostile text in every field of text that comes from outside."""

from dataclasses import replace
from typing import Any

import pandas as pd

from reports.document import Document
from reports.overview.content import AccountPage, Overview
from reports.parties import Customer, Issuer, Particular, Payment

MARKUP = "\"'><img src=x onerror=alert(1)></style></title><script>alert(2)</script>{{ 7*7 }}{% x %}<!-- &lt;\u202e\x07"
SHOWN_MARKUP = MARKUP[: -len("\u202e\x07")]  # what is left of it where text is shown
FORMULA = '=HYPERLINK("http://x.example","a")'
AT = "@SUM(1+1)*cmd|' /C calc'!A0"
ESCAPE = "_x0041_ \ufffe"
LONG = "ﷺ" + "x" * 40_000


def document(tame: Document, text: str) -> Document:
    """`tame` with `text` in every field of text."""
    party: dict[str, Any] = {"name": text, "address": (text, text), "email": text, "tax_id": text}
    payment = Payment(text, text, text, text, text, text, (text, text), text)
    return replace(
        tame,
        issuer=Issuer(**party, payment=payment, footer=text),
        bill_to=Customer(**party, reference=text, fields=(Particular(text, text),)),
        account=text,
        number=tame.number and text,
        corrects=tame.corrects and text,
        tax_name=text,
        lines=tuple(replace(line, description=text) for line in tame.lines),
        month_lines=tuple(replace(line, description=text) for line in tame.month_lines),
        parts=tuple(replace(part, plan=text) for part in tame.parts),
        hosts=tuple(replace(host, name=text, external_id=text) for host in tame.hosts),
        findings=tuple(replace(finding, code=text, message=text) for finding in tame.findings),
        changes=tuple(replace(one, before=text, after=text, why=text) for one in tame.changes),
        already_issued=tuple(replace(one, number=text, kind=text) for one in tame.already_issued),
        transitions={text: {text: 3}} if tame.transitions else {},
        rules=tuple(text for _ in tame.rules),
        snapshot=replace(tame.snapshot, sha256=text),
        program_version=text,
        files=dict.fromkeys(tame.files, text),
    )


def sessions(tame: pd.DataFrame, text: str) -> pd.DataFrame:
    """`tame` with `text` as the name of every host, and as participants and note where the frame has them."""
    named = tame.assign(host=pd.Categorical([text] * len(tame)))
    return named.assign(**{name: text for name in ("participants", "note") if name in tame})


def overview(tame: Overview, text: str) -> Overview:
    """`tame` with `text` in every field of text; keys, months and paths are never free."""
    return replace(
        tame,
        issuer=text,
        presentation=replace(tame.presentation, program_version=text),
        lines=tuple(replace(line, name=text, currency=text) for line in tame.lines),
        concerns=tuple(replace(concern, detail=text) for concern in tame.concerns),
    )


def account_page(tame: AccountPage, text: str) -> AccountPage:
    """Likewise."""
    return replace(
        tame,
        issuer=text,
        presentation=replace(tame.presentation, program_version=text),
        name=text,
        currency=text,
        concerns=tuple(replace(concern, detail=text) for concern in tame.concerns),
    )
