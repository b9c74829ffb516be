"""What version 0.1.0 left of two made-up clinics: proven, written again and restated with the figures of that day.

Pages and workbooks may look otherwise in a later version; what is CSV or JSON stays as it was, byte for byte.

`tests/ledgers/0.1.0` was made once, by that version; it holds a split month, tiers, minutes, a credit note and a draft.
"""

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.company import Company

LEFT = Path(__file__).parents[1] / "ledgers/0.1.0"
DECEMBER = "LAKE-201612-0002"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    shutil.copytree(LEFT, tmp_path, dirs_exist_ok=True)
    settings = YAML(typ="safe", pure=True).load((LEFT / "config.yaml").read_text())
    del settings["vendor"]
    with Company(tmp_path, {"lakeside": {"2016-12": []}}, **settings) as company:
        yield company


def issued(output: Path) -> dict[str, bytes]:
    """Every file but the overview and the summaries, by its path."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.glob("*/*/*"))
        if path.name != "summary.json"
    }


def documents_of(output: Path) -> dict[str, bytes]:
    return {name: content for name, content in issued(output).items() if "draft" not in name}


def rows(output: Path, number: str) -> list[dict[str, Any]]:
    """What the vendor sent for an issued document."""
    document = json.loads(next(output.rglob(f"{number}.json")).read_bytes())
    packed = LEFT / f"state/snapshots/{document['snapshot']['sha256']}.json.gz"
    return list(json.loads(gzip.decompress(packed.read_bytes())))


def test_it_is_proven_whole(company: Company) -> None:
    done = company.run("verify")
    assert (done.exit_code, done.stdout) == (
        0,
        "proven: documents 4, all of their files, snapshots 5; no difference\n",
    )


def test_its_files_are_written_again_with_the_same_figures(company: Company) -> None:
    output = company.folder / "out"
    before = documents_of(output)
    for name in before:
        (output / name).unlink()
    assert company.run("render").exit_code == 0
    again = documents_of(output)
    assert len(before) == 4 * 4
    assert again.keys() == before.keys()
    for name in before:
        if name.endswith((".csv", ".json")):
            assert again[name] == before[name], name
    verified = company.run("verify")  # reads every figure of the pages and workbooks, too
    assert (verified.exit_code, verified.stdout) == (
        0,
        "proven: documents 4, all of their files, snapshots 5; no difference\n",
    )


def test_a_month_of_it_is_restated_under_the_terms_stored_then(company: Company) -> None:
    output = company.folder / "out"
    sent = rows(output, DECEMBER)
    company.send({"2016-12": sent}, "lakeside")
    assert company.run("run", "--account", "lakeside", "--month", "2016-12").exit_code == 0
    assert company.summary("2016-12", "lakeside")["status"] == "unchanged"
    last = max(
        (row for row in sent if row["BillableStatusCd"] == "BILL" and row["DurationMinutes"]),
        key=lambda row: str(row["BillableTs"]),
    )
    last["DurationMinutes"] += 40  # of the second part of the month, in its second tier of minutes: 0.125 each
    company.send({"2016-12": sent}, "lakeside")
    company.configure(
        accounts={
            "lakeside": company.settings["accounts"]["lakeside"]
            | {"plans": [{"from": "2014-01-01", "name": "Other", "monthly_fee": "1.00"}]}
        }
    )
    assert company.run("run", "--adjust", "--account", "lakeside", "--month", "2016-12").exit_code == 0
    adjusted = company.summary("2016-12", "lakeside")
    (document,) = adjusted["documents"]
    assert (document["number"], document["net"], document["tax"]) == (f"{DECEMBER}-SI1", "5.00", "0.30")
    assert [(line["meter"], line["quantity"], line["amount"]) for line in document["lines"]] == [
        ("minutes", "40", "5.00")
    ]
    assert company.run("verify").exit_code == 0
