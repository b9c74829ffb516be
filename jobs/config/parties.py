"""The keys of `issuer` and `bill_to`: who asks, who pays, and how."""

import re
from typing import Annotated

import msgspec
from pydantic import Field, PlainValidator, model_validator

from jobs.config import fields, locations
from jobs.config.fields import Free, Name, expected, refusal, required
from jobs.config.section import Section
from reports.parties import Customer, Issuer, Logo, Particular, Payment

MOST_FIELDS = 4
WAYS = ("account", "iban", "lines", "link")  # one of them at least: by the others alone nobody can pay

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_ROUTING = re.compile(r"[0-9]{9}")
_LINK = re.compile(
    r"https://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/[A-Za-z0-9._~%!$&'()*+,;=:/-]*)?(?:\?[A-Za-z0-9._~%!$&'()*+,;=:/?-]*)?"
)
_PLACES = ("{number}", "{account}")
_BRACE = re.compile(r"[{}]")


def _iban(value: object) -> str:
    allowed = "an IBAN such as DE89 3704 0044 0532 0130 00, its check digits right"
    if not isinstance(value, str):
        raise expected(allowed, value)
    iban = value.replace(" ", "").upper()
    if not _IBAN.fullmatch(iban):
        raise refusal(f"expected {allowed}; found text of another form")
    if int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 != 1:  # ISO 13616
        raise refusal(f"expected {allowed}; its check digits do not fit the rest: compare it with the bank's papers")
    return iban


def _routing_number(value: object) -> str:
    allowed = "an ABA routing number of 9 digits, its check digit right, in quotes"
    if fields.unquoted(value):
        raise refusal(f"expected {allowed}; {fields.UNQUOTED}")
    if not isinstance(value, str) or not _ROUTING.fullmatch(value):
        raise expected(allowed, value)
    if sum(int(digit) * weight for digit, weight in zip(value, (3, 7, 1) * 3, strict=True)) % 10:
        raise refusal(f"expected {allowed}; its check digit does not fit the rest: compare it with the bank's papers")
    return value


def _without_places(text: str, allowed: str) -> str:
    """`text` with 1 for what stands for the document's own; any other brace is a mistake."""
    for place in _PLACES:
        text = text.replace(place, "1")
    if _BRACE.search(text):
        raise refusal(f"expected {allowed}; found a brace of anything else")
    return text


def _link(value: object) -> str:
    allowed = f"a link such as https://pay.example.com/{{number}}; apart from its text only {' and '.join(_PLACES)}"
    if not isinstance(value, str):
        raise expected(allowed, value)
    if "@" in value:
        raise refusal(f"expected {allowed}; found an @: it must not hold a user or password")
    if not value.startswith("https://"):
        raise refusal(f"expected {allowed}; found text that does not begin with https://")
    found = _LINK.fullmatch(_without_places(value, allowed))
    if (
        not found
        or not 1 <= int(found["port"] or 1) <= locations.HIGHEST_PORT
        or len(value) > locations.LONGEST
        or not locations.is_host(found["host"])
        or "{" in value.split("/")[2]
    ):
        raise refusal(f"expected {allowed}; found text that is not such a link")
    return value


def _reference(value: object) -> str:
    allowed = f"text of at most 140 characters; {' and '.join(_PLACES)} stand for the document's own"
    if fields.unquoted(value):
        raise refusal(f"expected {allowed}; {fields.UNQUOTED}")
    if not isinstance(value, str) or not value.strip() or len(value) > 140:
        raise expected(allowed, value)
    _without_places(value, allowed)
    return fields.printable(value)


class PartySection(Section):
    name: Name = required()
    address: list[Name] = Field(default_factory=list, max_length=10)
    email: Free = ""
    tax_id: Free = ""


class PaymentSection(Section):
    bank: Free = ""
    account: Annotated[
        str,
        fields.matching(
            r"[A-Za-z0-9](?:[A-Za-z0-9 ./-]{0,32}[A-Za-z0-9])?",
            "an account number of 1 to 34 letters, digits, blanks and . / -, in quotes",
        ),
    ] = ""
    iban: Annotated[str, PlainValidator(_iban)] = ""
    bic: Annotated[
        str,
        fields.matching(
            r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?",
            "a BIC of 8 or 11 capitals and digits, such as COBADEFFXXX",
        ),
    ] = ""
    routing_number: Annotated[str, PlainValidator(_routing_number)] = ""
    reference: Annotated[str, PlainValidator(_reference)] = "{number}"
    lines: list[Name] = Field(default_factory=list, max_length=10)
    link: Annotated[str, PlainValidator(_link)] = ""

    @model_validator(mode="after")
    def _payable(self) -> "PaymentSection":
        if not any(getattr(self, way) for way in WAYS):
            raise refusal(f"expected at least one of {', '.join(WAYS)}: by the others alone nobody can pay")
        return self


class IssuerSection(PartySection):
    payment: PaymentSection | None = None
    logo: fields.OptionalPath = None
    footer: Annotated[str | None, fields.text(500)] = None


class ParticularSection(Section):
    label: Annotated[str, fields.text(40)] = required()
    value: Name = required()


class CustomerSection(PartySection):
    reference: Name | None = None
    fields: list[ParticularSection] | None = Field(default=None, min_length=1, max_length=MOST_FIELDS)


def issuer_of(section: IssuerSection, logo: Logo | None) -> Issuer:
    return Issuer(
        section.name,
        tuple(section.address),
        section.email,
        section.tax_id,
        payment=_payment(section.payment) if section.payment else msgspec.UNSET,
        logo=logo or msgspec.UNSET,
        footer=section.footer or msgspec.UNSET,
    )


def _payment(section: PaymentSection) -> Payment:
    return Payment(**{**section.model_dump(), "lines": tuple(section.lines)})


def customer_of(section: CustomerSection) -> Customer:
    return Customer(
        section.name,
        tuple(section.address),
        section.email,
        section.tax_id,
        reference=section.reference or msgspec.UNSET,
        fields=tuple(Particular(one.label, one.value) for one in section.fields) if section.fields else msgspec.UNSET,
    )
