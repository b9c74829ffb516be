import re
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from reports.centres.statement import file_stems
from reports.formats.xlsx.reading import read_figures
from tests.company import MONTH
from tests.jobs.test_allocation import COMPED, INVOICE, LETTERS, NOTE, company


def test_names_that_collide_are_told_apart_in_key_order() -> None:
    assert file_stems(["it", "IT", "c d", "c/d", "c_d", "x.y-z"]) == {
        "IT": "IT", "it": "it-2", "c d": "c_d", "c/d": "c_d-2", "c_d": "c_d-3", "x.y-z": "x.y-z"
    }  # fmt: skip


def test_a_made_up_name_never_takes_a_real_ones_place() -> None:
    stems = file_stems(["a", "A", "a-2", "A-2"])
    assert len({stem.casefold() for stem in stems.values()}) == 4


@pytest.mark.parametrize("adjusted", [False, True])
def test_workbook_and_statements_say_the_same(tmp_path: Path, adjusted: bool) -> None:
    with company(tmp_path) as acme:
        acme.run("run", "--month", MONTH)
        if adjusted:
            acme.send(COMPED)
            acme.run("run", "--month", MONTH, "--adjust")
        number, total = (NOTE, "-5.30") if adjusted else (INVOICE, "47.70")
        figures = read_figures(acme.unit() / f"{number}.xlsx")
        assert Decimal(str(figures["allocation_total"])) == Decimal(total)
        assert (figures["allocation_difference"], figures["all_checks"]) == (0, "OK")
        book = load_workbook(acme.unit() / f"{number}.xlsx", data_only=True, read_only=True)
        heads, *rows = book["Sessions"].iter_rows(1, 4, values_only=True)
        assert [row[heads.index("Cost centre")] for row in rows] == ["CARDIO"] * 3
        stated = read_figures(acme.unit() / f"centres/{number}-CARDIO.xlsx")
        assert Decimal(str(stated["centre_total"])) == Decimal("-3.30" if adjusted else "19.87")
        page = (acme.unit() / f"centres/{number}-CARDIO.html").read_text()
        assert f'data-field="centre_total" data-value="{stated["centre_total"]}' in page
        assert "not an invoice" in page
        assert "Trevor Stamp" not in page
        assert ("<h1>Adjustment of a cost share</h1>" in page) is adjusted
        assert "redit" not in page.partition("<h1>")[2].partition("</h1>")[0]


def test_each_statement_lists_its_own_sessions_however_they_are_mixed(tmp_path: Path) -> None:
    """Their cells are laid out once for all centres; each workbook and page takes its own stretch of them."""
    with company(tmp_path) as acme:
        acme.run("run", "--month", MONTH)
        for centre, letter in (("CARDIO", "C"), ("NEURO", "N"), ("unallocated", "U")):
            ids = [n for n, one in enumerate("CCCNCCNCNNNU", 1) if one == letter]
            book = load_workbook(acme.unit() / f"centres/{INVOICE}-{centre}.xlsx", data_only=True, read_only=True)
            heads, *rows = book["Sessions"].iter_rows(values_only=True)
            at, host, allowance = (heads.index(head) for head in ("Billable at (UTC)", "Host ID", "Allowance"))
            assert [row[0] for row in rows] == ids
            assert [row[at].minute for row in rows] == ids
            assert {row[host] for row in rows} == {LETTERS[letter]}
            assert [row[allowance] for row in rows] == [
                f"included #{n} of 8" if n <= 8 else f"overage #{n - 8}" for n in ids
            ]
            page = (acme.unit() / f"centres/{INVOICE}-{centre}.html").read_text()
            assert re.findall(r'<th scope="row" class="text">(\d+)</th>', page) == [*map(str, ids)]
            assert re.findall(r'<time datetime="2016-11-03 10:(\d\d):00Z">2016-11-03 10:\1:00<', page) == [
                f"{n:02}" for n in ids
            ]
