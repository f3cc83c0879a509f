"""`run`: the connector, until a signal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from msgspec.structs import replace

from fluent_connect.app.cli.configuration import folder
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    Json,
    Profiles,
    application,
    command,
)
from fluent_connect.app.config.mistakes import did_you_mean

app = application()
ROLES = ("all", "ingest", "listen", "work", "schedule")
Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, metavar="N", help="Webhooks; 0 = any free."),
]
AdminPort = Annotated[
    int | None,
    typer.Option("--admin-port", min=0, max=65535, metavar="N", help="Probes, metrics, API."),
]


@command(
    app,
    "run",
    "run --sandbox",
    "run --config conf --profile prod --data /srv/connect",
    "run --dry-run --config conf",
    "run work --workers 4 --config conf",
)
def start(
    role: Annotated[
        str, typer.Argument(metavar="[ROLE]", help="ingest, listen, work, schedule or all.")
    ] = "all",
    *,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, metavar="N", help="Processes; PostgreSQL.")
    ] = 1,
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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read, map, compare; show each write, send none.")
    ] = False,
    copy: Annotated[
        bool, typer.Option("--copy", help="With --dry-run: take what waits, from a copy of --data.")
    ] = False,
    json: Json = False,
) -> int:
    """Start the connector; `ready ...` on standard error says that it serves. Ctrl-C stops it.

    With PostgreSQL many processes share the work: all of it, or one part each (ROLE).
    Without configuration it serves the default routes and the account of FC_* variables. A dry run
    keeps its store in a folder of its own, by default one that goes when it ends.
    """
    if role not in ROLES:
        do = did_you_mean(role, ROLES, f"write one of {', '.join(ROLES)}")
        raise CliError("CLI002", f"no process is called {role!r}", do=do)
    if (sandbox or dry_run) and (role != "all" or workers > 1):
        raise CliError("CLI002", "a sandbox or a dry run is one process", do="leave the role away")
    if (copy or json) and not dry_run:
        told = "--copy" if copy else "--json"
        raise CliError("CLI002", f"{told} belongs to --dry-run", do="add --dry-run")
    from fluent_connect.app.options import Options  # noqa: PLC0415 - the whole house, not for --help
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
        dry_run=dry_run,
        json=json,
        role=role,
        workers=workers,
    )
    try:
        if not dry_run:
            return serve(options)
        source = store_of(data, config, profile) if copy else None
        with dry_folder(None if copy else data, source) as place:
            level = log_level or "warning"
            return serve(replace(options, data=place, engine="sqlite", log_level=level))
    except OSError as error:
        raise not_started(error, data) from error


def store_of(data: Path | None, config: Path | None, profiles: list[str] | None) -> Path:
    """Return the file of the service's store."""
    from fluent_connect.app.cli import store  # noqa: PLC0415 - as above

    return store.path_of(data, config, profiles)


@contextmanager
def dry_folder(kept: Path | None, source: Path | None) -> Iterator[Path]:
    """Yield the data folder of a dry run: `kept`, else one that goes at the end.

    `source`: the store of a service, which is copied into it. Raise CliError for the folder of a
    service: its notifications must not end in a dry run.
    """
    from fluent_connect.app.dryrun.folder import ServiceFolderError, claim  # noqa: PLC0415 - above

    with TemporaryDirectory(prefix="fluent-connect-dry-run-") as passing:
        folder = kept or Path(passing)
        try:
            claim(folder)
        except ServiceFolderError as error:
            why = "what a dry run takes ends there, and would never reach Fluent"
            do = "leave --data away, name an empty folder, or work on a copy of it: --copy"
            raise CliError("CLI019", str(error), where=str(folder), why=why, do=do) from error
        if source is not None:
            _copied(source, folder)
        yield folder


def _copied(source: Path, folder: Path) -> None:
    """Copy a live store, as it stands at one moment."""
    from fluent_connect.app.cli import store  # noqa: PLC0415 - as above
    from fluent_connect.queues.engines.sqlite.store import SqliteStore  # noqa: PLC0415 - as above
    from fluent_connect.queues.store import Store  # noqa: PLC0415 - as above

    async def copy(opened: Store) -> None:
        if not isinstance(opened, SqliteStore):
            raise CliError("CLI008", "only a store in a file is copied so")
        await opened.backup(folder / store.FILE)

    store.ask(source, copy)


def not_started(error: OSError, data: Path | None = None) -> CliError:
    """Return the error for what the system refuses: a port in use, a folder that is not ours."""
    where = str(error.filename or data or "")
    do = "stop what uses the port or choose another (--port, --admin-port), or correct --data"
    return CliError("CLI017", f"it could not be started: {error}", where=where, do=do)
