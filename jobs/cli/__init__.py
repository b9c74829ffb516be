"""The command line: parse, call one function, print, exit. Results go to stdout, all else to stderr (contract §2).

Only what every command needs is imported at the start; what one command needs, it imports itself.
"""

from jobs.cli.asking import diff, history, verify
from jobs.cli.checking import check, status
from jobs.cli.copying import backup, render
from jobs.cli.group import main
from jobs.cli.reporting import report
from jobs.cli.running import demo, run
from jobs.cli.serving import simulate_vendor, webhook

__all__ = ["main"]

_IN_ORDER = (  # the manual's
    run,
    demo,
    check,
    status,
    report,
    history,
    diff,
    verify,
    render,
    backup,
    simulate_vendor,
    webhook,
)

for _command in _IN_ORDER:
    main.add_command(_command)
