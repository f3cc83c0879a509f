"""Stores what came in one turn of the event loop by one commit."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from fluent_connect.model.killpoint import reach
from fluent_connect.queues.store import Store, StoreError, Verdict, Write

Told = Callable[[Verdict | None], None]
"""Told what came of a write; None: the store could not say."""


class Intake:
    """Hands writes to the store together, and tells each what came of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Write, Told]] = []
        self._commits: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("fluent_connect")

    def add(self, write: Write, told: Told) -> None:
        """Store a write with all the others of this turn."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._begin)
        self._waiting.append((write, told))

    def _begin(self) -> None:
        waiting, self._waiting = self._waiting, []
        commit = asyncio.create_task(self._commit(waiting))
        self._commits.add(commit)
        commit.add_done_callback(self._commits.discard)

    async def _commit(self, waiting: Sequence[tuple[Write, Told]]) -> None:
        for _ in waiting:
            reach("ingest:before-commit")
        verdicts: Sequence[Verdict | None] = [None] * len(waiting)
        try:
            verdicts = await self._store.commit(*(write for write, _ in waiting))
            for _ in waiting:
                reach("ingest:after-commit")
        except StoreError:
            verdicts = [None] * len(waiting)
        except Exception:  # noqa: BLE001 - whatever it is, each sender is asked to return
            self._log.exception("requests could not be stored")
        finally:
            for (_, told), verdict in zip(waiting, verdicts, strict=True):
                told(verdict)
