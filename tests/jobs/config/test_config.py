import re
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from jobs import config
from jobs.billing.plan import Hosts, Meter, Tier
from jobs.config import Config, CredentialSource, models
from jobs.errors import ConfigError, CredentialError
from reports.parties import Particular, Payment
from tests import paying

EXAMPLE = Path(__file__).parents[3] / "config.example.yaml"
SECRET = "hunter2-Zq9x7TOPsecret"

GOOD = """\
issuer: {name: Example Billing LLC}
accounts:
  acme:
    credentials:
      identifier: {env: ACME_ID}
      secret: {file: secrets/acme}
    bill_to: {name: Acme}
    currency: USD
    invoice_prefix: ACME
    plans:
      - from: 2014-01-01
        name: PLUS
        monthly_fee: 25.00
        sessions: {included: 8, overage: 5.00}
"""
SECOND = GOOD[GOOD.index("  acme:") :].replace("  acme:", "  beta:").replace("ACME", "BETA")


pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, so that `config.yaml` is named as a user would."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(text: str | bytes) -> Config:
    path = Path("config.yaml")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return config.load(path)


def mistakes(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(text)
    return str(caught.value).splitlines()


def changed(old: str, new: str, text: str = GOOD) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


# What a right file gives


def test_the_example_is_valid_and_read_exactly() -> None:
    example = config.load(EXAMPLE)
    first, second = example.accounts["acme"].terms.plans
    assert (first.start, first.name, str(first.monthly_fee)) == (date(2014, 1, 1), "PLUS", "25.00")
    assert first.meter("sessions") == Meter("sessions", 8, (Tier(None, Decimal("5.00")),))
    assert second.meter("sessions") == Meter("sessions", None, ())
    assert second.hosts == Hosts(1, 4, Decimal("50.00"))
    assert example.file_mode == 0o600


def example_keys(annotation: Any, under: Any) -> Iterator[tuple[type[models.Section], str]]:
    section = models.section_in(annotation)
    if section is None:
        return
    under = list(under.values()) if models.is_by_name(annotation) else under
    for place in under if isinstance(under, list) else [under]:
        if isinstance(place, dict):
            for key, value in place.items():
                yield section, key
                yield from example_keys(models.keys(section)[key], value)


def all_keys(section: type[models.Section]) -> Iterator[tuple[type[models.Section], str]]:
    for key, annotation in models.keys(section).items():
        yield section, key
        below = models.section_in(annotation)
        if below:
            yield from all_keys(below)


def with_what_is_commented_out() -> str:
    keys = "ca_file|proxy|webhook|hooks|workers|alerts|allocation|accounting|payment|logo|footer|reference|fields"
    return re.sub(rf"(?m)^( *)# ({keys}): ", r"\1\2: ", EXAMPLE.read_text())


def test_every_key_stands_in_the_example() -> None:
    text = with_what_is_commented_out()
    shown = set(example_keys(models.FileSection, YAML(typ="safe", pure=True).load(text)))
    assert set(all_keys(models.FileSection)) == shown


def test_the_keys_commented_out_in_the_example_are_valid_too(folder: Path) -> None:
    (folder / "logo.svg").write_bytes(paying.SVG)
    text = with_what_is_commented_out()
    text = text.replace("ledger: state/ledger.db", "ledger: postgresql+psycopg://user@host/database")
    text = text.replace("by: [map, group], map: centres.csv", "by: [group]")
    example = loaded(text.replace("policy: reserved, quotas: {CARDIO: 5}", "policy: proportional"))
    vendor, secret = example.vendor, example.accounts["acme"].webhook_secret
    assert (vendor.ca_file, vendor.proxy) == (folder / "certs/company-ca.pem", "http://proxy.example.com:3128")
    assert example.issuer == example.accounts["acme"].terms.issuer
    assert example.issuer.payment == Payment(
        bank="Example Bank",
        account="000123456789",
        iban="DE89370400440532013000",
        bic="COBADEFFXXX",
        routing_number="021000021",
        reference="{number}",
        lines=("Cheques to the address above",),
        link="https://pay.example.com/{number}",
    )
    assert example.issuer.footer == "Registered in Delaware, no. 1234567"
    bill_to = example.accounts["acme"].terms.bill_to
    assert (bill_to.reference, bill_to.fields) == ("4500012345", (Particular("Cost unit", "0815"),))
    assert str(secret) == f"account acme: webhook secret from file {folder / 'secrets/acme-webhook'}"


def test_everything_with_a_sensible_default_may_be_left_out(folder: Path) -> None:
    least = loaded(GOOD)
    terms = least.accounts["acme"].terms
    assert least == Config(
        path=Path("config.yaml"),
        ledger=folder / "state/ledger.db",
        snapshots=folder / "state/snapshots",
        output=folder / "out",
        close_day=4,
        timezone="UTC",
        participants="hidden",
        file_mode=0o600,
        locale="en_US",
        paper="Letter",
        formats=("xlsx", "html", "json", "csv"),
        restate_months=3,
        vendor=config.Vendor("https://api.securevideo.com/", 60, 600, 512, 8, 500, None, None),
        issuer=terms.issuer,
        accounts=least.accounts,
    )
    assert (terms.payment_days, terms.tax.name, terms.tax.rate, terms.digits) == (30, "Tax", Decimal(0), 2)
    assert (terms.plans[0].meter("minutes"), terms.plans[0].hosts) == (None, None)


def test_the_configuration_cannot_be_changed() -> None:
    right = loaded(GOOD)
    with pytest.raises(TypeError):
        right.accounts["other"] = right.accounts["acme"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        right.close_day = 5  # type: ignore[misc]


def test_accounts_keep_the_order_of_the_file() -> None:
    assert list(loaded(GOOD.replace("  acme:", "  zeta:") + SECOND).accounts) == ["zeta", "beta"]


@pytest.mark.parametrize(
    ("written", "exact"),
    [("25.00", "25.00"), ('"25.00"', "25.00"), ("25", "25"), ("0.1", "0.1"), ("9999999999999.99", "9999999999999.99")],
)
def test_money_is_exactly_as_written(written: str, exact: str) -> None:
    assert str(loaded(changed("25.00", written)).accounts["acme"].terms.plans[0].monthly_fee) == exact


def test_a_negative_zero_is_zero() -> None:
    plan = loaded(changed("25.00", "-0.00", changed("overage: 5.00", "overage: -0.0"))).accounts["acme"].terms.plans[0]
    assert str(plan.monthly_fee) == "0.00"
    assert [str(tier.price) for tier in plan.meters[0].tiers] == ["0.0"]


def test_a_price_may_have_more_decimals_than_the_currency() -> None:
    plan = loaded(changed("overage: 5.00", "overage: 0.012345")).accounts["acme"].terms.plans[0]
    assert plan.meter("sessions") == Meter("sessions", 8, (Tier(None, Decimal("0.012345")),))


def test_paths_count_from_the_folder_of_the_file(folder: Path) -> None:
    (folder / "etc").mkdir()
    (folder / "etc/b.yaml").write_text("ledger: ../x/l.db\noutput: /srv/out\n" + GOOD)
    there = config.load(Path("etc/b.yaml"))
    assert (there.ledger, there.output) == (folder / "etc/../x/l.db", Path("/srv/out"))
    assert there.snapshots == folder / "etc/../x/snapshots"
    assert there.path == Path("etc/b.yaml")
    assert there.accounts["acme"].credentials.secret.name == str(folder / "etc/secrets/acme")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://billing@db.example.com/billing",
        "postgresql+psycopg://billing@db:5432/billing?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql+psycopg:///?service=billing",
    ],
)
def test_a_postgresql_ledger_stays_text(folder: Path, url: str) -> None:
    there = loaded(f"ledger: {url}\nsnapshots: s\n" + GOOD)
    assert (there.ledger, there.snapshots) == (url, folder / "s")


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://api.securevideo.com", "https://api.securevideo.com/"),
        ("http://localhost:8080/", "http://localhost:8080/"),
        ("http://127.8.0.1:1", "http://127.8.0.1:1/"),
        ("http://[::1]:8080/api", "http://[::1]:8080/api/"),
    ],
)
def test_a_base_url_ends_with_a_slash(written: str, url: str) -> None:
    assert loaded(f'vendor: {{base_url: "{written}"}}\n' + GOOD).vendor.base_url == url


