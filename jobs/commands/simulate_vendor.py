"""`simulate-vendor`: the simulated SecureVideo API."""

from pathlib import Path

import click

from jobs.simulator.simulator import serve


@click.command("simulate-vendor")
@click.option("--port", type=click.IntRange(0, 65535), default=8083, show_default=True, help="0 picks a free one.")
@click.option("--data", type=click.Path(path_type=Path), help="A data set (JSON); default: a made-up clinic.")
def simulate_vendor(*, port: int, data: Path | None) -> None:
    """Run the simulated SecureVideo API on this machine."""
    serve(data, port=port, announce=click.echo)
