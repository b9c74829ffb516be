"""The keys of `allocation`: what they allow, what must hold between them, and what they come to."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, cast

from pydantic import Field, PlainValidator

from jobs.billing.centres import AllocationTerms, Named, is_centre
from jobs.config import fields
from jobs.config.fields import Name, OptionalPath, refusal, required
from jobs.config.section import Section

SOURCES = ("map", "external_id", "group", "host")
POLICIES = ("first-come", "proportional", "reserved")
FEE_BY = ("included", "sessions", "quotas", "hosts", "equal")
HOSTS_BY = ("hosts", "sessions", "equal")
CENTRE = (
    "a cost centre's key: a letter or digit, then at most 62 letters, digits, blanks and . _ / - (not: unallocated)"
)
_DEFAULT_FEE = {"first-come": "included", "proportional": "sessions", "reserved": "quotas"}

Path = tuple[str | int, ...]


def _centre(value: object) -> str:
    if fields.unquoted(value):
        raise refusal(f"expected {CENTRE}; {fields.UNQUOTED}")
    if not isinstance(value, str) or not is_centre(value):
        raise fields.expected(CENTRE, value)
    return value


def _sources(value: object) -> tuple[str, ...]:
    allowed = f"a list of {', '.join(SOURCES)}, each at most once"
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        raise fields.expected(allowed, value)
    if not set(value) <= set(SOURCES):
        raise refusal(f"expected {allowed}; found another name in the list")
    if len(set(value)) < len(value):
        raise refusal(f"expected {allowed}; found one twice")
    return tuple(value)


def _basis(*words: str) -> PlainValidator:
    allowed = f"{', '.join(words)}, or weights over 0 by cost centre, such as {{CARDIO: 2, NEURO: 1.5}}"

    def read(value: object) -> str | dict[str, Decimal]:
        if isinstance(value, dict) and value:
            weights = {_centre(key): fields.number(weight) for key, weight in value.items()}
            if all(weight is not None and weight > 0 for weight in weights.values()):
                return cast("dict[str, Decimal]", weights)
            raise refusal(f"expected {allowed}; found a weight that is not over 0")
        if not isinstance(value, str) or value not in words:
            raise fields.expected(allowed, value)
        return value

    return PlainValidator(read)


CentreKey = Annotated[str, PlainValidator(_centre)]


class CentreSection(Section):
    name: Name | None = None
    code: Name | None = None


class AllocationSection(Section):
    by: Annotated[tuple[str, ...], PlainValidator(_sources)] = required()
    map: OptionalPath = None
    groups: Annotated[list[CentreKey], Field(min_length=1)] | None = None
    policy: Annotated[str, fields.one_of(*POLICIES)] = required()
    quotas: dict[CentreKey, Annotated[int, fields.whole(1, fields.MAX_COUNT)]] = Field(
        default_factory=dict, min_length=1
    )
    fee_by: Annotated[str | dict[str, Decimal] | None, _basis(*FEE_BY)] = None
    hosts_by: Annotated[str | dict[str, Decimal], _basis(*HOSTS_BY)] = "hosts"
    centres: dict[CentreKey, CentreSection] = Field(default_factory=dict)


def terms_of(section: AllocationSection, map_sha256: str | None) -> AllocationTerms:
    return AllocationTerms(
        by=cast("Any", section.by),
        policy=cast("Any", section.policy),
        fee_by=cast("Any", section.fee_by or _DEFAULT_FEE[section.policy]),
        hosts_by=cast("Any", section.hosts_by),
        groups=tuple(section.groups or ()),
        quotas=dict(section.quotas),
        centres={key: Named(one.name or key, one.code or key) for key, one in section.centres.items()},
        map_sha256=map_sha256,
    )


def broken(path: Path, account: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """What does not hold between the keys of `account`; `path` leads to it. Malformed values are passed over."""
    rules = account.get("allocation")
    if not isinstance(rules, dict):
        return
    here = (*path, "allocation")
    by = rules.get("by")
    for key, source in (("map", "map"), ("groups", "group")):
        named = isinstance(by, list) and source in by
        if named and key not in rules:
            yield (*here, key), f"expected where {source} stands in by; the key is missing"
        elif isinstance(by, list) and key in rules and not named:
            yield (*here, key), f"not used, as {source} does not stand in by; remove this key, or add {source} to by"
    policy, quotas = rules.get("policy"), rules.get("quotas")
    if policy == "reserved" and "quotas" not in rules:
        yield (
            (*here, "quotas"),
            "expected sessions of a full month by cost centre, with policy reserved; the key is missing",
        )
    elif policy in POLICIES and policy != "reserved":
        if "quotas" in rules:
            yield (*here, "quotas"), "only policy reserved has quotas; remove this key"
        if rules.get("fee_by") == "quotas":
            yield (*here, "fee_by"), "only policy reserved has quotas; name another basis"
    if isinstance(quotas, dict) and all(type(quota) is int for quota in quotas.values()):
        yield from _over_quota((*here, "quotas"), sum(quotas.values()), account.get("plans"))


def _over_quota(path: Path, reserved: int, plans: object) -> Iterator[tuple[Path, str]]:
    for index, plan in enumerate(plans if isinstance(plans, list) else []):
        meter = plan.get("sessions") if isinstance(plan, dict) else None
        included = meter.get("included") if isinstance(meter, dict) else None
        if meter is None or included == "unlimited":
            kind: Literal["no sessions meter", "unlimited sessions"] = (
                "no sessions meter" if meter is None else "unlimited sessions"
            )
            yield path, f"plan {index} has {kind}: nothing of it can be reserved; choose another policy"
        elif type(included) is int and reserved > included:
            yield path, f"{reserved} sessions are reserved, but plan {index} includes {included}; reserve fewer"
