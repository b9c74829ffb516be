"""What a document asks to be paid, and how: the same words on page and workbook."""

import re
from dataclasses import dataclass

import msgspec
from markupsafe import Markup

from reports.document import Document
from reports.parties import Logo

_DATA = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_LINK = re.compile(r"https://[A-Za-z0-9][^\s\"'<>\\@]*")
_NOTHING = {
    "credit_note": "Nothing to pay: this credit note reduces what is owed.",
    "restatement": "Nothing to pay: no amount changes.",
}


@dataclass(frozen=True, slots=True)
class HowToPay:
    """`nothing`: why there is nothing to pay, in a sentence; where it is empty, the rest says how to."""

    nothing: str
    facts: tuple[tuple[str, str], ...] = ()  # label, value; the reference first
    lines: tuple[str, ...] = ()
    link: str = ""  # https://…


def how_to_pay(document: Document) -> HowToPay | None:
    """None where the issuer has not said how it is paid. A draft says nothing by which it could be paid."""
    payment = document.issuer.payment
    if payment is msgspec.UNSET:
        return None
    if not document.final and document.kind != "restatement":
        return HowToPay("Nothing to pay yet: this is a draft.")
    if document.kind in _NOTHING:
        return HowToPay(_NOTHING[document.kind])
    if document.total <= 0:
        return HowToPay("Nothing to pay: the total is zero.")
    facts = (
        ("Reference", _filled(payment.reference, document)),
        ("Bank", payment.bank),
        ("IBAN", grouped(payment.iban)),
        ("BIC", payment.bic),
        ("Account number", payment.account),
        ("Routing number", payment.routing_number),
    )
    link = _filled(payment.link, document)
    is_safe = bool(_LINK.fullmatch(link))  # whoever stored it: nothing else is ever made a link
    lines = payment.lines if is_safe or not link else (*payment.lines, link)
    return HowToPay("", tuple(fact for fact in facts if fact[1]), lines, link if is_safe else "")


def _filled(text: str, document: Document) -> str:
    return text.replace("{number}", document.number or "").replace("{account}", document.account)


def grouped(iban: str) -> str:
    """In groups of four, as it is printed (ISO 13616)."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))


def particulars(document: Document) -> tuple[tuple[str, str], ...]:
    """What the customer wants to find on its documents: label, value."""
    customer = document.bill_to
    reference = (("PO number", customer.reference),) if customer.reference else ()
    return (*reference, *((one.label, one.value) for one in customer.fields or ()))


def data_uri(logo: Logo) -> Markup:
    """The logo as an address that holds it whole. Raises ValueError where that is not what is stored."""
    if logo.media_type not in ("image/png", "image/svg+xml") or not _DATA.fullmatch(logo.data):
        raise ValueError("the stored logo is not an image in base64")
    return Markup("data:{};base64,{}").format(logo.media_type, logo.data)


def balance(document: Document, amount: str) -> str:
    """What an adjustment leaves to pay for the month, in a sentence; "" of other documents. `amount`: month_total."""
    if document.kind not in (
        "credit_note",
        "supplementary_invoice",
        "draft_credit_note",
        "draft_supplementary_invoice",
    ):
        return ""
    owed = "Owed" if document.final else "Would be owed"
    return f"{owed} on invoice {document.corrects} with its adjustments: {amount}, less what was paid."
