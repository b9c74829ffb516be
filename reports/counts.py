"""What of a month was counted, by row, host and allowance."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Minutes:
    known: int
    unknown_sessions: int


@dataclass(frozen=True, slots=True)
class Rows:
    """received = counted + set_aside + repeated + never_connected, always."""

    received: int
    counted: int
    set_aside: int
    repeated: int
    never_connected: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """The sessions allowance over all parts.

    `included` and `unused` are None where any part is unlimited or has no sessions meter.
    """

    included: int | None
    used: int
    unused: int | None
    overage: int
    unlimited: bool  # at least one part is unlimited: "included_sessions" prints "unlimited"


@dataclass(frozen=True, slots=True)
class HostUse:
    host_id: int
    name: str  # "Host 4" where History names none
    sessions: Mapping[str, int]  # by status, every status present
    minutes: int  # known minutes of all its counted sessions
    charge: Decimal  # exact sum of its sessions' charges, unrounded
    external_id: str = ""  # the customer's own id of the host; "" where unset or unknown
    active: bool | None = None  # still a user of the account; None where the list of hosts could not be fetched
