"""The invariants of docs/allocation.md over random months, plans, policies and histories."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jobs.billing.allocation import whole
from jobs.billing.centres import AllocationTerms, MapRow, Resolution, Sources
from jobs.billing.decide import Decision
from jobs.billing.terms import Terms
from reports.allocation import Allocation
from reports.document import Document
from tests.allocations import DEFAULTS, allocation_of, asked, in_turn, mapped, spread
from tests.usage import LARGEST_ID, Row, any_terms, decided, post, usage

CENTRES = ("A", "B", "c/d", "unallocated")
HOSTS = (1, 2, 3, 4, LARGEST_ID)
EXPLICIT = {"A": Decimal("1.5"), "IT": Decimal(2)}


@st.composite
def maps(draw: st.DrawFn) -> tuple[MapRow, ...]:
    """Hosts to centres, some changing in mid-month, some without any."""
    rows = []
    for host in HOSTS:
        last = date(2016, 11, draw(st.integers(1, 29)))
        stretches = ((date.min, last), (last + timedelta(days=1), date.max))
        for begin, end in stretches:
            centre = draw(st.sampled_from(CENTRES))
            if centre != "unallocated":
                rows.append(MapRow("host", str(host), centre, begin, end))
    return tuple(rows)


@st.composite
def rules(draw: st.DrawFn, some: Terms) -> AllocationTerms:
    limits = [next((one.included for one in plan.meters if one.name == "sessions"), None) for plan in some.plans]
    policies = ["first-come", "proportional"]
    least = min((limit for limit in limits if limit is not None), default=0)
    if None not in limits and least:
        policies.append("reserved")
    policy = draw(st.sampled_from(policies))
    quotas: dict[str, int] = {}
    for centre in ("A", "B") if policy == "reserved" else ():
        quotas[centre] = draw(st.integers(0, least - sum(quotas.values())))
    quotas = {centre: quota for centre, quota in quotas.items() if quota}
    if policy == "reserved" and not quotas:
        policy = "first-come"
    bases: list[Any] = ["included", "sessions", "hosts", "equal", EXPLICIT, DEFAULTS[policy]]
    return AllocationTerms(
        by=("map",),
        policy=policy,  # type: ignore[arg-type]  # one of three
        fee_by=draw(st.sampled_from(bases)),
        hosts_by=draw(st.sampled_from(["hosts", "sessions", "equal", EXPLICIT])),
        quotas=quotas,
    )


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    some = draw(any_terms())
    licensed = draw(st.none() | st.just((1, 2, 7)))
    sources = Sources(rows=draw(maps()), licensed=licensed)
    return {"terms": replace(some, allocation=draw(rules(some))), "sources": sources}


some = settings(deadline=None, max_examples=15)  # each example bills up to four months

histories = st.lists(usage(most=14), min_size=1, max_size=3)


def issued_in_turn(months: Sequence[list[Row]], world: Mapping[str, Any]) -> tuple[tuple[Any, ...], list[Decision]]:
    issued: tuple[Any, ...] = ()
    decisions = []
    for rows in months:
        decision = decided(rows, **world, issued=issued, adjust=True)
        decisions.append(decision)
        if decision.post is not None:
            issued = post(decision, issued)
    return issued, decisions


def by_line(allocation: Allocation) -> dict[tuple[int, str, int], Decimal]:
    found: dict[tuple[int, str, int], Decimal] = defaultdict(Decimal)
    for centre in allocation.centres:
        for line in centre.lines:
            found[line.key] += line.amount
    return {key: amount for key, amount in found.items() if amount}


def assert_adds_up(document: Document) -> None:
    allocation = allocation_of(document)
    lines = {(line.part, line.meter, line.tier): line.amount for line in document.lines if line.amount}
    assert by_line(allocation) == lines
    for name in ("net", "tax", "total"):
        assert sum(getattr(centre, name) for centre in allocation.centres) == getattr(document, name)
    for centre in allocation.centres:
        assert sum(line.amount for line in centre.lines) == centre.net
        assert centre.net + centre.tax == centre.total
        if centre.hosts and document.kind == "invoice":  # what had no host before is the centre's alone
            assert sum(host.amount for host in centre.hosts) == centre.net


@some
@given(worlds(), histories)
def test_every_document_adds_up_and_all_of_them_are_the_month(world: dict[str, Any], months: list[list[Row]]) -> None:
    issued, decisions = issued_in_turn(months, world)
    for one in issued:
        assert_adds_up(one.document)
    now = decisions[-1].allocated
    assert now is not None
    summed = whole([allocation_of(one.document) for one in issued])
    assert {centre.centre: centre.lines for centre in summed.centres if centre.lines} == {
        centre.centre: centre.lines for centre in now.allocation.centres if centre.lines
    }
    for centre in now.allocation.centres:
        same = summed.share(centre.centre)
        assert same is not None
        assert (same.net, same.tax, same.sessions) == (centre.net, centre.tax, centre.sessions)
        assert {h.host_id: h.amount for h in same.hosts if h.amount} == {
            h.host_id: h.amount for h in centre.hosts if h.amount
        }


@some
@given(worlds(), usage(most=25))
def test_whole_month_shares_lie_between_nothing_and_the_line(world: dict[str, Any], rows: list[Row]) -> None:
    (one,), (decision,) = issued_in_turn([rows], world)
    amounts = {(line.part, line.meter, line.tier): line.amount for line in one.document.lines}
    allocation = allocation_of(one.document)
    for centre in allocation.centres:
        assert all(0 <= line.amount <= amounts[line.key] for line in centre.lines)
        assert 0 <= centre.tax <= one.document.tax
    month = decision.month
    assert sum(centre.included for centre in allocation.centres) == month.allowance.used
    assert sum(centre.overage for centre in allocation.centres) == month.allowance.overage
    for status, count in month.counts.items():
        assert sum(centre.sessions[status] for centre in allocation.centres) == count
    assert sum(centre.minutes for centre in allocation.centres) == month.minutes["BILL"].known


@some
@given(worlds(), usage(most=25), st.randoms(use_true_random=False))
def test_no_order_matters(world: dict[str, Any], rows: list[Row], random: Any) -> None:
    _, (decision,) = issued_in_turn([rows], world)
    sources = world["sources"]
    shuffled = replace(sources, rows=tuple(random.sample(sources.rows, len(sources.rows))))
    again = decided(random.sample(rows, len(rows)), **world | {"sources": shuffled})
    assert decision.post is not None
    assert again.post is not None
    assert again.post.allocation == decision.post.allocation


@some
@given(worlds(), usage(most=25))
def test_one_centre_for_all_is_the_invoice_line_by_line(world: dict[str, Any], rows: list[Row]) -> None:
    assume(any(row.status == "BILL" for row in rows))  # without any the fee is nobody's
    everybody = tuple(MapRow("host", str(host), "A") for host in (*HOSTS, 7))
    rules: AllocationTerms = world["terms"].allocation
    quotas = {"A": sum(rules.quotas.values())} if rules.quotas else {}
    one = replace(rules, fee_by=DEFAULTS[rules.policy], hosts_by="hosts", quotas=quotas)
    terms = replace(world["terms"], allocation=one)
    decision = decided(rows, terms=terms, sources=replace(world["sources"], rows=everybody))
    assert decision.post is not None
    document = decision.post
    paying = [centre for centre in allocation_of(document).centres if centre.total]
    assert [centre.centre for centre in paying] in (["A"], ["unallocated"], [])
    if paying:
        assert {line.key: line.amount for line in paying[0].lines if line.amount} == {
            (line.part, line.meter, line.tier): line.amount for line in document.lines if line.amount
        }
        assert (paying[0].net, paying[0].tax) == (document.net, document.tax)


@some
@given(worlds(), usage(most=25))
def test_merging_two_centres_moves_at_most_two_units_a_line(world: dict[str, Any], rows: list[Row]) -> None:
    rules: AllocationTerms = world["terms"].allocation
    if rules.policy == "reserved" or isinstance(rules.fee_by, dict) or isinstance(rules.hosts_by, dict):
        return
    if "equal" in (rules.fee_by, rules.hosts_by):
        return
    sources = world["sources"]
    merged = replace(
        sources, rows=tuple(replace(row, centre="A") if row.centre == "B" else row for row in sources.rows)
    )
    before, after = (decided(rows, **world | {"sources": one}) for one in (sources, merged))
    assert before.allocated is not None
    assert after.allocated is not None
    amounts: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for number, allocation in enumerate((before.allocated.allocation, after.allocated.allocation)):
        for centre in allocation.centres:
            for line in centre.lines:
                amounts["A" if centre.centre == "B" else centre.centre, line.key][number] += line.amount
    unit = Decimal(1).scaleb(-world["terms"].digits)
    assert all(abs(one - two) <= 2 * unit for one, two in amounts.values())


@some
@given(worlds(), usage(most=25))
def test_a_centre_within_its_reserved_quota_pays_no_overage(world: dict[str, Any], rows: list[Row]) -> None:
    rules: AllocationTerms = world["terms"].allocation
    decision = decided(rows, **world)
    if rules.policy != "reserved" or len(decision.month.parts) > 1 or decision.allocated is None:
        return
    for centre in decision.allocated.allocation.centres:
        if centre.sessions["BILL"] <= rules.quotas.get(centre.centre, 0):
            assert centre.overage == 0
            assert not any(line.amount for line in centre.lines if line.meter == "sessions")


@some
@given(worlds(), worlds(), usage(most=14))
def test_a_changed_map_or_policy_leaves_an_issued_month_as_it_is(
    world: dict[str, Any], other: dict[str, Any], rows: list[Row]
) -> None:
    issued, _ = issued_in_turn([rows], world)
    again = decided(rows, terms=world["terms"], sources=other["sources"], issued=issued, adjust=True)
    assert (again.status, again.post, again.drafts) == ("unchanged", None, ())
    assert again.allocated is not None
    assert again.allocated.allocation == issued[0].document.allocation


def test_a_stored_resolution_gives_the_same_again() -> None:
    """As `verify` computes it: without map, users or groups."""
    terms = spread(asked())
    decision = decided(in_turn("CNU"), terms=terms, sources=mapped(licensed=(1, 2)))
    assert decision.post is not None
    allocation = allocation_of(decision.post)
    again = decided(in_turn("CNU"), terms=terms, sources=Sources(stored=Resolution(allocation.assigned, (1, 2))))
    assert again.post == decision.post
