"""The money between our total and the vendor's: a bridge that always adds up (docs/rules.md §18.4). Pure.

Δtotal = Δfee + [A(q_v) − A(q_o)] quantity + [amount_v − A(q_v)] price + Δminutes + Δhosts + other + Δtax, where A(q) is
what the plan charges for q sessions beyond the included ones. The quantity step is spread over the sessions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from jobs.billing import money
from jobs.matching.invoice import Invoice
from jobs.matching.sessions import SessionDifference
from reports.document import Document, Part
from reports.match.result import STEPS, Item, Step
from reports.stored import plain

NEVER_OPEN = ("month-boundary", "other-charge")
_METERS = ("fee", "minutes", "hosts")


@dataclass(frozen=True, slots=True)
class Bridge:
    items: tuple[Item, ...]
    steps: tuple[Step, ...]
    theirs_total: Decimal
    their_count: int  # billable sessions, as far as the files tell


def beyond(part: Part, count: int) -> int:
    """How many of `count` billable sessions lie beyond the part's allowance."""
    included = part.included("sessions")
    return 0 if included is None else max(0, count - included)


def charge(document: Document, part: Part, quantity: int) -> Decimal:
    """A(q): what the plan charges for `quantity` sessions beyond the included, each tier's line rounded once."""
    amount = money.rounded(Decimal(0), document.digits)
    usage = (part.included("sessions") or 0) + quantity
    for band in document.bands:
        if band.part == part.number and band.meter == "sessions" and band.tier:
            units = max(0, (usage if band.up_to is None else min(usage, band.up_to)) - band.above)
            price = money.EXACT.multiply(band.unit_price, Decimal(units))
            amount = money.EXACT.add(amount, money.rounded(price, document.digits))
    return amount


def spread(step: Decimal, signs: Sequence[int], digits: int) -> list[Decimal]:
    """`step` over differences of +1, −1 or 0 sessions, in order, exactly: equal shares, the rest a unit each on the
    first ones of the majority's sign.
    """
    many = sum(signs)
    if not many:
        return [money.rounded(Decimal(0), digits)] * len(signs)
    unit = Decimal(1).scaleb(-digits)
    share = money.share(step, 1, many, digits)
    amounts = [money.rounded(share * sign, digits) for sign in signs]
    rest = step - sum(amounts, Decimal(0))
    left = int(abs(rest) / unit)
    for place, sign in enumerate(signs):
        if left and sign * many > 0:
            amounts[place] += unit.copy_sign(rest)
            left -= 1
    return amounts


def bridge(
    document: Document,
    differences: Sequence[SessionDifference],
    counts: Mapping[int, int] | None,
    bill: Invoice | None,
    tolerance: Decimal,
) -> Bridge:
    """`counts`: billable sessions of the activity file by part; None where there is no such file."""
    ours = {part.number: _count(document, part) for part in document.parts}
    listed = ours if counts is None else dict(counts)
    q_ours, q_listed = ({part.number: beyond(part, count[part.number]) for part in document.parts}
                        for count in (ours, listed))  # fmt: skip
    q_bill = q_listed if bill is None else {part.number: bill.sessions(part.number) for part in document.parts}
    spread_over = list(_of_sessions(document, differences, q_ours, q_listed))
    steps = dict.fromkeys(STEPS, money.rounded(Decimal(0), document.digits))
    for part in document.parts:
        number = part.number
        steps["sessions-quantity"] += charge(document, part, q_bill[number]) - charge(document, part, q_ours[number])
        if bill is not None:
            steps["sessions-price"] += bill.amount("sessions", number) - charge(document, part, q_bill[number])
    if bill is not None:
        for meter in _METERS:
            steps[meter] = bill.amount(meter) - _charged(document, meter)
        steps["other"] = bill.amount("other")
        steps["tax"] = bill.tax - document.month_tax
    more = sum(q_bill.values()) - sum(q_listed.values())
    unlisted = steps["sessions-quantity"] - sum((item.amount for item in spread_over), Decimal(0))
    amounts = _amounts(document, bill, steps=steps, q_listed=q_listed, q_bill=q_bill, unlisted=unlisted)
    others = [] if bill is None else [
        Item("other-charge", None, None, line.description or None, 0, line.amount, False)
        for line in bill.lines if line.kind == "other"
    ]  # fmt: skip
    return Bridge(
        items=(*spread_over, *_tolerated(amounts, tolerance), *others),
        steps=tuple(Step(name, amount) for name, amount in steps.items() if amount),
        theirs_total=document.month_total + sum(steps.values(), Decimal(0)),
        their_count=sum(listed.values()) + more,
    )