def test_anchors_save_writing_a_plan_twice() -> None:
    text = changed("    plans:\n", "    plans: &plans\n") + SECOND[: SECOND.index("    plans:")] + "    plans: *plans\n"
    accounts = loaded(text).accounts
    assert accounts["beta"].terms.plans == accounts["acme"].terms.plans


@pytest.mark.parametrize("start", ["\ufeff", "---\n", "%YAML 1.2\n---\n", "# a note\n\n"])
def test_a_byte_order_mark_and_a_document_start_are_accepted(start: str) -> None:
    assert loaded(start + GOOD).accounts


def test_windows_line_ends_are_accepted() -> None:
    assert loaded(GOOD.replace("\n", "\r\n")).accounts.keys() == {"acme"}


@pytest.mark.parametrize(("text", "bits"), [("0600", 0o600), ("640", 0o640), ("0664", 0o664)])
def test_file_mode_is_octal_text(text: str, bits: int) -> None:
    assert loaded(f'file_mode: "{text}"\n' + GOOD).file_mode == bits


def test_formats_come_in_their_own_order() -> None:
    assert loaded("formats: [csv, json]\n" + GOOD).formats == ("json", "csv")
    assert loaded("formats: [pdf, json, xlsx]\n" + GOOD).formats == ("xlsx", "json", "pdf")


