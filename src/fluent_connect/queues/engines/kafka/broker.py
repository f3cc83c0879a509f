"""Puts to Kafka and takes from it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaProducer

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.kafka.address import Address, Server, address
from fluent_connect.queues.engines.kafka.intake import HEADER, Intake
from fluent_connect.queues.engines.kafka.link import FAILURES, failing, told
from fluent_connect.queues.engines.kafka.topology import settle
from fluent_connect.queues.label import pack
from fluent_connect.queues.store import Capabilities, Delivery, Setting, StoreError, leases_by_queue

_LARGEST_REQUEST = 1024 * 1024
_CAPABILITIES = Capabilities(
    # A topic takes 1,048,588 bytes by default, what the protocol adds included.
    largest_body=1_000_000,
    longest_delay=0.0,
    keys="affinity",
    longest_lease=300.0,
)


async def open_broker(urls: Mapping[str, str]) -> "KafkaBroker":
    """Return the broker of these queues; it connects when it is first used."""
    return KafkaBroker({name: address(name, url) for name, url in urls.items()})


class KafkaBroker:
    """Queues on Kafka: a put is confirmed by all replicas in sync, a lane stays in a partition."""

    def __init__(self, places: Mapping[str, Address]) -> None:
        self._places = places
        self._intakes = {name: Intake(name, place) for name, place in places.items()}
        self._producers: dict[Server, Any] = {}
        self._opening = asyncio.Lock()

    @property
    def capabilities(self) -> Capabilities:
        """Return what Kafka can do."""
        return _CAPABILITIES

    async def put(self, queue: str, *parcels: Parcel) -> Sequence[Exception | None]:
        """Return, for each parcel, None once all replicas in sync keep it, or why they do not."""
        place = self._places[queue]
        with failing(f"put on {place.topic}"):
            producer = await self._producer(place.server)
        answers = await asyncio.gather(*(_send(producer, place.topic, each) for each in parcels))
        if any(answers):
            # After an error of an idempotent producer its numbers no longer agree.
            await self._drop(place.server)
        return answers

    async def take(self, queue: str, limit: int, wait: float) -> Sequence[Delivery]:
        """Return up to `limit` deliveries; they are ours as long as their partition is."""
        return await self._intakes[queue].take(limit, wait)

    async def ack(self, *deliveries: Delivery) -> None:
        """Have the group never be handed these again, once all before them are acknowledged."""
        for queue, leases in leases_by_queue(deliveries).items():
            await self._intakes[queue].ack(leases)

    async def release(self, *deliveries: Delivery) -> None:
        """Have the group be handed these, and all after them, again."""
        for queue, leases in leases_by_queue(deliveries).items():
            await self._intakes[queue].release(leases)

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        """Tell which are still ours; the driver keeps our place in the group."""
        return [self._intakes[each.queue].holds(each.lease) for each in deliveries]

    async def depth(self, queue: str) -> int | None:
        """Return how many of this process's partitions wait."""
        return await self._intakes[queue].depth()

    async def settle(self, *, change: bool) -> Sequence[Setting]:
        """Return how the topics stand; `change`: make those that are missing, first."""
        found: list[Setting] = []
        for name, place in self._places.items():
            found += await settle(name, place, change=change)
        return found

    async def close(self) -> None:
        """Leave the groups, and let go of all connections."""
        for intake in self._intakes.values():
            await intake.close()
        for server in list(self._producers):
            await self._drop(server)

    async def _producer(self, server: Server) -> Any:
        async with self._opening:
            producer = self._producers.get(server)
            if producer is None:
                producer = AIOKafkaProducer(
                    **server.settings(),
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=_LARGEST_REQUEST,
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producers[server] = producer
            return producer

    async def _drop(self, server: Server) -> None:
        producer = self._producers.pop(server, None)
        if producer is not None:
            with suppress(*FAILURES):
                await producer.stop()


async def _send(producer: Any, topic: str, parcel: Parcel) -> Exception | None:
    try:
        await producer.send_and_wait(
            topic,
            parcel.body,
            key=(parcel.key or parcel.id).encode(),
            headers=[(HEADER, pack(parcel))],
        )
    except FAILURES as error:
        return StoreError(f"not kept: {told(error)}")
    return None
