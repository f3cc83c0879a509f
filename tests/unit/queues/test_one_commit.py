"""What a crash between two steps would lose, seen without one: the steps are one, or in order."""

from collections.abc import Sequence

from contracts.scene import SCRIBE, parcel, puts, take_all
from fluent_connect.model.outcome import Done, Outcome
from fluent_connect.model.parcel import CT_QUEUE, Parcel
from fluent_connect.queues.brokered import BrokeredStore
from fluent_connect.queues.engines.memory import MemoryStore
from fluent_connect.queues.store import Delivery, StoreError, Verdict, Write
from unit.queues.fake_broker import FakeBroker
from unit.queues.installation import QUEUES
from unit.queues.workshop import Moody, at_work


class Witness(Moody):
    """Remembers what it was asked to commit."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[Write] = []

    async def commit(self, *writes: Write) -> Sequence[Verdict]:
        self.writes += writes
        return await super().commit(*writes)


async def test_a_delivery_is_settled_by_the_write_that_holds_what_came_of_it() -> None:
    store = Witness()

    async def station(delivery: Delivery) -> Outcome:
        return Outcome(Done(), puts=puts(parcel(f"{delivery.parcel.id}.0")))

    async with at_work(station, store=store) as stage:
        await store.put("a", "b")
        await stage.until(lambda: len([w for w in store.writes if w.delivery]) >= 2)

    assert all(write.delivery is not None for write in store.writes)
    assert all(write.outcome.puts for write in store.writes)


class Full(MemoryStore):
    """Takes nothing while it is full."""

    full = False

    async def commit(self, *writes: Write) -> Sequence[Verdict]:
        if self.full:
            raise StoreError("full")
        return await super().commit(*writes)


async def test_what_others_put_stays_with_the_broker_until_the_journal_has_it() -> None:
    broker, sql = FakeBroker(), Full(SCRIBE)
    store = await BrokeredStore.open(broker, sql, queues=QUEUES, poll=0.02)
    try:
        broker.fill(CT_QUEUE, Parcel("sqs-1", "", b"{}"))
        sql.full = True
        assert await take_all(store, CT_QUEUE) == []
        sql.full = False
        (delivery,) = await take_all(store, CT_QUEUE)
        assert delivery.parcel.body == b"{}"
    finally:
        await store.close()