# What a wrong file says

PLAN = "accounts.acme.plans.0"
IN_FRONT = [  # a line put in front of GOOD: its key path and words
    ("close_day: 0", "close_day", "whole number from 1 to 28"),
    ("close_day: 29", "close_day", "found 29"),
    ('close_day: "4"', "close_day", "without quotes"),
    ("close_day: 4.0", "close_day", "found 4.0"),
    ("close_day: true", "close_day", "found true or false"),
    ("close_day: 04", "close_day", "notation"),
    ("close_day:", "close_day", "found nothing"),
    ("close_dya: 4", "close_dya", "did you mean close_day?"),
    ("timezone: America/NewYork", "timezone", "did you mean America/New_York?"),
    ("timezone: ../../etc/passwd", "timezone", "IANA"),
    ("timezone: America", "timezone", "IANA"),
    ("timezone: localtime", "timezone", "IANA"),
    ("participants: some", "participants", "hidden or full"),
    ("participants: [hidden]", "participants", "found a list"),
    ("file_mode: 0600", "file_mode", "put it in quotes"),
    ('file_mode: "0400"', "file_mode", "the owner must"),
    ('file_mode: "0700"', "file_mode", "execute"),
    ('file_mode: "0602"', "file_mode", "may not write"),
    ('file_mode: "rw"', "file_mode", "octal"),
    ("locale: english", "locale", "en_US"),
    ("locale: cz_CZ", "locale", "did you mean cs_CZ?"),
    ("paper: a4", "paper", "A4 or Letter"),
    ("formats: []", "formats", "json is missing"),
    ("formats: [json, docx]", "formats", "xlsx, html, json, csv, pdf"),
    ("formats: [json, json]", "formats", "twice"),
    ("formats: json", "formats", "a list"),
    ("restate_months: 61", "restate_months", "from 0 to 60"),
    ("output: ~/out", "output", "~ is not expanded"),
    ('output: ""', "output", "a path"),
    ('output: "a\\0b"', "output", "U+0000"),
    ("vendor: 5", "vendor", "a mapping of keys to values (base_url"),
    ("vendor: {timeout_seconds: 0}", "vendor.timeout_seconds", "over 0"),
    ("vendor: {timeout_seconds: 601}", "vendor.timeout_seconds", "must not be less"),
    ("vendor: {budget_seconds: 59}", "vendor.budget_seconds", "must not be less than timeout_seconds (60)"),
    ("vendor: {timeout_seconds: .inf}", "vendor.timeout_seconds", "notation"),
    ("vendor: {max_reply_mib: 4097}", "vendor.max_reply_mib", "from 1 to 4096"),
    ("vendor: {max_reply_mib: 0}", "vendor.max_reply_mib", "from 1 to 4096"),
    ("vendor: {base_url: 'http://api.securevideo.com/'}", "vendor.base_url", "https://"),
    ("vendor: {base_url: 'http://localhost.example.com/'}", "vendor.base_url", "https://"),
    ("vendor: {base_url: 'ftp://localhost/'}", "vendor.base_url", "not such a URL"),
    ("vendor: {base_url: 'https://u:p@localhost/'}", "vendor.base_url", "hold a user or password"),
    ("vendor: {base_url: 'https://localhost/?a=b'}", "vendor.base_url", "? or #"),
    ("vendor: {base_url: 'https://localhost/#'}", "vendor.base_url", "? or #"),
    ("vendor: {base_url: 'https://localhost:99999/'}", "vendor.base_url", "not such a URL"),
    ("vendor: {base_url: 'https://[::g]/'}", "vendor.base_url", "not such a URL"),
    ("vendor: {proxy: 'http://me:pw@proxy:1'}", "vendor.proxy", "hold a user or password"),
    ("vendor: {proxy: 'http://proxy:1/x'}", "vendor.proxy", "a path after the host"),
    ("vendor: {ca_file: 5}", "vendor.ca_file", "a path"),
    ("ledger: postgresql+psycopg://u@h/db", "snapshots", "a PostgreSQL ledger has none"),
    ("ledger: postgresql://u@h/db\nsnapshots: s", "ledger", "postgresql+psycopg"),
    ("ledger: sqlite:///x.db\nsnapshots: s", "ledger", "for SQLite write the path alone"),
    ("ledger: 'postgresql+psycopg://u:pw@h/db'\nsnapshots: s", "ledger", "PGPASSFILE"),
    ("ledger: 'postgresql+psycopg://u@h/db?password=pw'\nsnapshots: s", "ledger", "found another option"),
    ("ledger: 'postgresql+psycopg://u@h/db?%70assword=pw'\nsnapshots: s", "ledger", "found another option"),
]
IN_PLACE = [  # (old, new, line, key path, words)
    ("{name: Example Billing LLC}", "{}", 1, "issuer.name", "the key is missing"),
    ("{name: Example Billing LLC}", "{name: ' '}", 1, "issuer.name", "all blank"),
    ("{name: Example Billing LLC}", "{name: 2023}", 1, "issuer.name", "put it in quotes"),
    ("{name: Example Billing LLC}", '{name: "A\\nB"}', 1, "issuer.name", "U+000A"),
    ("{name: Example Billing LLC}", '{name: "A\\uD800"}', 1, "issuer.name", "U+D800"),
    ("{name: Example Billing LLC}", '{name: "A\\u202Eb"}', 1, "issuer.name", "U+202E"),
    ("LLC}", "LLC, address: [A, 62701]}", 1, "issuer.address.1", "put it in quotes"),
    ("LLC}", "LLC, address: Main St}", 1, "issuer.address", "expected a list; found text"),
    ("LLC}", "LLC, address: [a,b,c,d,e,f,g,h,i,j,k]}", 1, "issuer.address", "at most 10 entries; found 11"),
    ("  acme:", "  Acme:", 3, "accounts.Acme", "small letters"),
    ("  acme:", "  ..:", 3, r"accounts...", "small letters"),
    ("  acme:", "  nul:", 3, "accounts.nul", "device on Windows"),
    ("  acme:", "  com1:", 3, "accounts.com1", "device on Windows"),
    ("  acme:", f"  {'a' * 64}:", 3, "accounts.…", "at most 63"),
    ("currency: USD", "currency: usd", 8, "accounts.acme.currency", "three capitals"),
    ("currency: USD", "currency: XAU", 8, "accounts.acme.currency", "stands for none"),
    ("currency: USD", "currency: JPY", 13, f"{PLAN}.monthly_fee", "expected no decimals, as JPY has; found 2"),
    ("prefix: ACME", "prefix: A-", 9, "accounts.acme.invoice_prefix", "end with a letter or digit"),
    ("prefix: ACME", "prefix: 2023", 9, "accounts.acme.invoice_prefix", "put it in quotes"),
    ("prefix: ACME", "prefix: ../X", 9, "accounts.acme.invoice_prefix", "file names"),
    ("    currency", "    payment_days: 366\n    currency", 8, "accounts.acme.payment_days", "0 to 365"),
    ("    currency", "    tax: {rate: 100}\n    currency", 8, "accounts.acme.tax.rate", "below 100"),
    ("    currency", "    tax: {rate: -1}\n    currency", 8, "accounts.acme.tax.rate", "from 0"),
    ("    currency", "    tax: {name: VAT}\n    currency", 8, "accounts.acme.tax.rate", "the key is missing"),
    ("2014-01-01", "2014-02-30", 11, f"{PLAN}.from", "no calendar"),
    ("2014-01-01", "9999-01-01", 11, f"{PLAN}.from", "in the year 9998 at the latest"),
    ("2014-01-01", "20140101", 11, f"{PLAN}.from", "YYYY-MM-DD"),
    ("from: 2014-01-01", "start: 2014-01-01", 11, f"{PLAN}.from", "the key is missing"),
    ("monthly_fee:", "monthly_fe:", 13, f"{PLAN}.monthly_fe", "did you mean monthly_fee?"),
    ("25.00", "25.001", 13, f"{PLAN}.monthly_fee", "at most 2 decimals, as USD has; found 3"),
    ("25.00", "-25.00", 13, f"{PLAN}.monthly_fee", "not negative; found -25.00"),
    ("25.00", "1e2", 13, f"{PLAN}.monthly_fee", "notation"),
    ("25.00", ".5", 13, f"{PLAN}.monthly_fee", "notation"),
    ("25.00", "5.", 13, f"{PLAN}.monthly_fee", "notation"),
    ("25.00", "2_5", 13, f"{PLAN}.monthly_fee", "found text"),
    ("25.00", "0x1F", 13, f"{PLAN}.monthly_fee", "notation"),
    ("25.00", ".nan", 13, f"{PLAN}.monthly_fee", "notation"),
    ("25.00", "NaN", 13, f"{PLAN}.monthly_fee", "found text"),
    ("25.00", '"1e2"', 13, f"{PLAN}.monthly_fee", "found text"),
    ("25.00", "'٢٥'", 13, f"{PLAN}.monthly_fee", "found text"),
    ("25.00", "25,00", 13, f"{PLAN}.monthly_fee", "found text"),
    ("25.00", "true", 13, f"{PLAN}.monthly_fee", "true or false"),
    ("25.00", "12345678901234.56", 13, f"{PLAN}.monthly_fee", "at most 15 digits in all"),
    ("25.00", "9" * 5000, 13, f"{PLAN}.monthly_fee", "notation"),
    ("included: 8,", "included: 8.0,", 14, f"{PLAN}.sessions.included", "or the word unlimited; found 8.0"),
    ("included: 8,", 'included: "8",', 14, f"{PLAN}.sessions.included", "found text"),
    ("included: 8,", "included: -1,", 14, f"{PLAN}.sessions.included", "found -1"),
    ("included: 8,", "included: unlimited,", 14, f"{PLAN}.sessions.overage", "remove this key"),
    (", overage: 5.00", "", 14, f"{PLAN}.sessions.overage", "the key is missing"),
    ("included: 8, ", "", 14, f"{PLAN}.sessions.included", "the key is missing"),
    ("overage: 5.00", "overage: []", 14, f"{PLAN}.sessions.overage", "the list is empty"),
    ("overage: 5.00", "overage: {price: 5}", 14, f"{PLAN}.sessions.overage", "found a mapping"),
    ("overage: 5.00", "overage: [{price: 5}, {price: 4}]", 14, f"{PLAN}.sessions.overage.0.up_to", "missing"),
    ("overage: 5.00", "overage: [{up_to: 9, price: 5}]", 14, f"{PLAN}.sessions.overage.0.up_to", "last tier is open"),
    (
        "overage: 5.00",
        "overage: [{up_to: 9, price: 5}, {up_to: 9, price: 4}, {price: 3}]",
        14,
        f"{PLAN}.sessions.overage.1.up_to",
        "expected more than 9, the tier above; found 9",
    ),
    ("overage: 5.00", "overage: [{up_to: 0, price: 5}, {price: 3}]", 14, f"{PLAN}.sessions.overage.0.up_to", "from 1"),
    ("overage: 5.00", "overage: [{cost: 5}]", 14, f"{PLAN}.sessions.overage.0.cost", "unknown key"),
    ("{included: 8, overage: 5.00}", "", 14, f"{PLAN}.sessions", "the value is missing"),
    (
        "        sessions",
        "        hosts: {included: 1, licensed: 2, extra: 0.001}\n        sessions",
        14,
        f"{PLAN}.hosts.extra",
        "at most 2 decimals",
    ),
    ("        sessions", "        hosts: {included: 1}\n        sessions", 14, f"{PLAN}.hosts.licensed", "missing"),
    ("{env: ACME_ID}", "ACME_ID", 5, "accounts.acme.credentials.identifier", "{env: VARIABLE}"),
    ("{env: ACME_ID}", "{env: A, file: b}", 5, "accounts.acme.credentials.identifier", "one of"),
    ("{env: ACME_ID}", "{env: 'A B'}", 5, "accounts.acme.credentials.identifier.env", "environment variable"),
    ("{env: ACME_ID}", "{env: }", 5, "accounts.acme.credentials.identifier.env", "found nothing"),
    ("{env: ACME_ID}", "{credential: ../x}", 5, "accounts.acme.credentials.identifier.credential", "plain file name"),
    ("{env: ACME_ID}", "", 5, "accounts.acme.credentials.identifier", "never goes into this file"),
]


