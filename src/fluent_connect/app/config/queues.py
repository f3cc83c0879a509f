"""Where each queue lives: its own `url`, or else the listener mode and the listener's name."""

from collections.abc import Mapping

import msgspec

from fluent_connect.app.config.mistakes import Mistake, did_you_mean
from fluent_connect.app.config.schema import Connect, Files, ListenerEntry, QueueEntry
from fluent_connect.app.config.validate import Path, descend
from fluent_connect.model.parcel import (
    BATCH_QUEUE,
    CT_QUEUE,
    EVENT_QUEUE,
    NOTIFICATION_QUEUE,
    QUEUES,
)
from fluent_connect.model.yaml import Leaf, Table
from fluent_connect.queues.address import BROKERS, ENGINES, SQL
from fluent_connect.queues.address import engine as engine_of

_LISTENERS = {
    "commercetools": CT_QUEUE,
    "message": EVENT_QUEUE,
    "batch": BATCH_QUEUE,
    "notification": NOTIFICATION_QUEUE,
}
_MODES = {BATCH_QUEUE: "batch-listener-mode"}


class Queue(msgspec.Struct, frozen=True):
    """Where a queue lives, how many of its parcels run at once, how long each is leased (s)."""

    url: str
    concurrency: int
    lease: float

    @property
    def engine(self) -> str:
        """Return the scheme of the URL, which names the engine."""
        return engine_of(self.url)


class Listener(msgspec.Struct, frozen=True):
    """A listener: the queue it takes from, that queue's name with its engine, its account."""

    id: str
    queue: str
    name: str
    fluent_account: str | None
    poll_wait: float
    dlq_name: str | None
    props: Mapping[str, str]


class Placed(msgspec.Struct, frozen=True):
    """All queues and listeners, and what is wrong with them. `journal`: where the journal lives."""

    queues: dict[str, Queue]
    journal: str
    listeners: dict[str, Listener]
    mistakes: list[Mistake]


def place_queues(
    files: Files, table: Table, environ: Mapping[str, str], engine: str | None
) -> Placed:
    """Return a place for each queue. `engine` overrules whatever the files say."""
    connect = files.fluent_connect
    mistakes = _modes(connect, table)
    listeners = {
        id_: _listener(id_, entry, environ)
        for id_, entry in connect.listeners.items()
        if id_ != "notification"
    }
    names = dict.fromkeys([*QUEUES, *connect.queues])
    names.update(dict.fromkeys(one.queue for one in listeners.values()))
    queues = {}
    journal = _journal(connect, engine)
    home = journal if engine_of(journal) in SQL else _sqlite(connect)
    for name in names:
        listener = next((one for one in listeners.values() if one.queue == name), None)
        entry = connect.queues.get(name, QueueEntry())
        if engine is None:
            mistakes += _disagreements(name, entry, listener, connect, table)
        url = _url(name, entry, listener, connect, engine) or home
        queues[name] = Queue(url, entry.concurrency, _lease(entry, listener, connect))
        mistakes += _engine_known(name, queues[name], entry, table)
    return Placed(queues, journal, listeners, mistakes)


def _journal(connect: Connect, engine: str | None) -> str:
    """Return where the journal lives: as told, with the queues in SQL, in the data folder."""
    if engine is not None:
        return "memory://" if engine == "memory" else _sqlite(connect)
    if connect.journal.url:
        return connect.journal.url
    told = (entry.url for entry in connect.queues.values() if entry.url)
    default = "memory://" if connect.message_listener_mode == "memory" else _sqlite(connect)
    return next((url for url in told if engine_of(url) in SQL), default)


def _listener(id_: str, entry: ListenerEntry, environ: Mapping[str, str]) -> Listener:
    extra = {key: str(value) for key, value in (entry.props.model_extra or {}).items()}
    name = entry.name or id_
    return Listener(
        id=id_,
        queue=_LISTENERS.get(id_, id_),
        name=environ.get(name, name),
        fluent_account=entry.fluent_account,
        poll_wait=entry.props.poll_wait,
        dlq_name=entry.props.dlq_name,
        props=extra,
    )


