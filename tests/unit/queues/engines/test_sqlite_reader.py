"""Searches of the SQLite store: whom they hold up, and what they hold in memory."""

import contextlib
import threading
from pathlib import Path

import apsw

from fluent_connect.model.fact import Statement
from fluent_connect.queues.engines.sqlite.reader import Reader
from fluent_connect.queues.engines.sqlite.schema import connect

_SORTS_20_MB = """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    SELECT count(*) AS found FROM (SELECT DISTINCT hex(randomblob(100)) FROM n)"""

_ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


def test_a_short_search_does_not_wait_for_a_long_one(tmp_path: Path) -> None:
    path = str(tmp_path / "connect.db")
    connect(path).close()
    reader = Reader(path)
    began = threading.Event()
    running: list[apsw.Connection] = []

    def opened(connection: apsw.Connection) -> None:
        running.append(connection)
        began.set()

    def search() -> None:
        with contextlib.suppress(apsw.InterruptError):
            reader.rows(Statement(_ENDLESS))

    apsw.connection_hooks.append(opened)
    long = threading.Thread(target=search)
    long.start()
    try:
        assert began.wait(10)
        apsw.connection_hooks.remove(opened)
        assert reader.rows(Statement("SELECT 1 AS one")) == [{"one": 1}]
        assert long.is_alive()
    finally:
        while long.is_alive():
            running[0].interrupt()
            long.join(0.05)
    reader.close()


def test_a_search_that_sorts_a_lot_keeps_little_of_it_in_memory(tmp_path: Path) -> None:
    path = str(tmp_path / "connect.db")
    connect(path).close()
    reader = Reader(path)
    reader.rows(Statement("SELECT 1 AS one"))
    apsw.memory_high_water(reset=True)
    before = apsw.memory_used()

    found = reader.rows(Statement(_SORTS_20_MB))

    reader.close()
    assert found == [{"found": 100_000}]
    assert apsw.memory_high_water() - before < 8_000_000
    assert all(each.name.startswith("connect.db") for each in tmp_path.iterdir())
