"""Accounts in files of their own, one an account: the same configuration, with every mistake's file and line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.config import load
from jobs.errors import ConfigError
from tests.company import Company, account, rows

SECTIONS = {"acme": account("acme"), "birch": account("birch")}


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Company(tmp_path, accounts=SECTIONS) as company:
        yield split(company)


def split(company: Company, **changes: Any) -> Company:
    """Puts each account of the configuration into a file of its own; `changes` by key are what stands there instead."""
    folder = company.folder / "accounts"
    folder.mkdir(exist_ok=True)
    for key, section in (SECTIONS | changes).items():
        (folder / f"{key}.yaml").write_text(section if isinstance(section, str) else json.dumps(section, indent=1))
    company.configure(accounts="accounts/")
    return company


def mistakes(company: Company, only: str | None = None) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(company.config_file, only)
    return [line.removeprefix(f"{company.folder}/") for line in str(refused.value).splitlines()]


def test_a_folder_of_files_is_the_same_as_one_file(company: Company) -> None:
    apart = load(company.config_file)
    company.configure(accounts=SECTIONS)
    assert dict(apart.accounts) == dict(load(company.config_file).accounts)


def test_each_mistake_is_named_with_its_file_and_line_the_main_one_first(company: Company) -> None:
    split(company, acme="credentials: [\n", birch=json.dumps(SECTIONS["birch"], indent=1).replace("USD", "usd"))
    company.configure(close_day=40)
    main, acme, birch = mistakes(company)
    assert main.startswith("config.yaml:")
    assert ": close_day: " in main
    assert acme.startswith("accounts/acme.yaml:2: accounts.acme: not valid YAML")
    line = json.dumps(SECTIONS["birch"], indent=1).splitlines().index(' "currency": "USD",') + 1
    assert birch.startswith(f"accounts/birch.yaml:{line}: accounts.birch.currency: ")


def test_accounts_are_compared_across_files(company: Company) -> None:
    split(company, birch={**SECTIONS["birch"], "invoice_prefix": "acme"})
    (found,) = mistakes(company)
    assert found.startswith("accounts/birch.yaml:")
    assert "accounts.birch.invoice_prefix: another account has this prefix" in found
    assert [*load(company.config_file, "birch").accounts] == ["birch"], "which one alone does not show"


def test_one_account_is_read_alone_and_an_unknown_one_among_all(company: Company) -> None:
    split(company, birch="nonsense: 1\n")
    assert [*load(company.config_file, "acme").accounts] == ["acme"]
    assert mistakes(company, "cedar")[0].startswith("accounts/birch.yaml:1: accounts.birch.")


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_that_is_missing_or_empty_is_named(company: Company, there: bool) -> None:
    company.configure(accounts="others")
    if there:
        (company.folder / "others").mkdir()
    (found,) = mistakes(company)
    assert found.startswith("config.yaml:")
    assert ("no file such as acme.yaml" if there else "no folder found") in found


def test_a_command_for_one_account_reads_that_one_and_a_run_reads_all(tmp_path: Path) -> None:
    with Company(tmp_path, {"acme": rows(3), "birch": rows(3)}) as company:
        split(company)
        assert company.run("run", "--month", "2016-11").exit_code == 0
        split(company, birch="nonsense: 1\n")
        assert company.run("diff", "--account", "acme", "--month", "2016-11").exit_code == 0
        refused = company.run("run", "--month", "2016-11", "--account", "acme")
        assert refused.exit_code == 2
        assert "accounts/birch.yaml:1: accounts.birch.nonsense: unknown key" in refused.stderr