def _mode(name: str, connect: Connect) -> str:
    batch = name == BATCH_QUEUE
    return connect.batch_listener_mode if batch else connect.message_listener_mode


def _url(
    name: str, entry: QueueEntry, listener: Listener | None, connect: Connect, engine: str | None
) -> str | None:
    """Return where a queue lives; None: with the journal, as all that is told no other place."""
    if entry.url and not engine:
        return entry.url
    scheme = engine or _mode(name, connect)
    if scheme in {"sqlite", "memory"}:
        return None
    place = listener.name if listener else name
    return f"{scheme}://{place}"


def _sqlite(connect: Connect) -> str:
    return f"sqlite:///{connect.data}/connect.db"


def _lease(entry: QueueEntry, listener: Listener | None, connect: Connect) -> float:
    if "lease" in entry.model_fields_set or listener is None:
        return entry.lease
    return connect.listeners[listener.id].props.visibility_timeout or entry.lease


def _modes(connect: Connect, table: Table) -> list[Mistake]:
    mistakes = []
    for key, mode in (
        ("message-listener-mode", connect.message_listener_mode),
        ("batch-listener-mode", connect.batch_listener_mode),
    ):
        allowed = connect.available_listeners
        known = ", ".join(ENGINES)
        if mode not in ENGINES:
            fix = did_you_mean(mode, ENGINES, f"write one of {known}")
            mistakes.append(_at(table, key, "CFG008", f"{key} takes one of {known}", fix, mode))
        elif allowed and mode not in allowed and _told(table, key):
            what = f"{key} {mode} is not among available-listeners"
            fix = f"add {mode} to available-listeners ({', '.join(allowed)})"
            mistakes.append(_at(table, key, "CFG011", what, fix, mode))
    return mistakes


def _disagreements(
    name: str, entry: QueueEntry, listener: Listener | None, connect: Connect, table: Table
) -> list[Mistake]:
    if not entry.url or name not in {EVENT_QUEUE, BATCH_QUEUE}:
        return []
    key = _MODES.get(name, "message-listener-mode")
    mode = _mode(name, connect)
    scheme = engine_of(entry.url)
    path = ("queues", name, "url")
    if _told(table, key) and scheme != mode:
        what = f"queues.{name}.url says {scheme}, but {key} says {mode}"
        fix = f"remove `{key}:`, or write a {mode}:// URL"
        return [_at(table, path, "CFG011", what, fix, scheme + "://…")]
    if (
        scheme in BROKERS
        and listener
        and listener.name not in entry.url
        and _told(table, "listeners", listener.id, "name")
    ):
        what = f"queues.{name}.url does not name {listener.name}, as listeners.{listener.id} does"
        return [
            _at(
                table, path, "CFG011", what, "remove one of the two, or let both name one queue", ""
            )
        ]
    return []


def _engine_known(name: str, queue: Queue, entry: QueueEntry, table: Table) -> list[Mistake]:
    if not entry.url or queue.engine in ENGINES:
        return []
    fix = did_you_mean(queue.engine, ENGINES, f"write one of {', '.join(ENGINES)}")
    what = f"no engine is called {queue.engine!r}"
    return [_at(table, ("queues", name, "url"), "CFG008", what, fix, f"{queue.engine}:…")]


def _told(table: Table, *path: str) -> bool:
    """Say whether a file, a variable or a flag says it, rather than a default."""
    node, _ = descend(table, ("fluent-connect", *path))
    return isinstance(node, Leaf) and node.source != "default"


def _at(table: Table, path: str | Path, code: str, what: str, *how: str) -> Mistake:
    fix, shown = how
    steps = (path,) if isinstance(path, str) else path
    node, place = descend(table, ("fluent-connect", *steps))
    where = node.place if isinstance(node, Leaf) else place
    why = "one engine and one name for each queue"
    text = f"{steps[-1]}: {shown}" if shown else ""
    return Mistake(code=code, place=where, what=what, why=why, fix=fix, shown=text)
