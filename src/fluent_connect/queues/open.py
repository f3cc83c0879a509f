"""Opens the store that the queues' URLs name: the scheme is the engine."""

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Recorder
from fluent_connect.queues.address import BROKERS, ENGINES, EXTRAS, SQL, engine, shown
from fluent_connect.queues.brokered import BrokeredStore
from fluent_connect.queues.store import Bodies, Broker, Store, StoreError

Trouble = Callable[[str, str | None], None]
"""Told the engine, and why it cannot be reached; or None, once it can be again."""


async def open_store(
    urls: Mapping[str, str],
    recorder: Recorder,
    *,
    journal: str | None = None,
    lease: float = 30.0,
    record: Bodies = "failed",
    sample: float = 0.01,
    serving: bool = False,
    role: str = "all",
    poll: float = 20.0,
    trouble: Trouble | None = None,
) -> Store:
    """Open one store for all queues: those in SQL share engine and transaction with the journal.

    `journal`: where the journal lives; None: where the queues in SQL do. `poll`: seconds that a
    broker may hold a call that waits. `role`: what a serving process does. Raise ConfigError for a
    scheme without engine, and for queues in SQL that live elsewhere than the journal.
    """
    for url in urls.values():
        if engine(url) not in ENGINES:
            raise ConfigError(_unknown(url))
    place = _place(urls, journal)
    brokers = {scheme: await connect(scheme, urls) for scheme in brokers_of(urls)}
    try:
        if serving:
            for scheme, broker in brokers.items():
                await _require(scheme, broker)
        store = await _open_sql(
            place,
            recorder,
            lease=lease,
            record=record,
            sample=sample,
            role=role if serving else None,
        )
    except BaseException:
        for broker in brokers.values():
            await broker.close()
        raise
    for scheme, broker in brokers.items():
        carried = [name for name, url in urls.items() if engine(url) == scheme]
        store = await BrokeredStore.open(
            broker, store, queues=carried, poll=poll, trouble=_about(scheme, trouble)
        )
    return store


def brokers_of(urls: Mapping[str, str]) -> list[str]:
    """Return the brokers that carry some of the queues."""
    return sorted({engine(url) for url in urls.values()} & set(BROKERS))


async def connect(scheme: str, urls: Mapping[str, str]) -> Broker:
    """Return the broker of a scheme, for those of the queues that it carries.

    Raise ConfigError if its engine is not installed, or a URL says too little.
    """
    of_it = {name: url for name, url in urls.items() if engine(url) == scheme}
    module = f"fluent_connect.queues.engines.{scheme}"
    if find_spec(module) is None:
        raise ConfigError(_absent(next(iter(of_it.values()))))
    try:
        opened: Broker = await import_module(module).open_broker(of_it)
    except ModuleNotFoundError as error:
        raise ConfigError(_not_installed(next(iter(of_it.values())))) from error
    return opened


def sqlite_path(url: str) -> Path:
    """Return the file that `sqlite:///var/connect.db` (relative) or `sqlite:////var/...` names."""
    path = unquote(urlsplit(url).path)
    if not path.strip("/"):
        raise ConfigError(f"{url} names no file: write sqlite:///var/connect.db")
    return Path(path[1:])


async def _open_sql(
    url: str,
    recorder: Recorder,
    *,
    lease: float,
    record: Bodies,
    sample: float,
    role: str | None,
) -> Store:
    scheme = engine(url)
    if scheme == "sqlite":
        from fluent_connect.queues.engines.sqlite import SqliteStore  # noqa: PLC0415 - only if used

        return await SqliteStore.open(
            sqlite_path(url),
            recorder,
            lease=lease,
            record=record,
            sample=sample,
            serving=role is not None,
        )
    if scheme == "postgresql":
        return await _open_postgresql(
            url, recorder, lease=lease, record=record, sample=sample, role=role
        )
    if scheme == "memory":
        from fluent_connect.queues.engines.memory import MemoryStore  # noqa: PLC0415 - as above

        return MemoryStore(recorder, lease=lease)
    raise ConfigError(_absent(url) if scheme in SQL else _no_journal(url))


async def _open_postgresql(
    url: str,
    recorder: Recorder,
    *,
    lease: float,
    record: Bodies,
    sample: float,
    role: str | None,
) -> Store:
    try:
        from fluent_connect.queues.engines.postgresql import (  # noqa: PLC0415 - an extra
            Place,
            PostgresStore,
        )
    except ModuleNotFoundError as error:
        raise ConfigError(_not_installed(url)) from error
    place = Place.of(url)
    return await PostgresStore.open(
        place, recorder, lease=lease, record=record, sample=sample, role=role
    )


def _place(urls: Mapping[str, str], journal: str | None) -> str:
    """Return where the journal lives, and all queues that are in SQL."""
    in_sql = {url for url in urls.values() if engine(url) in SQL}
    different = sorted(in_sql | ({journal} if journal else set()))
    if len(different) > 1:
        told = ", ".join(map(shown, different))
        message = f"the queues live in different places ({told}): give them and the journal one URL"
        raise ConfigError(message)
    if not different:
        raise ConfigError(
            "a broker keeps no journal: write journal.url, such as sqlite:///var/c.db"
        )
    return different[0]


async def _require(scheme: str, broker: Broker) -> None:
    """Raise ConfigError if a queue is not there; a broker that is away may come back."""
    try:
        found = await broker.settle(change=False)
    except (StoreError, OSError):
        return
    missing = sorted({f"{each.queue} ({each.what})" for each in found if each.state == "missing"})
    if missing:
        told = f"{scheme} has no {', '.join(missing)}"
        raise ConfigError(f"{told}: check the name, or run `fluent-connect queues ensure`")


def _about(scheme: str, trouble: Trouble | None) -> Callable[[str | None], None]:
    def tell(why: str | None) -> None:
        if trouble is not None:
            trouble(scheme, why)

    return tell


def _unknown(url: str) -> str:
    return f"{shown(url)}: no engine is called {engine(url)!r}; known are {', '.join(ENGINES)}"


def _absent(url: str) -> str:
    scheme = engine(url)
    return f"{shown(url)}: this version has no engine for {scheme}; use sqlite:///var/connect.db"


def _not_installed(url: str) -> str:
    scheme = engine(url)
    extra = EXTRAS.get(scheme, scheme)
    return f"{shown(url)}: {scheme} is not installed: pip install 'fluent-connect[{extra}]'"


def _no_journal(url: str) -> str:
    return f"{shown(url)}: {engine(url)} keeps no journal; journal.url takes sqlite or postgresql"
