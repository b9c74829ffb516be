"""An issuer that says how it is paid, and a customer that wants its purchase order on the documents; made up."""

import struct
import zlib
from base64 import b64encode
from dataclasses import replace

from reports.document import Document
from reports.parties import Customer, Issuer, Logo, Particular, Payment

IBAN = "DE89370400440532013000"  # the standard's own example
PAYMENT = Payment(
    bank="Example Bank",
    account="000123456789",
    iban=IBAN,
    bic="COBADEFFXXX",
    routing_number="021000021",
    reference="{number}",
    lines=("Cheques to the address above",),
    link="https://pay.example.com/{account}/{number}",
)
FOOTER = "Registered in Delaware, no. 1234567"
SVG = (
    b'<?xml version="1.0"?><!-- by an editor --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 60">'
    b'<path fill="#0b5394" d="M0 0h60v60h-60z"/><circle cx="150" cy="30" r="28" fill="none" stroke="#b34700"/></svg>'
)


def png(width: int = 240, height: int = 60, *further: tuple[bytes, bytes]) -> bytes:
    """A blue rectangle; `further`: chunks beside those that it needs."""
    pixels = zlib.compress((b"\0" + b"\x0b\x53\x94" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), *further, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def payable(document: Document, image: Logo | None = None) -> Document:
    """`document` of such an issuer to such a customer."""
    issuer, bill_to = document.issuer, document.bill_to
    return replace(
        document,
        issuer=Issuer(
            issuer.name, issuer.address, issuer.email, issuer.tax_id, PAYMENT, image or logo("image/svg+xml"), FOOTER
        ),
        bill_to=Customer(
            bill_to.name,
            bill_to.address,
            bill_to.email,
            bill_to.tax_id,
            "4500012345",
            (Particular("Cost unit", "0815"),),
        ),
    )


def logo(media_type: str) -> Logo:
    content = SVG if media_type == "image/svg+xml" else png()
    return Logo(media_type, b64encode(content).decode())  # type: ignore[arg-type]
