"""The kinds of value a configuration holds. Each reader gives the value, or says what is allowed and what it found.

Readers get what `source` makes of YAML: text, int, Decimal, OddNumber, bool, list, dict. Text is never repeated in a
message, as it could be a misplaced secret; numbers are, they help to find the mistake.
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from jobs.billing import money
from jobs.config.source import OddNumber
from reports import formats
from reports.text import so_many

FORMATS = formats.in_order(formats.names())  # what may be asked for
MAX_DIGITS = 15  # a spreadsheet's cell is a double: 15 significant digits survive
MAX_COUNT = 1_000_000_000
MAX_JOBS = 512
LAST_YEAR = 9998  # after its last month there must be another
UNQUOTED = "found a number, true or false: put it in quotes"

_DECIMAL_TEXT = re.compile(r"[-+]?[0-9]{1,100}(?:\.[0-9]{1,100})?")
_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)
_UNSHOWN = {"Cc", "Cs", "Zl", "Zp"}  # control characters, halves of characters, line and paragraph separators
_BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Missing(Enum):
    """The default of a required key: its reader sees it, and so says what is allowed there."""

    KEY = "missing"


def required(alias: str | None = None) -> Any:
    return Field(default=Missing.KEY, validate_default=True, alias=alias)


def refusal(message: str) -> PydanticCustomError:
    return PydanticCustomError("refused", message)


def expected(allowed: str, value: object) -> PydanticCustomError:
    return refusal(f"expected {allowed}; {found(value)}")


def found(value: object) -> str:
    """What stands in the file instead, without repeating any text."""
    if value is Missing.KEY:
        return "the key is missing"
    if isinstance(value, bool):
        return "found true or false"
    if isinstance(value, int | Decimal):
        shown = format(value, "f") if isinstance(value, Decimal) else str(value)
        return f"found {shown}" if len(shown) <= 24 else f"found a number of {len(shown)} characters"
    if isinstance(value, OddNumber):
        return "found a number in a notation not used here (1e2, .5, 5., 007, 0x1F, .inf, .nan)"
    shapes: tuple[tuple[type, str], ...] = ((str, "text"), (list, "a list"), (dict, "a mapping"))
    return "found " + next((name for shape, name in shapes if isinstance(value, shape)), "nothing")


def unquoted(value: object) -> bool:
    """Whether YAML took for a number, true or false what is meant as text."""
    return isinstance(value, int | Decimal | OddNumber)


def number(value: object) -> Decimal | None:
    """A number in plain notation, quoted or not, exactly as written; None for anything else."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _DECIMAL_TEXT.fullmatch(value):
        return Decimal(value)
    return None


def decimals(amount: Decimal) -> int:
    """The digits after the point, as written: 2 for 25.00."""
    return max(0, -int(amount.as_tuple().exponent))


def _at_most_15_digits(amount: Decimal) -> Decimal:
    digits = max(len(amount.as_tuple().digits), decimals(amount))
    if digits > MAX_DIGITS:
        raise refusal(f"expected at most {MAX_DIGITS} digits in all, a spreadsheet keeps no more; found {digits}")
    return amount


def _amount(value: object) -> Decimal:
    amount = number(value)
    if amount is None or amount < 0:
        raise expected("an amount in plain notation such as 25.00, not negative", value)
    return _at_most_15_digits(amount.copy_abs())  # -0.00 is 0.00


def _signed_amount(value: object) -> Decimal:
    amount = number(value)
    if amount is None:
        raise expected("an amount in plain notation such as 25.00", value)
    return _at_most_15_digits(amount)


def _percent(value: object) -> Decimal:
    rate = number(value)
    if rate is None or not 0 <= rate < 100:
        raise expected("a percentage in plain notation such as 6.25, from 0 up to below 100", value)
    return _at_most_15_digits(rate.copy_abs())


def whole(low: int, high: int, word: str = "") -> PlainValidator:
    """A whole number, both bounds inclusive; no text, no 8.0. `word`: what may stand instead, for None."""
    allowed = f"a whole number from {low} to {high}, " + (f"or the word {word}" if word else "without quotes or point")

    def read(value: object) -> int | None:
        if word and value == word:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise expected(allowed, value)
        return value

    return PlainValidator(read)


def seconds(high: int) -> PlainValidator:
    """Over 0, up to and with `high`."""

    def read(value: object) -> float:
        period = None if isinstance(value, str) else number(value)
        if period is None or not 0 < period <= high:
            raise expected(f"a number of seconds, over 0 and at most {high}", value)
        return float(period)

    return PlainValidator(read)


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise expected("true or false, without quotes", value)
    return value


