from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.billing.invoicing import month_totals, numbered, series
from jobs.billing.terms import Terms, from_builtins
from reports.document import Document
from reports.stored import from_json, to_json
from tests.usage import (
    BY_MINUTE,
    CLOSED,
    PLUS,
    Row,
    any_terms,
    at,
    bills,
    decided,
    issue,
    odd_rows,
    past,
    plan,
    post,
    setting,
    terms,
    usage,
)

NINE = bills(9)
EIGHT = [*bills(8), Row(9, "COMP", at(11))]
TEN = bills(10)


def adjustment(later: list[Row]) -> Document:
    found = decided(later, issued=issue(NINE), adjust=True).post
    assert found is not None
    return found


def invoice(rows: list[Row], **values: object) -> Document:
    found = decided(rows, **values).post
    assert found is not None
    return found


def test_an_invoice_has_its_number_date_and_due_date() -> None:
    document = numbered(invoice(NINE), 7, date(2016, 12, 4))
    assert (document.number, document.final, document.corrects) == ("ACME-201611-0007", True, None)
    assert (document.issued_on, document.due_on) == (date(2016, 12, 4), date(2017, 1, 3))
    assert document.files["xlsx"] == "ACME-201611-0007.xlsx"
    assert document.stem == document.number


@pytest.mark.parametrize(
    ("nth", "number"), [(1, "ACME-201611-0001"), (9999, "ACME-201611-9999"), (10000, "ACME-201611-10000")]
)
def test_numbers_go_on_past_four_digits(nth: int, number: str) -> None:
    assert numbered(invoice(NINE), nth, CLOSED.date()).number == number


def test_adjustments_are_numbered_after_their_invoice_each_kind_by_itself() -> None:
    credit, supplement = adjustment(EIGHT), adjustment(TEN)
    assert numbered(credit, 2, CLOSED.date()).number == "ACME-201611-0001-CN2"
    assert numbered(supplement, 1, CLOSED.date()).number == "ACME-201611-0001-SI1"
    assert len({series(credit), series(supplement), series(invoice(NINE))}) == 3
    assert series(invoice(NINE)) == series(invoice(TEN))  # one gapless series an account


def test_only_what_is_to_be_paid_has_a_due_date() -> None:
    found = [numbered(one, 1, CLOSED.date()).due_on is None for one in (adjustment(EIGHT), adjustment(TEN))]
    assert found == [True, False]


def test_a_restatement_has_no_number_and_its_own_files() -> None:
    issued = issue(EIGHT)
    later = [*bills(8), Row(9, "SVCO", at(11))]
    document = decided(later, issued=issued, adjust=True).post
    assert document is not None
    final = numbered(document, 1, CLOSED.date())
    assert (final.number, final.final, final.due_on) == (None, True, None)
    assert final.files["json"] == "restatement-1.json"


def test_an_adjustment_cites_all_that_was_issued_and_shows_the_whole_month() -> None:
    issued = issue(NINE)
    first = decided(EIGHT, issued=issued, adjust=True)
    second = decided(TEN, issued=post(first, issued), adjust=True).post
    assert second is not None
    cited = [(one.kind, one.number, str(one.total)) for one in second.already_issued]
    assert cited == [
        ("invoice", "ACME-201611-0001", "30.00"),
        ("credit_note", "ACME-201611-0001-CN1", "-5.00"),
    ]
    assert (str(second.total), str(second.month_total), second.corrects) == ("10.00", "35.00", "ACME-201611-0001")
    assert second.is_adjustment
    assert [line.meter for line in second.lines] == ["sessions"]  # nothing else moved
    assert second.counts["BILL"] == 10


def test_a_document_holds_the_terms_it_was_made_with() -> None:
    some = terms(BY_MINUTE, plan("50.00", start=at(20).date()), tax="8.25", currency="KWD", digits=3)
    document = invoice(NINE, terms=some)
    assert from_builtins(document.terms) == some
    assert from_builtins(from_json(to_json(document)).terms) == some


def test_rules_tell_of_a_shared_month() -> None:
    whole = invoice(NINE)
    shared = invoice(NINE, terms=terms(PLUS, plan("50.00", start=at(16).date(), name="Unlimited")))
    assert not any("days" in rule for rule in whole.rules)
    assert any("15 of 30 days" in rule for rule in shared.rules)
    assert any("price × days ÷ days of the month" in rule for rule in shared.rules)
    first_plan_late = invoice([], terms=terms(plan("50.00", start=at(16).date())))
    assert any("price × days ÷ days of the month" in rule for rule in first_plan_late.rules)


def test_the_trend_is_the_last_thirteen_months_with_this_one() -> None:
    document = invoice(NINE, setting=setting(past=past(*range(20))))
    assert len(document.trend) == 13
    assert document.trend[-1] == month_totals(document)
    assert [one.counts["BILL"] for one in document.trend][:-1] == list(range(8, 20))
    assert len(invoice(NINE).trend) == 1


def test_month_totals_of_an_adjustment_are_the_whole_months() -> None:
    assert str(month_totals(adjustment(EIGHT)).total) == "25.00"


@settings(max_examples=20, deadline=None)
@given(usage(15), usage(15), any_terms())
def test_documents_survive_the_way_through_json(rows: list[Row], later: list[Row], some: Terms) -> None:
    issued = issue(rows, terms=some)
    decision = decided(later, terms=some, issued=issued)
    for document in (issued[0].document, *decision.drafts):
        text = to_json(document)
        assert from_json(text) == document
        assert to_json(from_json(text)) == text
        assert b"E+" not in text
        assert b'"-0' not in text.replace(b'"-0.', b"")


@settings(max_examples=20, deadline=None)
@given(st.lists(odd_rows, max_size=15))
def test_drafts_with_any_findings_survive_the_way_through_json(rows: list[Row]) -> None:
    decision = decided(rows, terms=terms(BY_MINUTE))
    document = decision.post or decision.drafts[0]
    assert from_json(to_json(document)) == document
    assert document.findings == decision.findings
    counted = [document.rows.counted, document.rows.set_aside, document.rows.repeated, document.rows.never_connected]
    assert sum(counted) == document.rows.received == len(rows)


def test_money_of_a_document_has_the_currencys_digits() -> None:
    for currency, digits in (("JPY", 0), ("USD", 2), ("KWD", 3)):
        some = terms(plan("25", BY_MINUTE.meter("sessions")), currency=currency, digits=digits, tax="7.7")
        document = invoice(NINE, terms=some)
        for amount in (document.net, document.tax, document.total, *(line.amount for line in document.lines)):
            assert amount == amount.quantize(Decimal(1).scaleb(-digits))
            assert amount.as_tuple().exponent == -digits
