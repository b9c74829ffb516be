"""Plans of any number of tiers: no formula of the workbook grows beyond what Excel takes (8,192 characters)."""

import html
import re
import zipfile
from pathlib import Path

from reports.formats.xlsx.reading import read_figures
from tests import tools
from tests.company import MONTH, Company, account, row
from tests.reports.formats.libreoffice import recalculated

EXCEL = 8192
TIERS = [{"up_to": number, "price": f"9.{number:012}"} for number in range(1, 700)] + [{"price": "0.000000000000001"}]
METER = {"included": 1, "overage": TIERS}
PLANS = [
    {"from": f"2016-11-{day:02}", "name": f"Plan {day}", "monthly_fee": "25.00", "sessions": METER, "minutes": METER}
    for day in (1, 11, 21)
]


def test_sums_over_thousands_of_tiers_stay_short_and_right(tmp_path: Path) -> None:
    sent = [row(day * 10 + hour, at=f"2016-11-{day:02}T{hour:02}:00:00") for day in range(1, 31) for hour in range(9)]
    with Company(tmp_path, sent, accounts={"acme": account("acme", plans=PLANS)}) as company:
        assert company.run("run", "--month", MONTH, now="2016-12-10T00:00:00+00:00").exit_code == 0
        package = (company.unit() / "ACME-201611-0001.xlsx").read_bytes()
        net = company.summary()["documents"][0]["net"]
    figures = read_figures(package)
    assert (figures["all_checks"], str(figures["net_total"])) == ("OK", str(float(net)))
    with zipfile.ZipFile(company.unit() / "ACME-201611-0001.xlsx") as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    formulas = [html.unescape(formula) for sheet in sheets for formula in re.findall(r"<f>(.*?)</f>", sheet)]
    assert max(map(len, formulas)) < EXCEL
    assert any("SUMPRODUCT(" in formula for formula in formulas)
    tools.require("LibreOffice")
    assert read_figures(recalculated({"tiers": package}, tmp_path / "office")["tiers"]) == figures
