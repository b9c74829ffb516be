"""The shape of the file, key by key. Rules between keys are in `rules`."""

from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

from pydantic import Discriminator, Field, Tag, model_validator

from jobs.config import fields, locations, parties, regional
from jobs.config.alerts import AlertsSection
from jobs.config.allocation import AllocationSection
from jobs.config.books import AccountingSection, HookSection
from jobs.config.fields import AccountKey, Amount, Count, Name, PathText, refusal, required
from jobs.config.section import Section
from reports.document import NO_TAX
from reports.formats import by_default


class SourceSection(Section):
    """Where a credential stands: exactly one of the three."""

    env: Annotated[str | None, fields.matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")] = None
    file: fields.OptionalPath = None
    credential: Annotated[
        str | None,
        fields.matching(
            r"[A-Za-z0-9_][A-Za-z0-9._-]{0,254}",
            "a plain file name under $CREDENTIALS_DIRECTORY",
        ),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _one_form(cls, value: object) -> object:
        if isinstance(value, dict) and len(value) == 1 and value.keys() <= cls.model_fields.keys():
            return value
        missing = "; the key is missing" if value is fields.Missing.KEY else ""
        raise refusal(
            "expected one of {env: VARIABLE}, {file: PATH}, {credential: NAME} (a file under $CREDENTIALS_DIRECTORY); "
            f"the credential itself never goes into this file{missing}"
        )


class CredentialsSection(Section):
    identifier: SourceSection = required()
    secret: SourceSection = required()


class TaxSection(Section):
    name: Name = NO_TAX
    rate: fields.Percent = required()


class TierSection(Section):
    up_to: Annotated[int | None, fields.whole(1, fields.MAX_COUNT)] = None  # None: open
    price: Amount = required()


def _price_or_tiers(value: object) -> str:
    return "[tiers]" if isinstance(value, list) else "[price]"  # never a key of the file


Overage = Annotated[
    Annotated[Amount, Tag("[price]")] | Annotated[list[TierSection], Tag("[tiers]")], Discriminator(_price_or_tiers)
]


class MeterSection(Section):
    included: fields.Included = required()
    overage: Overage | None = None


class HostsSection(Section):
    included: Count = required()
    licensed: Count = required()
    extra: Amount = required()


class OfferedPlanSection(Section):
    """A plan that nobody has yet: without the day it holds from."""

    name: Name = required()
    monthly_fee: Amount = required()
    sessions: MeterSection | None = None
    minutes: MeterSection | None = None
    hosts: HostsSection | None = None


class PlanSection(OfferedPlanSection):
    from_: fields.Day = required(alias="from")


class WebhookSection(Section):
    secret: SourceSection = required()


class ColumnsSection(Section):
    """Where the activity file holds what: a column's letter, or its header."""

    session_id: Name | None = None
    description: Name | None = None
    status: Name | None = None
    minutes: Name | None = None
    at: Name | None = None


Phrases = Annotated[list[Name], Field(min_length=1, max_length=20)]


class StatusesSection(Section):
    """What stands for each status in the activity file, beside what is known of it."""

    BILL: Phrases = Field(default_factory=list)
    COMP: Phrases = Field(default_factory=list)
    DUPL: Phrases = Field(default_factory=list)
    SVCO: Phrases = Field(default_factory=list)


class ActivitySection(Section):
    sheet: Name | None = None
    header_row: Annotated[int | None, fields.whole(1, 1000)] = None
    timezone: regional.Timezone = "UTC"
    columns: ColumnsSection = ColumnsSection()
    statuses: StatusesSection = StatusesSection()


class ToleranceSection(Section):
    minutes: Annotated[int, fields.whole(0, 1440)] = 1
    amount: Amount = Decimal(0)


class MatchSection(Section):
    activity: ActivitySection = ActivitySection()
    tolerance: ToleranceSection = ToleranceSection()


class AccountSection(Section):
    credentials: CredentialsSection = required()
    webhook: WebhookSection | None = None
    bill_to: parties.CustomerSection = required()
    currency: fields.Currency = required()
    invoice_prefix: fields.InvoicePrefix = required()
    payment_days: Annotated[int, fields.whole(0, 365)] = 30
    tax: TaxSection = TaxSection(rate=0)  # type: ignore[arg-type]  # read as in the file
    plans: Annotated[list[PlanSection], Field(min_length=1)] = required()
    match: MatchSection = MatchSection()
    allocation: AllocationSection | None = None
    accounting: AccountingSection | None = None
    alerts: AlertsSection | None = None


class VendorSection(Section):
    base_url: locations.BaseUrl = "https://api.securevideo.com/"
    timeout_seconds: Annotated[float, fields.seconds(3600)] = 60.0
    budget_seconds: Annotated[float, fields.seconds(86_400)] = 600.0
    max_reply_mib: Annotated[int, fields.whole(1, 4096)] = 512
    at_once: Annotated[int, fields.whole(1, 64)] = 8
    status_lookups: Annotated[int, fields.whole(0, 100_000)] = 500
    ca_file: fields.OptionalPath = None
    proxy: locations.Proxy = None


class CertificatesSection(Section):
    ca: PathText = required()
    cert: PathText = required()
    key: PathText = required()


class WorkersSection(Section):
    jobs: fields.Jobs = None
    cluster: locations.Cluster = None
    tls: CertificatesSection | None = None


class FileSection(Section):
    ledger: locations.LedgerLocation = "state/ledger.db"
    snapshots: fields.OptionalPath = None
    output: PathText = "out"
    close_day: Annotated[int, fields.whole(1, 28)] = 4
    timezone: regional.Timezone = "UTC"
    participants: Annotated[str, fields.one_of("hidden", "full")] = "hidden"
    file_mode: fields.FileMode = 0o600
    locale: regional.Locale = "en_US"
    paper: Annotated[str, fields.one_of("A4", "Letter")] = "Letter"
    formats: fields.Formats = by_default()
    restate_months: Annotated[int, fields.whole(0, 60)] = 3
    vendor: VendorSection = VendorSection()
    issuer: parties.IssuerSection = required()
    hooks: list[HookSection] = Field(default_factory=list)
    workers: WorkersSection = WorkersSection()
    accounts: Annotated[dict[AccountKey, AccountSection], Field(min_length=1)] = required()


def keys(section: type[Section]) -> dict[str, Any]:
    """The annotation of each key, as the file spells it."""
    return {field.alias or name: field.annotation for name, field in section.model_fields.items()}


def section_in(annotation: Any) -> type[Section] | None:
    """The section that stands under a key of this annotation: directly, in a list, or by account."""
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation if issubclass(annotation, Section) else None
    inner = (section_in(argument) for argument in get_args(annotation) if argument is not NoneType)
    return next((section for section in inner if section), None)


def is_by_name(annotation: Any) -> bool:
    """Whether the user names the keys under a key of this annotation."""
    return get_origin(annotation) is dict
