"""A month's bill as a competent engineer writes it in an afternoon: the script to compare with.

    SECUREVIDEO_IDENTIFIER=… SECUREVIDEO_SECRET=… python -m benchmarks.straightforward URL YYYY-MM OUTPUT

It trusts the vendor's reply and keeps no record; it writes a workbook (all sessions, a summary), a CSV file of the
sessions and an HTML page to the folder OUTPUT, and prints the total. Its sheet of sessions tells finance the same as
ours, in the same columns but the part of the month. Its libraries are the usual ones, used the usual way: neither
slowed down nor tuned.
"""

import os
import sys
from pathlib import Path

import httpx
import jinja2
import pandas as pd

FEE, INCLUDED, OVERAGE = 25.00, 8, 5.00
TIMEZONE = "America/New_York"

PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Invoice {{ month }}</title></head>
<body>
<h1>Invoice {{ month }}</h1>
<table>
<tr><th>Item</th><th>Quantity</th><th>Amount</th></tr>
{% for item, quantity, amount in lines %}
<tr><td>{{ item }}</td><td>{{ quantity }}</td><td>{{ "%.2f"|format(amount) }}</td></tr>
{% endfor %}
<tr><th>Total</th><td></td><td>{{ "%.2f"|format(total) }}</td></tr>
</table>
<h2>Sessions by status</h2>
{{ by_status.to_html()|safe }}
<h2>Sessions by host</h2>
{{ by_host.to_html()|safe }}
</body>
</html>
"""


def fetch(url: str, month: str) -> pd.DataFrame:
    auth = (os.environ["SECUREVIDEO_IDENTIFIER"], os.environ["SECUREVIDEO_SECRET"])
    reply = httpx.get(f"{url}history", params={"month": f"{month}-01"}, auth=auth, timeout=120)
    reply.raise_for_status()
    return pd.DataFrame(reply.json())


def rate(history: pd.DataFrame) -> pd.DataFrame:
    """The sheet of sessions: in order, each with its place in the allowance and its charge."""
    billable = pd.to_datetime(history["BillableTs"], format="ISO8601")
    sessions = pd.DataFrame(
        {
            "Session": history["SessionId"],
            "Billable at (UTC)": billable,
            "Billable at (local)": billable.dt.tz_localize("UTC").dt.tz_convert(TIMEZONE).dt.tz_localize(None),
            "Scheduled at (UTC)": pd.to_datetime(history["ScheduleTs"], format="ISO8601"),
            "Status": history["BillableStatusCd"],
        }
    )
    sessions["Minutes"] = history["DurationMinutes"].astype("Int64")
    sessions["Host"] = history["UsageDescription"].str.extract(r"^(.*) Session #", expand=False)
    sessions["Host ID"] = history["UserId"]
    sessions = sessions.sort_values(["Billable at (UTC)", "Session"], ignore_index=True)
    counted = sessions["Status"] == "BILL"
    number = counted.cumsum()
    included = "included #" + number.astype(str) + f" of {INCLUDED}"
    overage = "overage #" + (number - INCLUDED).astype(str)
    sessions["Counts towards limit"] = counted.map({True: "yes", False: "no"})
    sessions["Allowance"] = included.where(number <= INCLUDED, overage).where(counted)
    sessions["Charge"] = OVERAGE * (counted & (number > INCLUDED))
    return sessions


def main(url: str, month: str, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    sessions = rate(fetch(url, month))
    counted = int((sessions["Status"] == "BILL").sum())
    overage = max(0, counted - INCLUDED)
    lines = [
        ("Monthly fee", 1, FEE),
        ("Included sessions", counted - overage, 0.0),
        ("Overage sessions", overage, overage * OVERAGE),
    ]
    total = sum(amount for _, _, amount in lines)
    by_status = sessions.groupby("Status")["Minutes"].agg(Sessions="size", Minutes="sum")
    by_host = sessions.groupby(["Host ID", "Host"]).agg(Sessions=("Session", "size"), Charge=("Charge", "sum"))
    with pd.ExcelWriter(output / f"{month}.xlsx", engine="openpyxl") as workbook:
        pd.DataFrame(lines, columns=["Item", "Quantity", "Amount"]).to_excel(
            workbook, sheet_name="Invoice", index=False
        )
        by_status.to_excel(workbook, sheet_name="Summary")
        sessions.to_excel(workbook, sheet_name="Sessions", index=False)
    sessions.to_csv(output / f"{month}.csv", index=False)
    page = jinja2.Environment(autoescape=True).from_string(PAGE)
    html = page.render(month=month, lines=lines, total=total, by_status=by_status, by_host=by_host)
    (output / f"{month}.html").write_text(html, encoding="utf-8")
    print(f"{total:.2f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
