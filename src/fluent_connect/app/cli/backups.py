"""`backup FILE` of a live store, and `restore FILE` into a data folder that has none."""

import asyncio
import os
import shutil
import time
from pathlib import Path
from typing import Annotated

import typer

from fluent_connect.app.cli import store
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    DryRun,
    Json,
    Profiles,
    application,
    command,
)
from fluent_connect.app.cli.ledger import fields
from fluent_connect.app.cli.output import json_line, line, note
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Statement
from fluent_connect.queues.engines.sqlite.store import SqliteStore
from fluent_connect.queues.store import Store

backup = application()
restore = application()

_HEAD = b"SQLite format 3\x00"
_CHECK = Statement("PRAGMA quick_check(1)")


@command(backup, "backup", "backup /backups/connect-2026-01-31.db --data /srv/connect")
def copy(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
    *,
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> None:
    """Copy the store to a file while the service goes on; the copy is one moment's state."""
    if file.exists():
        raise _exists(file)

    async def answer(opened: Store) -> Ledger:
        if not isinstance(opened, SqliteStore):
            raise CliError("CLI008", "only a store in a file is copied so")
        if not dry_run:
            file.absolute().parent.mkdir(parents=True, exist_ok=True)
            await opened.backup(file)
        return await _counted(opened)

    found = store.ask(store.path_of(data, config, profile), answer)
    if dry_run:
        _tell("would copy", found, file, 0, json=json)
    else:
        _synced(file)
        _tell("copied", found, file, file.stat().st_size, json=json)


@command(restore, "restore", "restore /backups/connect-2026-01-31.db --data /srv/connect")
def put_back(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` wrote.")],
    *,
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> None:
    """Put a backup into a data folder without a store. It is checked before it counts."""
    path = store.path_of(data, config, profile)
    if not file.is_file():
        raise CliError("CLI006", "there is no backup here", where=str(file.absolute()))
    if path.exists():
        raise _exists(path)
    with file.open("rb") as opened:
        if opened.read(len(_HEAD)) != _HEAD:
            raise _unsound(file, "it is no SQLite file")
    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    found = _restored(file, path, dry_run=dry_run)
    verb = "would restore" if dry_run else "restored"
    _tell(verb, found, path, file.stat().st_size, json=json)
    note("what was under way when the backup was made is tried again; Fluent's answers are looked")
    note("up before anything is created. What came after the backup has to be sent again.")


def _restored(file: Path, path: Path, *, dry_run: bool) -> Ledger:
    """Copy beside the place, check the copy, and move it there in one step."""
    near = path.with_name(f"{path.name}.restoring")
    try:
        shutil.copyfile(file, near)
        _synced(near)
        found = asyncio.run(_checked(near, file))
        if not dry_run:
            near.rename(path)
            _synced(path.parent)
        return found
    finally:
        for each in path.parent.glob(f"{near.name}*"):
            each.unlink()


async def _checked(near: Path, file: Path) -> Ledger:
    """Return the ledger of a copy. Raise CliError if it is damaged, or not ours."""
    try:
        async with store.opened(near) as opened:
            rows = await opened.read(_CHECK)
            found = await _counted(opened)
    except ConfigError as error:
        raise CliError("CLI008", str(error), where=str(file)) from error
    except CliError as error:
        raise _unsound(file, error.what) from error
    except Exception as error:
        # Only the engine's own file knows its driver; its errors are told by where they come from.
        if not type(error).__module__.startswith("apsw"):
            raise
        raise _unsound(file, str(error)) from error
    if [str(row["quick_check"]) for row in rows] != ["ok"]:
        raise _unsound(file, "SQLite's quick_check finds it damaged")
    return found


async def _counted(opened: Store) -> Ledger:
    return Ledger.from_rows(await opened.read(ledger_statement(time.time())))


def _tell(verb: str, found: Ledger, file: Path, size: int, *, json: bool) -> None:
    if json:
        json_line({"verb": verb, "file": str(file), "bytes": size, "ledger": fields(found)})
        return
    line(f"{verb} {file}: {size:,} bytes, {found.accepted:,} accepted, {found.waiting:,} waiting")
    if not found.closes:
        note("its ledger does not close: see `fluent-connect ledger`")


def _synced(path: Path) -> None:
    """Return once the file (or folder) would survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exists(path: Path) -> CliError:
    what = "this file exists: nothing is overwritten"
    return CliError(
        "CLI009", what, where=str(path.absolute()), do="choose another, or move it away"
    )


def _unsound(file: Path, why: str) -> CliError:
    return CliError("CLI013", "this is no sound backup", where=str(file.absolute()), why=why)