@pytest.mark.parametrize(("line", "path", "words"), IN_FRONT)
def test_a_wrong_setting_is_named_with_line_path_and_what_is_allowed(line: str, path: str, words: str) -> None:
    (said,) = mistakes(line + "\n" + GOOD)
    assert said.startswith(f"config.yaml:1: {path}: ")
    assert words in said


@pytest.mark.parametrize(("old", "new", "line", "path", "words"), IN_PLACE)
def test_a_wrong_account_is_named_with_line_path_and_what_is_allowed(
    old: str, new: str, line: int, path: str, words: str
) -> None:
    said = mistakes(changed(old, new))
    assert any(one.startswith(f"config.yaml:{line}: {path}: ") and words in one for one in said), said


def test_all_mistakes_are_shown_together_in_the_order_of_the_file() -> None:
    text = "close_day: 31\nformat: x\n" + GOOD
    text = text.replace("25.00", "1e2").replace(", overage: 5.00", "").replace("USD", "usd") + SECOND
    text += "  Beta: 5\noutput: a\noutput: b\n"
    places = [one.split(": ")[0].removeprefix("config.yaml:") + " " + one.split(": ")[1] for one in mistakes(text)]
    assert places == [
        "1 close_day",
        "2 format",
        "10 accounts.acme.currency",
        f"15 {PLAN}.monthly_fee",
        f"16 {PLAN}.sessions.overage",
        "29 accounts.Beta",
        "29 accounts.Beta",
        "29 accounts.Beta",
        "31 output",
    ]


