"""What Kafka hands out of one topic, and what of it is committed."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from zlib import crc32

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.kafka.address import Address
from fluent_connect.queues.engines.kafka.link import FAILURES, PATIENCE, failing
from fluent_connect.queues.engines.kafka.topology import declare
from fluent_connect.queues.engines.kafka.watermark import Watermark
from fluent_connect.queues.foreign import foreign
from fluent_connect.queues.label import unpack
from fluent_connect.queues.store import Delivery, StoreError

HEADER = "fluent-connect"
"""The header that holds what `label.pack` makes."""
_PROBE = 5.0
"""Seconds without a record after which the cluster is asked whether it is there."""
_CATCH_UP = 2.0


class Intake(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """The member of the group that takes from one topic.

    A partition that is taken from us takes its deliveries with it: they are acknowledged no more,
    and the member that has it now is handed what was not committed.
    """

    def __init__(self, name: str, place: Address) -> None:
        self._name = name
        self._place = place
        self._consumer: Any = None
        self._marks: dict[TopicPartition, Watermark] = {}
        self._epoch = 0
        self._probed = 0.0
        self._opening = asyncio.Lock()

    async def take(self, limit: int, wait: float) -> Sequence[Delivery]:
        """Return up to `limit` deliveries; wait for the first."""
        with failing(f"take from {self._place.topic}"):
            consumer = await self._opened()
            found = await self._many(consumer, limit, wait)
            if wait <= 0 and len(found) < limit:
                await self._catch_up(consumer, found, limit)
            if found:
                self._probed = time.monotonic()
            else:
                await self._probe(consumer)
            return found

    async def ack(self, leases: Iterable[str]) -> None:
        """Have the group never be handed these again, once all before them are acknowledged."""
        moved: dict[TopicPartition, Watermark] = {}
        for partition, mark, offset in self._ours(leases):
            mark.done(offset)
            moved[partition] = mark
        told = {
            partition: reached
            for partition, mark in moved.items()
            if (reached := mark.to_commit()) is not None
        }
        if not told or self._consumer is None:
            return
        with failing(f"commit to {self._place.topic}"), suppress(*_LOST):
            async with asyncio.timeout(PATIENCE):
                # The driver itself looks for its coordinator for as long as there is none.
                await self._consumer.commit(told)
            for partition, reached in told.items():
                moved[partition].committed(reached)

    async def release(self, leases: Iterable[str]) -> None:
        """Have the group be handed these, and all after them, again."""
        first: dict[TopicPartition, int] = {}
        for partition, mark, offset in self._ours(leases):
            first[partition] = min(offset, first.get(partition, offset))
            mark.rewind(first[partition])
        with failing(f"give back to {self._place.topic}"), suppress(*_LOST):
            for partition, offset in first.items():
                self._consumer.seek(partition, offset)

    def holds(self, lease: str) -> bool:
        """Say whether a delivery is still ours."""
        return any(mark.holds(offset) for _, mark, offset in self._ours([lease]))

    async def depth(self) -> int:
        """Return how many of our partitions are not acknowledged."""
        with failing(f"look at {self._place.topic}"):
            consumer = await self._opened()
            async with asyncio.timeout(PATIENCE):
                return await self._counted(consumer)

    async def close(self) -> None:
        """Leave the group; what is not committed goes to its other members."""
        consumer, self._consumer = self._consumer, None
        self._marks.clear()
        if consumer is not None:
            with suppress(*FAILURES):
                await consumer.stop()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Forget what was handed out of partitions that are no longer ours."""
        for partition in revoked:
            self._marks.pop(partition, None)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Begin anew with each partition, at what is committed."""
        self._epoch += 1
        self._marks = {partition: Watermark(self._epoch) for partition in assigned}

    async def _opened(self) -> Any:
        async with self._opening:
            if self._consumer is None:
                milliseconds = int(self._place.session * 1000)
                consumer = AIOKafkaConsumer(
                    **self._place.server.settings(),
                    group_id=self._place.group,
                    enable_auto_commit=False,
                    auto_offset_reset="earliest",
                    isolation_level="read_committed",
                    fetch_max_wait_ms=100,
                    session_timeout_ms=milliseconds,
                    heartbeat_interval_ms=max(100, milliseconds // 4),
                )
                consumer.subscribe([self._place.topic], listener=self)
                try:
                    await consumer.start()
                except BaseException:
                    await consumer.stop()
                    raise
                self._consumer = consumer
            return self._consumer

    async def _many(self, consumer: Any, limit: int, wait: float) -> list[Delivery]:
        found = await consumer.getmany(timeout_ms=int(wait * 1000), max_records=limit)
        return [
            self._delivery(mark, record)
            for partition, records in found.items()
            if (mark := self._marks.get(partition)) is not None
            for record in records
        ]

    async def _catch_up(self, consumer: Any, found: list[Delivery], limit: int) -> None:
        """Add what was put before we were asked, even if it is still on its way here.

        What is found is ours to hand on, whatever becomes of the search for more.
        """
        try:
            async with asyncio.timeout(_CATCH_UP):
                ends = await consumer.end_offsets(consumer.assignment())
                while len(found) < limit and await self._is_behind(consumer, ends):
                    found += await self._many(consumer, limit - len(found), 0.05)
        except TimeoutError:
            return
        except KafkaError:
            if not found:
                raise

    async def _is_behind(self, consumer: Any, ends: Mapping[TopicPartition, int]) -> bool:
        for partition, end in ends.items():
            if partition in self._marks and await consumer.position(partition) < end:
                return True
        return False

    async def _counted(self, consumer: Any) -> int:
        partitions = consumer.assignment()
        ends = await consumer.end_offsets(partitions)
        starts = await consumer.beginning_offsets(partitions)
        waiting = 0
        for partition in partitions:
            committed = await consumer.committed(partition)
            waiting += ends[partition] - max(committed or 0, starts[partition])
        return waiting

    async def _probe(self, consumer: Any) -> None:
        """Raise if the cluster is away: the driver itself goes on looking for it in silence."""
        if time.monotonic() - self._probed < _PROBE:
            return
        async with asyncio.timeout(PATIENCE):
            topics = await consumer.topics()
        if self._place.topic not in topics:
            await declare(self._place)
            raise StoreError("the topic was deleted; it is made again")
        self._probed = time.monotonic()

    def _delivery(self, mark: Watermark, record: Any) -> Delivery:
        mark.hand_out(record.offset)
        lease = f"{record.partition}.{record.offset}.{mark.epoch}"
        return Delivery(self._name, _parcel(record), 1, None, lease, 0.0)

    def _ours(self, leases: Iterable[str]) -> list[tuple[TopicPartition, Watermark, int]]:
        """Return those that were handed out since their partition was assigned, and are out."""
        found = []
        for lease in leases:
            number, offset, epoch = map(int, lease.split("."))
            partition = TopicPartition(self._place.topic, number)
            mark = self._marks.get(partition)
            if mark is not None and mark.epoch == epoch and mark.holds(offset):
                found.append((partition, mark, offset))
        return found


_LOST = (CommitFailedError, IllegalStateError)
"""The partition is no longer ours: whoever has it is handed again what was not committed."""


def _parcel(record: Any) -> Parcel:
    headers = dict(record.headers)
    packed = headers.get(HEADER)
    ours = unpack(packed) if packed is not None else None
    body = record.value or b""
    if ours is not None:
        return Parcel(ours[0], "", body, ours[1])
    # Offsets begin anew where a topic is made again: time and bytes tell the two apart.
    id_ = f"{record.partition}/{record.offset}/{record.timestamp}/{crc32(body):08x}"
    return foreign(id_, body, record.headers)
