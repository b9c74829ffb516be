"""Documents as JSON and back. What an earlier version stored stays readable for ever, and is written as it was."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from reports.document import Document, Part

SCHEMA = "securevideo-billing/document/1"
ALWAYS_NAMED = ("sessions", "minutes")  # the meters that every stored part and plan says that it has or has not


def plain(number: Decimal | int) -> str:
    """`number` in plain decimal notation, never with an exponent."""
    return format(number, "f") if isinstance(number, Decimal) else str(number)


def to_builtins(value: Any) -> Any:
    """`value` as JSON builtins: Decimals as plain text, instants as `…Z`, dates as ISO 8601."""
    return json.loads(json.dumps(msgspec.to_builtins(value, builtin_types=(Decimal,)), default=plain))


def pretty(value: Any) -> bytes:
    """JSON builtins as text for people and scripts: UTF-8, two spaces a level, a line break at the end."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def to_json(document: Document) -> bytes:
    """The document as JSON text, UTF-8, the same bytes for the same document."""
    stored = to_builtins(document)
    return pretty({"schema": SCHEMA, **stored, "parts": [_flat(part) for part in stored["parts"]]})


def from_json(text: bytes) -> Document:
    """The document that `to_json` wrote. Raises msgspec.ValidationError or msgspec.DecodeError on anything else."""
    stored = msgspec.json.decode(text, type=dict[str, Any])
    parts = stored.get("parts")
    deep = [_deep(part) if isinstance(part, dict) else part for part in parts] if isinstance(parts, list) else parts
    return msgspec.convert({**stored, "parts": deep}, Document)


def meters_of(parts: Iterable[Part]) -> tuple[str, ...]:
    """The meters that a document names: sessions and minutes whether a part has them or not, others where one has."""
    return tuple(dict.fromkeys((*ALWAYS_NAMED, *(meter.name for part in parts for meter in part.meters))))


def _flat(part: dict[str, Any]) -> dict[str, Any]:
    """A part as schema 1 has it: "sessions_included", "has_sessions_meter" … in place of its meters."""
    stored: dict[str, Any] = {}
    for key, value in part.items():
        if key == "meters":
            included = {meter["name"]: meter["included"] for meter in value}
            named = dict.fromkeys((*ALWAYS_NAMED, *included))
            stored |= {f"{name}_included": included.get(name) for name in named}
            stored |= {f"has_{name}_meter": name in included for name in named}
        else:
            stored[key] = value
    return stored


def _deep(stored: dict[str, Any]) -> dict[str, Any]:
    has = [key for key, value in stored.items() if key.startswith("has_") and key.endswith("_meter") and value]
    names = [key.removeprefix("has_").removesuffix("_meter") for key in has]
    return {**stored, "meters": [{"name": name, "included": stored.get(f"{name}_included")} for name in names]}