def test_plans_are_in_ascending_order() -> None:
    more = "      - {from: 2013-01-01, name: B, monthly_fee: 1}\n      - {from: 2013-01-01, name: C, monthly_fee: 1}\n"
    earlier, same = mistakes(GOOD + more)
    assert earlier.startswith("config.yaml:15: accounts.acme.plans.1.from: begins before the plan above it")
    assert same.startswith("config.yaml:16: accounts.acme.plans.2.from: the plan before begins on the same day")


@pytest.mark.parametrize("accounts", ["accounts:\n", "accounts: [acme]\n", ""])
def test_accounts_of_a_wrong_shape_are_not_told_to_be_one_account(accounts: str) -> None:
    (said,) = mistakes("issuer: {name: Example Billing LLC}\n" + accounts)
    assert ": accounts: expected accounts, each under a key of its own; " in said
    assert "invoice_prefix" not in said


def test_two_accounts_cannot_share_a_prefix() -> None:
    (said,) = mistakes(GOOD + SECOND.replace("prefix: BETA", "prefix: ACME"))
    assert said.startswith("config.yaml:21: accounts.beta.invoice_prefix: another account has this prefix")


def test_keys_that_differ_only_in_case_are_refused() -> None:
    said = mistakes(GOOD + SECOND.replace("  beta:", "  ACME:"))
    assert any("accounts.ACME: differs only in case" in one for one in said)


