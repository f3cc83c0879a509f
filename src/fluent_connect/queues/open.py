"""Opens the store that the queues' URLs name: the scheme is the engine."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Recorder
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.engines.sqlite import SqliteStore
from fluent_connect.queues.engines.sqlite.store import Bodies
from fluent_connect.queues.store import Store

ENGINES = ("sqlite", "memory")
LATER = ("postgresql", "sqs", "rabbitmq", "kafka")


async def open_store(
    urls: Mapping[str, str],
    recorder: Recorder,
    *,
    lease: float = 30.0,
    record: Bodies = "failed",
    sample: float = 0.01,
    serving: bool = False,
) -> Store:
    """Open one store for all queues; queues of one URL share engine and transaction.

    Raise ConfigError for a scheme without engine, and for queues that live in different places.
    """
    different = sorted(set(urls.values()))
    if len(different) != 1:
        message = f"the queues live in different places ({', '.join(different)}): give them one URL"
        raise ConfigError(message)
    url = different[0]
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return await SqliteStore.open(
            sqlite_path(url),
            recorder,
            lease=lease,
            record=record,
            sample=sample,
            serving=serving,
        )
    if scheme == "memory":
        return MemoryStore(recorder, lease=lease)
    raise ConfigError(_unknown(scheme, url))


def sqlite_path(url: str) -> Path:
    """Return the file that `sqlite:///var/connect.db` (relative) or `sqlite:////var/...` names."""
    path = unquote(urlsplit(url).path)
    if not path.strip("/"):
        raise ConfigError(f"{url} names no file: write sqlite:///var/connect.db")
    return Path(path[1:])


def _unknown(scheme: str, url: str) -> str:
    if scheme in LATER and find_spec(f"fluent_connect.queues.engines.{scheme}") is None:
        return f"{url}: this version has no engine for {scheme}; use sqlite:///var/connect.db"
    known = ", ".join(ENGINES)
    return f"{url}: no engine is called {scheme!r}; known are {known}"
