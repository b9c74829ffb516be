"""`compare`: what issued months would have cost under other plans. It reads the ledger and adds nothing to it."""

from collections.abc import Sequence
from pathlib import Path

import click

from jobs.billing import comparison
from jobs.billing.invoicing import Issued
from jobs.billing.month import Month
from jobs.commands.console import show
from jobs.commands.opening import existing_ledger
from jobs.commands.options import MonthRange, chosen_accounts, one_account, output_option
from jobs.commands.program import PROGRAM, now, version
from jobs.config import Account, Config, plans
from jobs.errors import UsageError
from jobs.ledger.store import Ledger
from jobs.output.folder import Folder, next_stem
from reports import comparison as formats
from reports.comparison.result import ASSUMPTIONS, Comparison
from reports.stored import plain
from reports.text import aligned

FOLDER = "reports"


@click.command()
@one_account
@click.option("--month", "months", type=MonthRange(), metavar="YYYY-MM[..YYYY-MM]", required=True)
@click.option(
    "--plans",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE.yaml",
    required=True,
    help="A list of plans as in the configuration, without `from`.",
)
@output_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def compare(
    ctx: click.Context, *, account: str, months: tuple[Month, ...], file: Path, output: Path | None, as_json: bool
) -> None:
    """Compare plans: what issued months would have cost under each, and from how many sessions on which is cheaper.

    The same usage, as last known, is priced under each plan; tax is left out. Workbook and page go to
    OUTPUT/KEY/reports.
    """
    config = ctx.obj.config()
    (chosen,) = chosen_accounts(config, [account])
    offered = plans.read(file, chosen.terms.currency)
    with existing_ledger(config) as ledger:
        newest = _newest(ledger, chosen, months)
    made = comparison.compared(
        newest,
        offered,
        customer=chosen.terms.bill_to.name,
        issuer=config.issuer.name,
        presentation=config.presentation(version()),
    )
    paths = _write(config, output or config.output, chosen.key, made)
    show(made.to_builtins(), in_words(made, paths), as_json=as_json)


def _newest(ledger: Ledger, account: Account, months: Sequence[Month]) -> list[Issued]:
    """The newest document of each month. Raises UsageError where one has none, or another currency."""
    found: list[Issued] = []
    without = []
    for month in months:
        home = ledger.home(account.key, str(month))
        issued = ledger.known(home, str(month), ledger.view(home, str(month))).issued
        found += issued[-1:]
        without += [] if issued else [str(month)]
    if without:
        them = "it" if len(without) == 1 else "them"
        still = ", still open" if months[-1] == Month.of(now()) else ""
        raise UsageError(
            f"{account.key}: no invoice for {', '.join(without)}{still}; leave {them} out, or bill {them} first with "
            f"`{PROGRAM} run`"
        )
    for one in found:
        document, currency = one.document, account.terms.currency
        if document.currency != currency:
            raise UsageError(
                f"{account.key} {document.month} is billed in {document.currency}, the plans are in {currency}: leave "
                "that month out"
            )
    return found


def _write(config: Config, output: Path, account: str, made: Comparison) -> list[Path]:
    """`<output>/<account>/reports/compare-<period>-<number>.*`, beside earlier ones. Raises OutputError."""
    with Folder(output, account, FOLDER) as folder, folder.locked():
        stem = next_stem(folder.names(), f"compare-{made.period.replace(' ', '-')}-")
        contents = {f"{stem}.{name}": formats.render(name, made) for name in formats.NAMES}
        folder.write_all(contents, config.file_mode)
        return [folder.path / name for name in contents]


def in_words(made: Comparison, paths: Sequence[Path]) -> str:
    """For a person: a table, what would have been cheapest, from how many sessions on, what is assumed, the files."""
    priced = (made.billed, *made.plans)
    table = [["month", "sessions", *(one.name for one in priced), "cheapest plan"]]
    for index, month in enumerate(made.months):
        nets = [plain(one.net[index]) for one in priced]
        table.append([month, str(made.sessions[index]), *nets, made.cheapest(index)])
    totals = [plain(one.total) for one in priced]
    table.append(["all", str(sum(made.sessions)), *totals, made.cheapest_overall.name])
    lines = [f"{made.account} {made.period}: net in {made.currency}", *aligned(table, left=[0, len(table[0]) - 1])]
    even = [one.in_words() for one in made.break_even]
    return "\n".join([*lines, made.verdict(), *even, " ".join(ASSUMPTIONS), *(f"  {path}" for path in paths)])