def test_a_duplicate_key_names_both_lines() -> None:
    (said,) = mistakes(changed("        name: PLUS\n", "        name: PLUS\n        name: PLUS\n"))
    assert said == f"config.yaml:13: {PLAN}.name: this key is already given in line 12; keep one"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "empty; `securevideo-billing init` writes"),
        ("# only a note\n", 1, "empty"),
        ("- a\n- b\n", 1, "expected keys and values"),
        ("just text", 1, "expected keys and values"),
        ("\n\n5\n", 3, "expected keys and values"),
        (GOOD + "---\n" + GOOD, 15, "second YAML document"),
        ("output:\n\tx: 1\n", 2, "a tab"),
        ("output: x\nledger: a: b\n", 2, "quote a text with ': '"),
        ('output: x\nledger: "a\n', 2, "never closed"),
        ("output: [a\n", 1, "bracket"),
        ("output: x\n  ledger: y\n", 2, "indentation"),
        ("output: @x\n", 1, "in quotes"),
        ("output: *x\n", 1, "an alias (*) without its anchor"),
        ("output: &a [*a]\n", 1, "inside its own anchor"),
        ("%YAML 1.1\n---\na: b\n", 1, "YAML 1.2"),
        ("? [a]\n: b\n", 1, "a key must be a plain word"),
        ("a: b\nc: \x01\n", 2, "control character"),
        ("a: " + "[" * 3000, 1, "nested deeper"),
        ("{a: " * 3000, 1, "nested deeper"),
        ("{" * 3000, 1, "a key must be a plain word"),
        (b"a: b\nname: M\xfcller\n", 2, "not UTF-8"),
        (b"\xff\xfea\x00", 1, "not UTF-8"),
    ],
)
def test_a_file_that_is_not_our_yaml_says_why(text: str | bytes, line: int, words: str) -> None:
    (said,) = mistakes(text)
    assert said.startswith(f"config.yaml:{line}: ")
    assert words in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("output: !!python/object:os.system x\n" + GOOD, ": output: YAML tags (!…) are not used here"),
        ("&here output: x\n" + GOOD, ": output: a key must be a plain word"),
        ("!x output: x\n" + GOOD, ": output: a key must be a plain word"),
    ],
)
def test_a_tag_or_an_anchored_key_does_not_hide_the_other_mistakes(text: str, said: str) -> None:
    (tagged,) = mistakes(text)
    assert said in tagged
    both = mistakes(text.replace("USD", "usd"))
    assert len(both) == 2
    assert any(said in line for line in both)
    assert any("currency" in line for line in both)


