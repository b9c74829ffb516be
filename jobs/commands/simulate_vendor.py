"""`simulate-vendor`: the simulated SecureVideo API."""

from pathlib import Path

import click

from jobs.simulator.simulator import serve, write_activity


@click.command("simulate-vendor")
@click.option("--port", type=click.IntRange(0, 65535), default=8083, show_default=True, help="0 picks a free one.")
@click.option("--data", type=click.Path(path_type=Path), help="A data set (JSON); default: a made-up clinic.")
@click.option(
    "--activity",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write there what customers download, for `match`: activity files in three layouts, invoices; then end.",
)
def simulate_vendor(*, port: int, data: Path | None, activity: Path | None) -> None:
    """Run the simulated SecureVideo API on this machine."""
    if activity is not None:
        write_activity(data, activity, announce=click.echo)
        return
    serve(data, port=port, announce=click.echo)
