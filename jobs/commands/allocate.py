"""`allocate`: what each cost centre pays of an issued month (docs/allocation.md)."""

import click

from jobs.billing.month import Month
from jobs.commands.console import print_json, say, tell_findings
from jobs.commands.opening import existing_ledger
from jobs.commands.options import MonthRange, chosen_accounts, one_account, single_month
from jobs.commands.program import now
from jobs.errors import UsageError

POLICIES = ("first-come", "proportional", "reserved")


@click.command()
@one_account
@click.option("--month", type=MonthRange(), metavar="YYYY-MM", required=True)
@click.option("--policy", type=click.Choice(POLICIES), help="Instead of the month's own.")
@click.option("--compare", is_flag=True, help="All possible policies side by side.")
@click.option("--reallocate", is_flag=True, help="Move shares by today's mapping; writes a transfer sheet.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def allocate(
    ctx: click.Context,
    *,
    account: str,
    month: tuple[Month, ...],
    policy: str | None,
    compare: bool,
    reallocate: bool,
    as_json: bool,
) -> None:
    """Show what each cost centre pays of an issued month, also of one issued before there were cost centres.

    Asks nothing of the vendor and changes no document. Exit status 3 where anything is unallocated.
    """
    from jobs import chargeback
    from reports.stored import to_builtins

    config = ctx.obj.config()
    (chosen,) = chosen_accounts(config, [account])
    if sum((policy is not None, compare, reallocate)) > 1:
        raise UsageError("--policy, --compare and --reallocate exclude each other; name one of them")
    with existing_ledger(config) as ledger:
        of = chargeback.issued_month(config, ledger, chosen, single_month(month))
        if reallocate:
            moved, name = chargeback.reallocate(config, ledger, of, now())
            columns = {"moved": moved}
            where = config.output / account / of.document.month / name
        elif compare:
            columns = {str(one): found for one, found in chargeback.compared(of).items()}
        else:
            found, findings = chargeback.under(of, policy or of.terms.policy)  # type: ignore[arg-type]  # one of POLICIES
            columns = {found.policy: found}
            unit = {"account": account, "month": of.document.month}
            tell_findings(f"{account} {of.document.month}", to_builtins(findings), unit)
    if as_json:
        shown = {head: chargeback.plain(found) for head, found in columns.items()}
        print_json(shown if compare else next(iter(shown.values())))
    else:
        say(chargeback.in_words(of.document, columns))
    if reallocate:
        if not as_json:
            say(f"transfer sheet: {where}")
        ctx.exit(0)
    ctx.exit(0 if all(map(chargeback.is_all_allocated, columns.values())) else 3)
