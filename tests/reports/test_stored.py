"""Documents as JSON and back, whatever meters a later version adds."""

import json
from dataclasses import replace

from reports.document import Part, PartMeter
from reports.stored import from_json, meters_of, to_json
from tests.documents import sample

OF_OLD = [
    *("number", "plan", "plan_from", "first", "last", "days", "days_of_month", "monthly_fee"),
    *("sessions_included", "minutes_included", "has_sessions_meter", "has_minutes_meter"),
    *("hosts_included", "hosts_licensed", "hosts_extra_price"),
]


def with_meters(*meters: PartMeter) -> tuple[Part, bytes]:
    document, _ = sample()
    (part,) = document.parts
    changed = replace(part, meters=meters)
    return changed, to_json(replace(document, parts=(changed,)))


def test_parts_are_stored_under_the_keys_they_always_had() -> None:
    for meters in ((), (PartMeter("sessions", 8),), (PartMeter("sessions", None), PartMeter("minutes", 60))):
        part, text = with_meters(*meters)
        (stored,) = json.loads(text)["parts"]
        assert list(stored) == OF_OLD
        assert stored["has_sessions_meter"] is part.has("sessions")
        assert stored["minutes_included"] == part.included("minutes")
        assert from_json(text).parts == (part,)


def test_a_meter_of_a_later_version_is_stored_beside_them() -> None:
    part, text = with_meters(PartMeter("sessions", 8), PartMeter("participants", 20))
    (stored,) = json.loads(text)["parts"]
    assert (stored["participants_included"], stored["has_participants_meter"]) == (20, True)
    assert from_json(text).parts == (part,)
    assert meters_of([part]) == ("sessions", "minutes", "participants")
