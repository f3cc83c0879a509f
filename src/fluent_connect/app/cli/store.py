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
from fluent_connect.queues.open import open_store, sqlite_path
from fluent_connect.queues.store import Store, StoreError, Verdict, Write

T = TypeVar("T")
FILE = "connect.db"
_DEFAULT = Path("var")


def path_of(
    data: Path | None, config: Path | None = None, profiles: Sequence[str] | None = None
) -> Path:
    """Return the file of the store: under `data`, else as the configuration says, else `var`."""
    if data is not None:
        return data / FILE
    if config is None and not profiles and not os.environ.get("FC_CONFIG"):
        return Path(os.environ.get("FC_DATA") or _DEFAULT) / FILE
    return _configured(config, profiles)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Store]:
    """Open the store in a file that exists, beside the service that may be using it."""
    store = await _open(_existing(path))
    try:
        yield store
    finally:
        await store.close()


def ask(path: Path, question: Callable[[Store], Awaitable[T]]) -> T:
    """Open the store, let `question` be answered, and close it."""

    async def answer() -> T:
        async with opened(path) as store:
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


async def _open(path: Path) -> Store:
    urls: Mapping[str, str] = dict.fromkeys(QUEUES, url(path))
    try:
        return await open_store(urls, recorder(), serving=False)
    except Exception as error:
        # Only the engine's own file knows its driver; its errors are told by where they come from.
        if not type(error).__module__.startswith("apsw"):
            raise
        raise CliError(
            "CLI010",
            f"the store cannot be opened: {error}",
            where=str(path),
            do="this user needs to read and write the file and its folder; or restore a backup",
        ) from error


def _configured(config: Path | None, profiles: Sequence[str] | None) -> Path:
    # Reading a configuration costs more than all else here: only where one is named.
    from fluent_connect.app.cli.configuration import examined  # noqa: PLC0415

    place = examined(config, profiles).config.store
    if not place.startswith("sqlite:"):
        engine = place.partition(":")[0]
        do = "use the console of the running service"
        raise CliError("CLI008", f"the store lives in {engine}, not in a file", do=do)
    return sqlite_path(place)
