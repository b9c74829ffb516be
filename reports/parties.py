"""Who a document is from and who it is for, and how it is paid."""

from dataclasses import dataclass
from typing import Literal

import msgspec


@dataclass(frozen=True, slots=True)
class Party:
    name: str
    address: tuple[str, ...] = ()
    email: str = ""
    tax_id: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """How the issuer is paid; "" or empty where not configured.

    In `reference` and `link` `{number}` stands for the document's number and `{account}` for the account's key.
    """

    bank: str
    account: str
    iban: str  # without blanks
    bic: str
    routing_number: str
    reference: str
    lines: tuple[str, ...]
    link: str  # https://…


@dataclass(frozen=True, slots=True)
class Logo:
    media_type: Literal["image/png", "image/svg+xml"]
    data: str  # the file in base64


@dataclass(frozen=True, slots=True)
class Issuer(Party):
    payment: Payment | msgspec.UnsetType = msgspec.UNSET
    logo: Logo | msgspec.UnsetType = msgspec.UNSET
    footer: str | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Particular:
    """What a customer wants to find on the documents."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Customer(Party):
    reference: str | msgspec.UnsetType = msgspec.UNSET  # a purchase order's number
    fields: tuple[Particular, ...] | msgspec.UnsetType = msgspec.UNSET