def _count(document: Document, part: Part) -> int:
    """Our billable sessions of a part: each lies in exactly one band, where the plan has a meter of sessions."""
    if len(document.parts) == 1:
        return document.counts["BILL"]
    return sum(b.quantity for b in document.bands if b.part == part.number and b.meter == "sessions")


def _charged(document: Document, meter: str) -> Decimal:
    amounts = (line.amount for line in document.month_lines if line.meter == meter)
    return sum(amounts, money.rounded(Decimal(0), document.digits))


def _of_sessions(
    document: Document, differences: Sequence[SessionDifference], q_ours: Mapping[int, int], q_listed: Mapping[int, int]
) -> Iterator[Item]:
    by_minute = any(part.has("minutes") for part in document.parts)
    shares: dict[int, Decimal] = {}
    for part in document.parts:
        places = [place for place, one in enumerate(differences) if one.part == part.number]
        places.sort(key=lambda place: differences[place].session_id or 0)
        step = charge(document, part, q_listed[part.number]) - charge(document, part, q_ours[part.number])
        signs = [differences[place].step for place in places]
        shares |= dict(zip(places, spread(step, signs, document.digits), strict=True))
    for place, one in enumerate(differences):
        is_open = one.code not in NEVER_OPEN and (one.code != "minutes-differ" or by_minute)
        yield Item(one.code, one.session_id, one.ours, one.theirs, one.step, shares[place], is_open)


def _amounts(
    document: Document,
    bill: Invoice | None,
    *,
    steps: Mapping[str, Decimal],
    q_listed: Mapping[int, int],
    q_bill: Mapping[int, int],
    unlisted: Decimal,
) -> Iterator[Item]:
    """The differences of amounts, each with what both sides say."""
    if bill is None:
        return
    listed, charged = sum(q_listed.values()), sum(q_bill.values())
    both = {meter: (_charged(document, meter), bill.amount(meter)) for meter in _METERS}
    expected = bill.amount("sessions") - steps["sessions-price"]
    both_sides: dict[str, tuple[Decimal | int, Decimal | int, int, Decimal]] = {
        "fee": (*both["fee"], 0, steps["fee"]),
        "sessions-quantity": (listed, charged, charged - listed, unlisted),
        "sessions-price": (expected, bill.amount("sessions"), 0, steps["sessions-price"]),
        "minutes": (*both["minutes"], 0, steps["minutes"]),
        "hosts": (*both["hosts"], 0, steps["hosts"]),
        "tax": (document.month_tax, bill.tax, 0, steps["tax"]),
    }
    for name, (ours, theirs, count, amount) in both_sides.items():
        if amount or (name == "sessions-quantity" and q_listed != q_bill):
            yield Item(f"amount-{name}", None, plain(ours), plain(theirs), count, amount, True)


def _tolerated(items: Iterator[Item], tolerance: Decimal) -> list[Item]:
    """Amounts within the tolerance, each and all of them together, need nobody. Quantities have no tolerance."""
    found = list(items)
    small = [item for item in found if item.amount and abs(item.amount) <= tolerance]
    if abs(sum((item.amount for item in small), Decimal(0))) > tolerance:
        return found
    return [replace(item, open=False) if item in small else item for item in found]
