"""A journal in memory, and queues moved by hand: what a store does, without the store."""

from collections.abc import Mapping, Sequence

from fluent_connect.journal.ledger import Ledger, ledger_statement, unaccounted_statement
from fluent_connect.journal.record import recorder
from fluent_connect.model.fact import (
    Dropped,
    Expired,
    Fact,
    Queued,
    Received,
    Revived,
    Settled,
    Statement,
    Told,
)
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from unit.journal.databases import Database, InSqlite

NOW = 1_700_000_000.0
READY, LEASED, BLOCKED, PARKED, DEAD = range(5)


class Books:
    """Keeps facts as a store would; moves parcels as a store would."""

    def __init__(self, database: Database | None = None) -> None:
        self.database = database or InSqlite()
        self._recorder = recorder()

    def remember(self, *facts: Fact) -> None:
        statements = [each for fact in facts for each in self._recorder.record(fact)]
        for statement in statements:
            self.database.run(statement.text, statement.values)

    def rows(self, statement: Statement) -> Sequence[Mapping[str, object]]:
        return self.database.run(statement.text, statement.values)

    def one(self, text: str, *values: object) -> object:
        rows = self.database.run(text, values)
        return next(iter(rows[0].values())) if rows else None

    def column(self, text: str) -> Sequence[object]:
        return [next(iter(row.values())) for row in self.database.run(text, ())]

    def put(self, queue: str, id_: str, *, state: int = READY, **more: object) -> None:
        columns: dict[str, object] = {
            "queue": queue,
            "id": id_,
            "lane": id_,
            "state": state,
            "rank": 0,
            "grp": "acme/route",
            "due": NOW,
            "ordered": 0,
            "put_at": NOW,
            **more,
        }
        marks = ", ".join("?" for _ in columns)
        text = f"INSERT INTO parcel ({', '.join(columns)}) VALUES ({marks})"
        self.database.run(text, tuple(columns.values()))

    def move(self, id_: str, state: int, *, tries: int = 1, due: float = NOW) -> None:
        text = "UPDATE parcel SET state = ?, tries = ?, due = ? WHERE id = ?"
        self.database.run(text, (state, tries, due, id_))

    def forget(self, table: str, id_: str) -> None:
        self.database.run(f"DELETE FROM {table} WHERE id = ?", (id_,))

    def receive(self, id_: str, at: float = NOW) -> None:
        self.remember(Received(id_, "default", at, 100))
        self.put(CT_QUEUE, id_)

    def settle(self, id_: str, state: str, reason: str = "", at: float = NOW) -> None:
        if state == "dead":
            self.move(id_, DEAD)
            self.database.run("UPDATE parcel SET reason = ? WHERE id = ?", (reason, id_))
        else:
            self.forget("parcel", id_)
        self.remember(Settled(id_, state, reason, at, 1))

    def listen(self, id_: str, messages: int = 1, at: float = NOW) -> Sequence[str]:
        """Do what the listener does with a notification that becomes messages."""
        names = [f"{id_}.{i}" for i in range(messages)]
        self.remember(told(id_, at=at))
        for name in names:
            self.queue(name, id_, at=at)
        self.settle(id_, "done", f"{messages} messages", at)
        return names

    def queue(self, id_: str, notification: str | None, at: float = NOW) -> None:
        self.remember(queued(id_, notification, at=at))
        self.put(EVENT_QUEUE, id_, body=b"{}", headers="{}", origin=notification)

    def revive(self, id_: str) -> None:
        self.remember(Revived((id_,)))
        self.move(id_, READY, tries=0)

    def drop(self, id_: str) -> None:
        self.remember(Dropped((id_,)))
        self.forget("parcel", id_)

    def expire(self, statement: Statement) -> Sequence[str]:
        ids = [str(row["id"]) for row in self.rows(statement)]
        self.remember(Expired(ids=ids))
        return ids

    def ledger(self, *, brokered: bool = False) -> Ledger:
        return Ledger.from_rows(self.rows(ledger_statement(NOW, brokered=brokered)))

    def unaccounted(self) -> Sequence[object]:
        return [row["id"] for row in self.rows(unaccounted_statement())]


def told(id_: str, *, resource: str = "r-1", type_id: str = "order", at: float = NOW) -> Told:
    return Told(id_, f"n-{id_}", "OrderCreated", "project", type_id, resource, 7, 3, at)


def queued(id_: str, notification: str | None, *, name: str = "orders", at: float = NOW) -> Queued:
    return Queued(id_, notification, name, "acme", "1", "order", "r-1", 7, "notification", at)
