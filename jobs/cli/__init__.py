"""The command line: parse, call one function, print, exit. Results go to stdout, all else to stderr (contract §2).

Only what every command needs is imported at the start; what one command needs, it imports itself.
"""

from jobs.cli.asking import diff, history, verify
from jobs.cli.checking import check
from jobs.cli.copying import backup, render
from jobs.cli.group import main
from jobs.cli.running import demo, run
from jobs.cli.serving import simulate_vendor, webhook

__all__ = ["main"]

for _command in (run, demo, check, history, diff, verify, render, backup, simulate_vendor, webhook):  # as in the manual
    main.add_command(_command)
