"""The commands of an operator, on a store in PostgreSQL."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from contracts.scene import parcel, puts, settle, take_one
from fluent_connect.journal.record import recorder
from fluent_connect.model.fact import Received
from fluent_connect.model.outcome import Dead, Outcome
from fluent_connect.model.parcel import CT_QUEUE
from fluent_connect.queues.engines.postgresql import Place, PostgresStore
from fluent_connect.queues.store import Write

CONFIGURATION = "fluent-connect:\n  journal:\n    url: ${PLACE}\n"


class Operator:
    """Types commands where a configuration names the database."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        (folder / "application-connector.yml").write_text(CONFIGURATION, "utf-8")

    async def __call__(self, *words: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fluent_connect", *words, "--config", str(self._folder)),
            env={**os.environ, "PLACE": self._url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await process.communicate()
        return process.returncode or 0, out.decode(), errors.decode()


@pytest.fixture
async def operator(url: str, tmp_path: Path) -> Operator:
    store = await PostgresStore.open(Place.of(url), recorder())
    for name in ("a", "b"):
        facts = (Received(name, "door", 1.0, 2),)
        await store.commit(Write(Outcome(puts=puts(parcel(name), queue=CT_QUEUE), facts=facts)))
    await settle(store, await take_one(store, CT_QUEUE), Dead("malformed", "no JSON"))
    await store.close()
    return Operator(url, tmp_path)


def _rows(text: str) -> Sequence[dict[str, object]]:
    return [msgspec.json.decode(line) for line in text.splitlines()]


async def test_what_became_of_all_is_told(operator: Operator) -> None:
    _, ledger, _ = await operator("ledger", "--json")
    counts = _rows(ledger)[0]
    assert (counts["accepted"], counts["dead"], counts["waiting"]) == (2, 1, 1)
    _, events, _ = await operator("events", "list", "--json")
    assert {row["id"]: row["state"] for row in _rows(events)} == {"a": "dead", "b": "received"}
    _, dead, _ = await operator("dead", "list", "--json")
    assert [row["id"] for row in _rows(dead)] == ["a"]


async def test_what_an_operator_decides_is_kept(operator: Operator) -> None:
    assert (await operator("pause", "--all"))[0] == 0
    _, pauses, _ = await operator("pause", "--list", "--json")
    assert [row["pattern"] for row in _rows(pauses)] == ["*"]
    assert (await operator("resume", "--all"))[0] == 0
    assert (await operator("dead", "drop", "a", "--yes"))[0] == 0
    _, ledger, _ = await operator("ledger", "--json")
    assert _rows(ledger)[0]["dead"] == 0


async def test_the_live_server_says_what_could_be_lost(operator: Operator) -> None:
    _, found, _ = await operator("doctor", "--only", "store", "--json")
    findings = {str(row["name"]): row for row in _rows(found)}
    assert findings["durability"]["state"] == "ok"
    assert "fsync on" in str(findings["durability"]["measured"])
    assert "nothing is lost in a crash" in str(findings["durability"]["measured"])
    assert findings["PostgreSQL"]["state"] == "ok"


async def test_a_backup_is_left_to_the_server_s_own_tools(
    operator: Operator, tmp_path: Path
) -> None:
    code, _, errors = await operator("backup", str(tmp_path / "copy.db"))
    assert code == 7
    assert "pg_dump" in errors


async def test_the_schema_is_told(operator: Operator) -> None:
    code, found, _ = await operator("migrate", "status", "--json")
    assert code == 0
    assert all(row["standing"] == row["known"] for row in _rows(found))
