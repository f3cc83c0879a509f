"""`doctor`: whether a PostgreSQL server keeps what it says it keeps, and what could be lost."""

from collections.abc import AsyncIterator, Mapping

from fluent_connect.app.cli.probes.finding import Finding, State
from fluent_connect.model.fact import Statement
from fluent_connect.queues.store import Store

_GROUP = "store"
_OLDEST = 140000
_SETTINGS = Statement(
    "SELECT name, setting FROM pg_settings WHERE name IN ('autovacuum', 'data_checksums', 'fsync',"
    " 'full_page_writes', 'server_version', 'server_version_num',"
    " 'synchronous_standby_names')"
)
_STANDBYS = Statement(
    "SELECT pg_is_in_recovery() AS standby, (SELECT count(*) FROM pg_stat_replication) AS replicas"
)
_NEEDED = ("fsync", "full_page_writes")


async def postgresql(store: Store) -> AsyncIterator[Finding]:
    """Yield what the live server says of its version, its durability and its upkeep."""
    settings = {str(row["name"]): str(row["setting"]) for row in await store.read(_SETTINGS)}
    standing = (await store.read(_STANDBYS))[0]
    yield _version(settings)
    yield _durability(settings, standing)
    yield _upkeep(settings)


def _version(settings: Mapping[str, str]) -> Finding:
    good = int(settings["server_version_num"]) >= _OLDEST
    return Finding(
        group=_GROUP,
        name="PostgreSQL",
        state="ok" if good else "fail",
        measured=settings["server_version"],
        expected=">= 14",
        fix="" if good else "upgrade the server",
    )


def _durability(settings: Mapping[str, str], standing: Mapping[str, object]) -> Finding:
    """Return one line: how the server is set, and what could be lost by it."""
    told = ", ".join(f"{name} {settings[name]}" for name in _NEEDED)
    lost, fix = _lost(settings, standing)
    state: State = "ok"
    if fix:
        state = "fail" if _broken(settings) or standing["standby"] else "warn"
    return Finding(
        group=_GROUP,
        name="durability",
        state=state,
        measured=f"{told}, synchronous_commit on for every commit of ours; {lost}",
        expected="fsync on, full_page_writes on: a crash of the server loses nothing",
        fix=fix,
    )


def _lost(settings: Mapping[str, str], standing: Mapping[str, object]) -> tuple[str, str]:
    """Return what could be lost, and what to do about it ("" = nothing)."""
    if standing["standby"]:
        return "this is a standby: nothing can be written", "name the primary in journal.url"
    if settings["fsync"] != "on":
        what = "a crash of the server's machine can lose or destroy everything"
        return what, "set fsync = on, and restart the server"
    if settings["full_page_writes"] != "on":
        what = "a power cut can tear pages, and so lose the whole database"
        return what, "set full_page_writes = on, and reload the server"
    if standing["replicas"] and not settings["synchronous_standby_names"]:
        what = "nothing is lost in a crash; in a failover, what the replica had not received yet"
        return what, "set synchronous_standby_names, if a failover must lose nothing"
    return "nothing is lost in a crash", ""


def _broken(settings: Mapping[str, str]) -> bool:
    return any(settings[name] != "on" for name in _NEEDED)


def _upkeep(settings: Mapping[str, str]) -> Finding:
    good = settings["autovacuum"] == "on"
    return Finding(
        group=_GROUP,
        name="upkeep",
        state="ok" if good else "warn",
        measured=f"autovacuum {settings['autovacuum']}",
        expected="autovacuum on: queues leave dead rows behind",
        fix="" if good else "set autovacuum = on, or VACUUM parcel every few minutes yourself",
    )
