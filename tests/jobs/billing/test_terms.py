import json
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.billing import terms
from jobs.billing.plan import Hosts, Meter, Plan, Tax, Tier
from jobs.billing.terms import Terms
from reports.parties import Customer, Issuer, Particular, Payment

amounts = st.decimals(min_value=0, max_value=10**9, places=4, allow_nan=False, allow_infinity=False)
counts = st.integers(0, 10**9)
names = st.text(min_size=1, max_size=20).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))
address = {"name": names, "address": st.tuples(names, names), "email": names, "tax_id": names}
payments = st.builds(Payment, lines=st.lists(names, max_size=3).map(tuple))
particulars = st.lists(st.builds(Particular, label=names, value=names), max_size=4).map(tuple)
issuers = st.builds(Issuer, **address, payment=st.just(msgspec.UNSET) | payments, footer=st.just(msgspec.UNSET) | names)
customers = st.builds(
    Customer,
    **address,
    reference=st.just(msgspec.UNSET) | names,
    fields=st.just(msgspec.UNSET) | particulars,
)
tiers = st.builds(Tier, up_to=st.none() | counts, price=amounts)


def meters(name: str) -> st.SearchStrategy[Meter]:
    return st.builds(
        Meter, name=st.just(name), included=st.none() | counts, tiers=st.lists(tiers, max_size=3).map(tuple)
    )


plans = st.builds(
    Plan,
    start=st.dates(),
    name=names,
    monthly_fee=amounts,
    meters=st.tuples(meters("sessions"), meters("minutes")) | st.tuples(meters("minutes")) | st.just(()),
    hosts=st.none() | st.builds(Hosts, included=counts, licensed=counts, extra=amounts),
)
all_terms = st.builds(
    Terms,
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
    digits=st.integers(0, 4),
    invoice_prefix=names,
    payment_days=st.integers(0, 365),
    tax=st.builds(Tax, name=names, rate=amounts),
    plans=st.lists(plans, min_size=1, max_size=3).map(tuple),
    issuer=issuers,
    bill_to=customers,
)

SIMPLE = Terms(
    currency="USD",
    digits=2,
    invoice_prefix="ACME",
    payment_days=30,
    tax=Tax("Tax", Decimal(0)),
    plans=(Plan(date(2014, 1, 1), "PLUS", Decimal("25.00"), (Meter("sessions", 8, (Tier(None, Decimal("5.00")),)),)),),
    issuer=Issuer("Example Billing LLC"),
    bill_to=Customer("Acme", ("1 Main St",)),
)


@given(all_terms)
def test_terms_survive_the_way_through_json(given_terms: Terms) -> None:
    stored = json.loads(json.dumps(terms.to_builtins(given_terms)))
    assert terms.from_builtins(stored) == given_terms
    assert terms.to_builtins(terms.from_builtins(stored)) == stored


def test_decimals_are_plain_text_as_written() -> None:
    stored = terms.to_builtins(SIMPLE)
    plan = stored["plans"][0]
    assert (plan["monthly_fee"], plan["sessions"]["tiers"][0]["price"], plan["start"]) == (
        "25.00",
        "5.00",
        "2014-01-01",
    )
    assert stored["tax"] == {"name": "Tax", "rate": "0"}


def test_a_key_that_a_newer_program_stored_is_passed_over() -> None:
    assert terms.from_builtins({**terms.to_builtins(SIMPLE), "discount": "1.00"}) == SIMPLE


@pytest.mark.parametrize("damage", [{"plans": 5}, {"digits": "2"}, {"tax": {"name": "Tax", "rate": "much"}}])
def test_damaged_terms_are_refused(damage: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        terms.from_builtins({**terms.to_builtins(SIMPLE), **damage})


def test_terms_without_a_key_are_refused() -> None:
    stored = terms.to_builtins(SIMPLE)
    del stored["currency"]
    with pytest.raises(msgspec.ValidationError):
        terms.from_builtins(stored)