def test_anchors_cannot_blow_up() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 15))
    started = time.monotonic()
    (said,) = mistakes(bomb)
    assert "too large" in said
    assert time.monotonic() - started < 2


def test_a_chain_of_anchors_cannot_nest_without_end() -> None:
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3000))
    (said,) = mistakes(chain)
    assert "too large" in said


def test_a_missing_file_points_to_the_example() -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(Path("etc/none.yaml"))
    assert (
        str(caught.value) == "etc/none.yaml: no such file; `securevideo-billing init` writes a commented one to change"
    )


@pytest.mark.parametrize(("path", "words"), [(".", "a folder"), ("a\0b", "not a valid file name")])
def test_what_cannot_be_opened_is_named(path: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config.load(Path(path))


def test_a_huge_file_is_not_read() -> None:
    (said,) = mistakes("# " + "x" * (2 << 20))
    assert "over 1024 KiB" in said


def test_a_large_configuration_loads_in_bearable_time() -> None:
    head = GOOD[: GOOD.index("  acme:")]
    text = head + "".join(SECOND.replace("beta", f"a{n}").replace("BETA", f"A{n}") for n in range(300))
    started = time.monotonic()
    assert len(loaded(text).accounts) == 300
    assert time.monotonic() - started < 10


# Secrets

PLANTED = [
    f"ledger: postgresql+psycopg://u:{SECRET}@h/db\n" + GOOD,
    f"ledger: postgresql+psycopg://u:1/{SECRET}@h/db\n" + GOOD,
    f"ledger: postgresql+psycopg://u@h/db?password={SECRET}\n" + GOOD,
    f"ledger: {{postgresql://u:{SECRET}@h/db}}\n" + GOOD,
    f"vendor: {{base_url: 'https://u:{SECRET}@h/'}}\n" + GOOD,
    f"vendor: {{proxy: 'http://u:{SECRET}@h/'}}\n" + GOOD,
    f"vendor: {{'{SECRET}': 1, '{SECRET}': 2}}\n" + GOOD,
    f"secret: {SECRET}\n" + GOOD,
    changed("{env: ACME_ID}", SECRET),
    changed("{env: ACME_ID}", f"{{value: {SECRET}}}"),
    changed("{env: ACME_ID}", f"{{{SECRET}}}"),
    changed("{env: ACME_ID}", f"[{SECRET}]"),
    changed("{env: ACME_ID}", f"{{env: '{SECRET}'}}"),
    changed("{env: ACME_ID}", f"{{credential: '/{SECRET}'}}"),
    changed("{env: ACME_ID}", f'"{SECRET}'),
    changed("{env: ACME_ID}", f"*{SECRET}"),
    changed("{env: ACME_ID}", f"!{SECRET} x"),
    changed("{env: ACME_ID}", f"&{SECRET} x"),
    changed("{env: ACME_ID}", f"%{SECRET}"),
    changed("{env: ACME_ID}", f"{SECRET}: {SECRET}: x"),
    changed("{env: ACME_ID}", f"\n        {SECRET}: x\n        {SECRET}: y"),
    changed("    credentials:", f"    {SECRET}: {SECRET}\n    credentials:"),
    changed("      identifier:", f"      {SECRET}: 1\n      identifier:"),
]


@pytest.mark.parametrize("text", PLANTED)
def test_no_secret_stands_in_an_error(text: str) -> None:
    path = Path("config.yaml")
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def source(kind: Any, name: object, role: Any = "secret") -> CredentialSource:
    return CredentialSource("acme", role, kind, str(name))


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_one_line_break_at_the_end_of_a_credential_is_taken_off(folder: Path, ending: str) -> None:
    (folder / "s").write_bytes(f"{SECRET}{ending}".encode())
    assert config.read_credential(source("file", folder / "s"), {}) == SECRET
    assert config.read_credential(source("env", "S"), {"S": SECRET + ending}) == SECRET
    assert config.read_credential(source("credential", "s"), {"CREDENTIALS_DIRECTORY": str(folder)}) == SECRET


@pytest.mark.parametrize(
    "content", [b"", b"\n", b" ", b"\xff" + SECRET.encode(), f"{SECRET}\nx".encode(), b"x" * 70000]
)
def test_an_unusable_credential_is_named_but_not_shown(folder: Path, content: bytes) -> None:
    (folder / "s").write_bytes(content)
    with pytest.raises(CredentialError) as caught:
        config.read_credential(source("file", folder / "s"), {})
    assert str(caught.value).startswith(f"account acme: secret from file {folder}/s: ")
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (source("env", "NOPE"), "environment variable NOPE: is not set"),
        (source("file", "/nope/s"), "file /nope/s: cannot be read: No such file"),
        (source("file", "/"), "file /: is not a regular file"),
        (source("file", "a\0b"), "not a valid file name"),
        (source("credential", "x"), "CREDENTIALS_DIRECTORY is not set"),
    ],
)
def test_a_credential_that_is_not_there_is_named(where: CredentialSource, words: str) -> None:
    with pytest.raises(CredentialError) as caught:
        config.read_credential(where, {})
    assert words in str(caught.value)