def text(maximum: int, *, blank: bool = False) -> PlainValidator:
    """Text for people, of at most `maximum` characters; `blank`: may be empty."""
    allowed = f"{'text' if blank else 'text that is not blank'}, at most {maximum} characters"

    def read(value: object) -> str:
        if unquoted(value):
            raise refusal(f"expected {allowed}; {UNQUOTED}")
        if not isinstance(value, str):
            raise expected(allowed, value)
        if len(value) > maximum or not (blank or value.strip()):
            raise refusal(
                f"expected {allowed}; found {so_many(len(value), 'character')}{'' if value.strip() else ', all blank'}"
            )
        return printable(value)

    return PlainValidator(read)


def printable(value: str) -> str:
    for character in value:
        if unicodedata.category(character) in _UNSHOWN or character in _BIDI:
            raise refusal(
                f"expected text on one line without control characters; found U+{ord(character):04X}: remove it"
            )
    return value


def matching(pattern: str, allowed: str) -> PlainValidator:
    """Text that `pattern` matches as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def read(value: object) -> str:
        if unquoted(value):
            raise refusal(f"expected {allowed}; {UNQUOTED}")
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise expected(allowed, value)
        return value

    return PlainValidator(read)


def one_of(*choices: str) -> PlainValidator:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise expected(" or ".join(choices), value)
        return value

    return PlainValidator(read)


def _formats(value: object) -> tuple[str, ...]:
    allowed = f"a list of {', '.join(FORMATS)}, each once, json among them"
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise expected(allowed, value)
    if not set(value) <= set(FORMATS):
        raise refusal(f"expected {allowed}; found another name in the list")
    if len(set(value)) < len(value):
        raise refusal(f"expected {allowed}; found one twice")
    if "json" not in value:
        raise refusal(f"expected {allowed}; json is missing: it is the document itself")
    return formats.in_order(value)


def _day(value: object) -> date:
    allowed = "a date as YYYY-MM-DD, such as 2020-03-25"
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise expected(allowed, value)
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise refusal(f"expected {allowed}; found a day that no calendar has") from None
    if day.year > LAST_YEAR:
        raise refusal(f"expected {allowed}, in the year {LAST_YEAR} at the latest; found the year {day.year}")
    return day


def _currency(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Z]{3}", value):
        try:
            money.digits_of(value)
        except KeyError:
            raise refusal("expected a currency of ISO 4217, such as USD; found a code that stands for none") from None
        return value
    raise expected("a currency code of ISO 4217 in three capitals, such as USD", value)


def _file_mode(value: object) -> int:
    allowed = 'file permissions in octal and in quotes, such as "0600" or "0640"'
    if unquoted(value):
        raise refusal(f"expected {allowed}; {UNQUOTED}")
    if not isinstance(value, str) or not re.fullmatch(r"0?[0-7]{3}", value):
        raise expected(allowed, value)
    mode = int(value, 8)
    if mode & 0o600 != 0o600:
        raise refusal(f"expected {allowed}; the owner must be able to read and write (06..)")
    if mode & 0o113:
        raise refusal(f"expected {allowed}; nobody may execute (no odd digit) and others may not write")
    return mode


def _account_key(value: object) -> str:
    allowed = "an account key of small letters, digits and -, at most 63, not beginning with -"
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", value):
        raise refusal(f"expected {allowed}; change the key")
    if _DEVICES.fullmatch(value):
        raise refusal("this key names a device on Windows, and so cannot name the account's folder; change the key")
    return value


def path(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise expected("a path, relative to this file's folder or absolute", value)
    if value.startswith("~"):
        raise refusal("expected a path, relative to this file's folder or absolute; ~ is not expanded: write it out")
    return printable(value)


_PREFIX = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,30}[A-Za-z0-9])?"
_PREFIX_ALLOWED = (
    "1 to 32 letters of A-Z and a-z, digits, - and _ that begin and end with a letter or digit, such as ACME: "
    "it begins file names"
)

Amount = Annotated[Decimal, PlainValidator(_amount)]
SignedAmount = Annotated[Decimal, PlainValidator(_signed_amount)]
Percent = Annotated[Decimal, PlainValidator(_percent)]
Switch = Annotated[bool, PlainValidator(_switch)]
Included = Annotated[int | None, whole(0, MAX_COUNT, "unlimited")]  # None: unlimited
Count = Annotated[int, whole(0, MAX_COUNT)]
Name = Annotated[str, text(200)]
Free = Annotated[str, text(200, blank=True)]
Formats = Annotated[tuple[str, ...], PlainValidator(_formats)]
Day = Annotated[date, PlainValidator(_day)]
Currency = Annotated[str, PlainValidator(_currency)]
FileMode = Annotated[int, PlainValidator(_file_mode)]
AccountKey = Annotated[str, PlainValidator(_account_key)]
PathText = Annotated[str, PlainValidator(path)]
OptionalPath = Annotated[str | None, PlainValidator(path)]  # None: left out
Jobs = Annotated[int | None, whole(1, MAX_JOBS, "auto")]  # None: auto
InvoicePrefix = Annotated[str, matching(_PREFIX, _PREFIX_ALLOWED)]
