"""Finds the store that a command is about, and opens it with the service's own code."""

import asyncio
import getpass
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from fluent_connect.app.cli.errors import CliError
from fluent_connect.journal.record import recorder
from fluent_connect.model.fact import Audited, Fact
from fluent_connect.model.outcome import Outcome
from fluent_connect.model.parcel import QUEUES
from fluent_connect.queues.address import engine, shown
from fluent_connect.queues.open import open_store, sqlite_path
from fluent_connect.queues.store import Store, StoreError, Verdict, Write

T = TypeVar("T")
Place = Path | str
"""Where a store is: its file, or the URL of its database."""
FILE = "connect.db"
_DEFAULT = Path("var")


def place_of(
    data: Path | None, config: Path | None = None, profiles: Sequence[str] | None = None
) -> Place:
    """Return where the store is: under `data`, else as the configuration says, else `var`.

    A configuration that is named and says PostgreSQL wins over `data`, which is for files.
    """
    told = config is not None or bool(profiles) or bool(_TOLD & os.environ.keys())
    if data is not None and not told:
        return data / FILE
    if not told:
        return Path(os.environ.get("FC_DATA") or _DEFAULT) / FILE
    place = _configured(config, profiles)
    return data / FILE if data is not None and isinstance(place, Path) else place


def path_of(
    data: Path | None, config: Path | None = None, profiles: Sequence[str] | None = None
) -> Path:
    """Return the file of the store. Raise CliError if it is none."""
    place = place_of(data, config, profiles)
    if isinstance(place, Path):
        return place
    raise CliError(
        "CLI008",
        "the store is a database, not a file",
        where=shown(place),
        do="copy it with PostgreSQL's own tools: pg_dump --format=custom, and pg_restore",
    )


def folder_of(place: Place, data: Path | None) -> Path:
    """Return the folder for what commands keep beside the store."""
    if isinstance(place, Path):
        return place.parent
    return data or Path(os.environ.get("FC_DATA") or _DEFAULT)


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Store]:
    """Open the store that there is, beside the service that may be using it."""
    store = await _open(_existing(place) if isinstance(place, Path) else place)
    try:
        yield store
    finally:
        await store.close()


def is_served(place: Place) -> bool | None:
    """Say whether a service runs on the store; None where that cannot be told."""
    if not isinstance(place, Path):
        return None
    from fluent_connect.queues.engines.sqlite.store import served  # noqa: PLC0415 - loads a driver

    return served(place)


def ask(place: Place, question: Callable[[Store], Awaitable[T]]) -> T:
    """Open the store, let `question` be answered, and close it."""

    async def answer() -> T:
        async with opened(place) as store:
            return await question(store)

    return asyncio.run(answer())


async def write(store: Store, action: str, what: str, *facts: Fact) -> None:
    """Commit an operator's facts together with the note of who did it."""
    audit = Audited(time.time(), operator(), action, what)
    verdicts = await store.commit(Write(Outcome(facts=(*facts, audit))))
    if verdicts[0] is not Verdict.APPLIED:
        raise StoreError(f"the store refused it: {verdicts[0].value}")


def operator() -> str:
    """Return who is at the keyboard, for the audit."""
    try:
        return f"{getpass.getuser()} (cli)"
    except (KeyError, OSError):
        return f"uid {os.getuid()} (cli)"


def _existing(path: Path) -> Path:
    if path.is_file():
        return path
    raise CliError(
        "CLI006",
        "there is no store here",
        where=str(path.absolute()),
        why="a service makes it when it first starts",
        do="name the service's data folder with --data, or its configuration with --config",
    )


def url(path: Path) -> str:
    """Return the URL of a store in this file."""
    return f"sqlite:///{quote(str(path))}"


async def at(url: str) -> Store:
    """Open the store of a URL, and bring its schema up to date; a file is made if there is none."""
    return await _open(url)


async def _open(place: Place) -> Store:
    where = url(place) if isinstance(place, Path) else place
    urls: Mapping[str, str] = dict.fromkeys(QUEUES, where)
    try:
        return await open_store(urls, recorder(), serving=False)
    except Exception as error:
        # Only the engine's own file knows its driver; its errors are told by where they come from.
        driver = type(error).__module__.partition(".")[0]
        if driver not in _DRIVERS:
            raise
        raise CliError(
            "CLI010",
            f"the store cannot be opened: {error}",
            where=str(place) if isinstance(place, Path) else shown(place),
            do=_DRIVERS[driver],
        ) from error


_DRIVERS = {
    "apsw": "this user needs to read and write the file and its folder; or restore a backup",
    "asyncpg": "this role needs to connect, and to own the tables: `fluent-connect migrate status`",
}
_TOLD = frozenset({"FC_CONFIG", "FC_JOURNAL_URL"})
"""Variables that say where the store is."""


def _configured(config: Path | None, profiles: Sequence[str] | None) -> Place:
    # Reading a configuration costs more than all else here: only where one is named.
    from fluent_connect.app.cli.configuration import examined  # noqa: PLC0415

    place = examined(config, profiles).config.store
    match engine(place):
        case "sqlite":
            return sqlite_path(place)
        case "postgresql":
            return place
        case other:
            do = "use the console of the running service"
            raise CliError("CLI008", f"the store lives in {other}, and goes with it", do=do)