def test_an_identifier_with_a_colon_is_refused() -> None:
    with pytest.raises(CredentialError, match="HTTP Basic"):
        config.read_credential(source("env", "I", "identifier"), {"I": "a:b"})
    assert config.read_credential(source("env", "I"), {"I": "a:b"}) == "a:b"


def test_a_credential_file_that_everybody_can_read_is_a_warning(folder: Path) -> None:
    (folder / "s").write_text(SECRET)
    (folder / "s").chmod(0o644)
    warning = config.exposed(source("file", folder / "s"), {})
    assert warning is not None
    assert "everybody" in warning
    (folder / "s").chmod(0o640)
    assert config.exposed(source("file", folder / "s"), {}) is None
    assert config.exposed(source("env", "S"), {}) is None
    assert config.exposed(source("file", "/nope"), {}) is None


# Anything at all

WORDS = [key for _, key in all_keys(models.FileSection)] + ["acme", SECRET, "unlimited", "2014-01-01", "USD", "~", "5"]
LEAVES = st.sampled_from(WORDS) | st.integers(-3, 400) | st.booleans() | st.none() | st.just(Decimal("1.5"))
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6)
)
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def flow(tree: Any) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f'"{key}": {flow(value)}' for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(flow, tree)) + "]"
    return {None: "~", True: "true", False: "false"}.get(tree, str(tree)) if not isinstance(tree, str) else f'"{tree}"'


def said_about(content: bytes) -> list[str]:
    """The lines of the error, none if the file is right. Any other exception fails the test."""
    Path("config.yaml").write_bytes(content)
    try:
        config.load(Path("config.yaml"))
    except ConfigError as error:
        return str(error).split("\n")
    return []


def only_config_errors(content: bytes) -> None:
    for line in said_about(content):
        assert line.startswith("config.yaml")
        assert SECRET not in line


@given(TREES)
@FUZZ
def test_any_structure_is_a_configuration_or_a_configuration_error(tree: Any) -> None:
    only_config_errors(flow(tree).encode())


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80))
@FUZZ
def test_any_text_is_a_configuration_error(text: str) -> None:
    only_config_errors(text.encode())


@given(st.binary(max_size=80))
@FUZZ
def test_any_bytes_are_a_configuration_error(content: bytes) -> None:
    only_config_errors(content)


@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.text(alphabet="{}[]:,-&*!|>'\"%@`#? \n\t~0a\\", max_size=8))
@FUZZ
def test_a_damaged_file_is_a_configuration_or_a_configuration_error(start: int, length: int, instead: str) -> None:
    only_config_errors((GOOD[:start] + instead + GOOD[start + length :]).encode())
