"""`--format` on run and render, the extra `pdf`, and what `verify` makes of both."""

from pathlib import Path

import pytest

from tests.company import Company, row, rows

STEM = "ACME-201611-0001"
MONTH = ("--month", "2016-11")
ISSUED = {f"{STEM}.{name}" for name in ("xlsx", "html", "json", "csv")}


def test_run_writes_the_formats_named_and_json(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        assert company.run("run", *MONTH, "--format", "html").exit_code == 0
        assert company.names() == {f"{STEM}.html", f"{STEM}.json", "summary.json"}
        assert company.summary()["documents"][0]["files"] == {"html": f"{STEM}.html", "json": f"{STEM}.json"}
        assert company.run("verify").exit_code == 0


def test_a_rerun_with_other_formats_leaves_an_issued_month_as_it_is(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        company.run("run", *MONTH)
        before = {name: (company.unit() / name).read_bytes() for name in ISSUED}
        assert company.run("run", *MONTH, "--format", "csv").exit_code == 0
        assert company.summary()["status"] == "unchanged"
        assert {name: (company.unit() / name).read_bytes() for name in ISSUED} == before
        company.send([*rows(2), row(3, status="COMP")])
        company.run("run", *MONTH, "--format", "csv")
        assert {"restatement.csv", "restatement.json"} < company.names()
        assert "restatement.xlsx" not in company.names()


@pytest.mark.needs("Pango")
def test_render_writes_only_the_format_named_as_a_copy_beside(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3)) as company:
        company.run("run", *MONTH)
        (company.unit() / f"{STEM}.html").unlink()
        done = company.run("render", "--format", "pdf")
        assert done.exit_code == 0
        assert f"{STEM}.pdf" in done.stdout
        assert f"{STEM}.html" not in company.names()
        assert company.run("verify").exit_code == 3
        company.run("render", "--format", "html")
        assert company.run("verify").exit_code == 0
        (company.unit() / f"{STEM}.pdf").write_bytes(b"%PDF-1.7 not this")
        done = company.run("verify")
        assert done.exit_code == 3
        assert "render --format pdf" in done.stdout
        (company.unit() / f"{STEM}.pdf").unlink()
        assert company.run("verify").exit_code == 0


@pytest.mark.needs("Pango")
def test_a_document_issued_as_pdf_is_proven_and_restored(tmp_path: Path) -> None:
    with Company(tmp_path, rows(3), formats=["json", "pdf"]) as company:
        assert company.run("run", *MONTH).exit_code == 0
        file = company.unit() / f"{STEM}.pdf"
        issued = file.read_bytes()
        assert company.run("verify").exit_code == 0
        file.write_bytes(issued.replace(b"%PDF-1.7", b"%PDF-1.6"))
        assert company.run("verify").exit_code == 3
        company.run("render")
        assert file.read_bytes() == issued
        assert company.run("verify").exit_code == 0


@pytest.mark.parametrize(
    ("command", "settings", "where"),
    [
        (("check",), {"formats": ["json", "pdf"]}, "config.yaml: formats: pdf needs the extra"),
        (("run", *MONTH), {"formats": ["json", "pdf"]}, "config.yaml: formats: pdf needs the extra"),
        (("run", *MONTH, "--format", "pdf"), {}, "--format: pdf needs the extra"),
    ],
)
def test_without_the_extra_pdf_is_refused_with_what_to_install(command, settings, where, tmp_path: Path) -> None:
    absent = tmp_path / "path"
    absent.mkdir()
    (absent / "weasyprint.py").write_text("raise ImportError('No module named weasyprint')")
    with Company(tmp_path, rows(3), **settings) as company:
        done = company.process(*command, environ={"PYTHONPATH": str(absent)})
    assert done.returncode == 2
    assert where in done.stderr
    assert "pip install 'securevideo-billing[pdf]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", [("check",), ("run", *MONTH)])
def test_without_the_systems_library_pdf_is_refused_with_what_to_install(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    """WeasyPrint is there, and raises this where Pango is not."""
    absent = tmp_path / "path"
    absent.mkdir()
    (absent / "weasyprint.py").write_text("raise OSError(\"cannot load library 'libpango-1.0-0': no such file\")")
    with Company(tmp_path, rows(3), formats=["json", "pdf"]) as company:
        done = company.process(*command, environ={"PYTHONPATH": str(absent)})
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "formats: pdf needs Pango, a library of the system" in line
    assert "apt-get install libpango-1.0-0" in line
    assert "cannot load library 'libpango-1.0-0'" in line
    assert "securevideo-billing[pdf]" not in line
