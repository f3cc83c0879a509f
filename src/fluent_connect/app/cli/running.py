"""`run`: the connector, until a signal."""

from pathlib import Path
from typing import Annotated

import typer

from fluent_connect.app.cli.configuration import folder
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    Profiles,
    application,
    command,
)

app = application()
Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, metavar="N", help="Webhooks; 0 = any free."),
]
AdminPort = Annotated[
    int | None,
    typer.Option("--admin-port", min=0, max=65535, metavar="N", help="Probes, metrics, API."),
]


@command(app, "run", "run --sandbox", "run --config conf --profile prod --data /srv/connect")
def start(
    *,
    config: ConfigFolder = None,
    profile: Profiles = None,
    data: DataFolder = None,
    host: Annotated[str | None, typer.Option("--host", help="Address of the webhook port.")] = None,
    port: Port = None,
    admin_port: AdminPort = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="All queues on this engine, such as sqlite.")
    ] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Between two systems made up on this machine.")
    ] = False,
    rate: Annotated[
        float, typer.Option("--rate", min=0.0, help="With --sandbox: changes a second.")
    ] = 1.0,
    log_level: Annotated[
        str | None, typer.Option("--log-level", help="debug, info, warning or error.")
    ] = None,
) -> int:
    """Start the connector; `ready ...` on standard error says that it serves. Ctrl-C stops it.

    Without configuration it serves the default routes and the account of FC_* variables.
    """
    from fluent_connect.app.service import Options  # noqa: PLC0415 - the whole house, not for --help
    from fluent_connect.app.start import serve  # noqa: PLC0415 - as above

    options = Options(
        config=folder(config),
        profiles=tuple(profile or ()),
        host=host,
        port=port,
        admin_port=admin_port,
        data=data,
        engine=engine,
        log_level=log_level,
        sandbox=sandbox,
        rate=rate,
    )
    try:
        return serve(options)
    except OSError as error:
        raise not_started(error, data) from error


def not_started(error: OSError, data: Path | None = None) -> CliError:
    """Return the error for what the system refuses: a port in use, a folder that is not ours."""
    where = str(error.filename or data or "")
    do = "stop what uses the port or choose another (--port, --admin-port), or correct --data"
    return CliError("CLI017", f"it could not be started: {error}", where=where, do=do)
