"""A broker and a SQL file over which processes come and go."""

from pathlib import Path

from contracts.scene import SCRIBE, Clock
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from fluent_connect.queues.brokered import BrokeredStore
from fluent_connect.queues.engines.sqlite import SqliteStore
from unit.queues.fake_broker import FakeBroker

QUEUES = (CT_QUEUE, EVENT_QUEUE)
ROUND = 0.02
DELAY = 5.0


class Installation:
    """One broker, one SQL file; processes come and go over them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.broker = FakeBroker()
        self._alive: list[BrokeredStore] = []

    async def start(self, *, relay_every: float = DELAY) -> BrokeredStore:
        sql = await SqliteStore.open(self.path, SCRIBE, clock=self.clock, lease=30.0)
        store = await BrokeredStore.open(
            self.broker, sql, queues=QUEUES, clock=self.clock, relay_every=relay_every, poll=0.02
        )
        self._alive.append(store)
        return store

    async def restart(self) -> BrokeredStore:
        """End all processes without a word, let leases run out, start one anew."""
        await self.stop()
        self.broker.before_put = self.broker.after_put = self.broker.before_ack = lambda: None
        self.broker.redeliver()
        self.clock.advance(31)
        return await self.start()

    async def stop(self) -> None:
        alive, self._alive = self._alive, []
        for store in alive:
            await store._stop()
            await store._sql.close()
