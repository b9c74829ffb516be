"""`webhook`: the receiver for SecureVideo's webhooks."""

import os

import click

from jobs.commands.console import say
from jobs.commands.opening import hide_secrets
from jobs.commands.program import PROGRAM
from jobs.errors import UsageError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8084, show_default=True, help="0 picks a free one.")
@click.pass_context
def webhook(ctx: click.Context, *, host: str, port: int) -> None:
    """Receive SecureVideo's webhooks for each account with a `webhook.secret`, until stopped.

    It speaks plain HTTP: let a web server with a certificate stand in front, one that does not log the path.
    """
    try:
        from jobs.webhook.server import serve
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in ("starlette", "uvicorn", "h11"):
            raise
        raise UsageError(
            f"{package} is not installed; install what the receiver needs with: pip install '{PROGRAM}[webhook]'"
        ) from error
    config = ctx.obj.config()
    hide_secrets(ctx, config.accounts.values())
    serve(config, os.environ, host=host, port=port, announce=say)
