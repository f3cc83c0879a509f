"""`doctor`: whether the store keeps its promise, and whether its ledger closes."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

from fluent_connect.app.cli import store
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.cli.probes.finding import Finding, skipped
from fluent_connect.app.cli.probes.postgresql import postgresql
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.journal.overview import pauses_from_rows, pauses_statement
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.fact import Statement
from fluent_connect.queues.engines.sqlite.schema import connect
from fluent_connect.queues.store import Store

_GROUP = "store"
_FULL = 2
_RESTORE = "stop the service and restore a backup: fluent-connect restore FILE"

_CHECKED = skipped(_GROUP, "integrity", "PostgreSQL's own tool looks for damage: pg_amcheck")


async def storage(place: store.Place, *, integrity: bool) -> AsyncIterator[Finding]:
    """Yield what the store says of itself. `integrity`: read all of it, which takes its time."""
    try:
        async with store.opened(place) as opened:
            if isinstance(place, Path):
                yield _durability(place)
            else:
                async for one in postgresql(opened):
                    yield one
            yield await _schema(opened)
            if integrity:
                yield await _integrity(opened) if isinstance(place, Path) else _CHECKED
            yield await _ledger(opened)
            yield await _pauses(opened)
    except CliError as error:
        if error.code != "CLI006":
            yield _failed(error, error.do)
        else:
            yield skipped(_GROUP, "file", f"{place} is not there yet: the first start makes it")
    except ConnectError as error:
        yield _failed(error, "correct what is said, then run `fluent-connect doctor` again")


def _failed(error: Exception, fix: str) -> Finding:
    return Finding(group=_GROUP, name="file", state="fail", measured=str(error), fix=fix)


def _durability(path: Path) -> Finding:
    connection = connect(str(path))
    try:
        mode = str(connection.execute("PRAGMA journal_mode").get)
        level = int(connection.execute("PRAGMA synchronous").get)
    finally:
        connection.close()
    good = mode == "wal" and level >= _FULL
    return Finding(
        group=_GROUP,
        name="durability",
        state="ok" if good else "fail",
        measured=f"journal_mode {mode}, synchronous {level}",
        expected=f"journal_mode wal, synchronous {_FULL} (FULL)",
        fix="" if good else "let nothing else change the file's settings",
    )


async def _schema(opened: Store) -> Finding:
    rows = await opened.read(Statement("SELECT part, version FROM schema_version ORDER BY part"))
    told = ", ".join(f"{row['part']} {row['version']}" for row in rows)
    return Finding(group=_GROUP, name="schema", state="ok", measured=told, expected="up to date")


async def _integrity(opened: Store) -> Finding:
    rows = await opened.read(Statement("PRAGMA quick_check(1)"))
    told = str(rows[0]["quick_check"])
    return Finding(
        group=_GROUP,
        name="integrity",
        state="ok" if told == "ok" else "fail",
        measured=told,
        expected="ok",
        fix="" if told == "ok" else _RESTORE,
    )


async def _ledger(opened: Store) -> Finding:
    found = Ledger.from_rows(await opened.read(ledger_statement(time.time())))
    told = f"{found.accepted:,} accepted, {found.waiting:,} waiting, {found.dead:,} dead"
    return Finding(
        group=_GROUP,
        name="ledger",
        state="warn" if found.closes and found.dead else "ok" if found.closes else "fail",
        measured=f"{told}, {found.unaccounted:,} unaccounted",
        expected="0 unaccounted, 0 dead",
        fix=_remedy(found),
    )


def _remedy(found: Ledger) -> str:
    if not found.closes:
        return "fluent-connect ledger names them"
    return "fluent-connect dead list --group" if found.dead else ""


async def _pauses(opened: Store) -> Finding:
    pauses = pauses_from_rows(await opened.read(pauses_statement()))
    told = ", ".join(one.pattern for one in pauses)
    return Finding(
        group=_GROUP,
        name="pauses",
        state="warn" if pauses else "ok",
        measured=told or "none",
        expected="none",
        fix="fluent-connect resume --all" if pauses else "",
    )
