"""Puts to RabbitMQ and takes from it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.rabbitmq.address import Address, address
from fluent_connect.queues.engines.rabbitmq.intake import Intake
from fluent_connect.queues.engines.rabbitmq.link import LOOK, Link
from fluent_connect.queues.engines.rabbitmq.publisher import Publisher, ReturnedError
from fluent_connect.queues.engines.rabbitmq.topology import declare, settle
from fluent_connect.queues.store import Capabilities, Delivery, Setting, StoreError, leases_by_queue

_CAPABILITIES = Capabilities(
    # A quorum writes each body to the log of every node: what is large stays in SQL.
    largest_body=1024 * 1024,
    longest_delay=0.0,
    keys="none",
    # The server ends a channel that acknowledges nothing for half an hour.
    longest_lease=1800.0,
    # Headers have to fit into one frame, of 128 KiB at most.
    largest_headers=64 * 1024,
    silence=LOOK,
)


async def open_broker(urls: Mapping[str, str]) -> "RabbitBroker":
    """Return the broker of these queues; it connects when it is first used."""
    return RabbitBroker({name: address(name, url) for name, url in urls.items()})


class RabbitBroker:
    """Queues on RabbitMQ: what is put is confirmed by a quorum, what is taken is acknowledged."""

    def __init__(self, places: Mapping[str, Address]) -> None:
        self._places = places
        servers = {place.server for place in places.values()}
        self._outward = {server: Link(server) for server in servers}
        self._inward = {server: Link(server) for server in servers}
        self._publishers: dict[str, Publisher] = {}
        self._opening = asyncio.Lock()
        self._kept: set[str] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._intakes = {
            name: Intake(self._inward[place.server], name, place.queue)
            for name, place in places.items()
        }

    @property
    def capabilities(self) -> Capabilities:
        """Return what RabbitMQ can do."""
        return _CAPABILITIES

    async def put(self, queue: str, *parcels: Parcel) -> Sequence[Exception | None]:
        """Return, for each parcel, None once a quorum keeps it, or why it does not."""
        place = self._places[queue]
        publisher = await self._publisher(place.server)
        try:
            errors = await publisher.put(place.queue, parcels)
        except BaseException:
            # Told to give up: what this channel did not confirm it may never confirm.
            self._abandon(place.server, publisher)
            raise
        if None in errors:
            self._kept.add(place.queue)
        if place.queue in self._kept and any(isinstance(each, ReturnedError) for each in errors):
            # It was there before: somebody deleted it. The journal knows what was in it.
            await declare(self._outward[place.server], place.queue)
            # Channels that knew the old queue go on talking to it, and are answered.
            self._abandon(place.server, publisher)
            self._intakes[queue].restart()
        return errors

    async def take(self, queue: str, limit: int, wait: float) -> Sequence[Delivery]:
        """Return up to `limit` deliveries; they are ours until the channel ends."""
        return await self._intakes[queue].take(limit, wait)

    async def ack(self, *deliveries: Delivery) -> None:
        """Have the broker forget these."""
        for queue, leases in leases_by_queue(deliveries).items():
            await self._intakes[queue].ack(leases)

    async def release(self, *deliveries: Delivery) -> None:
        """Have the broker hand these out again; after 50 times in vain they are dead there."""
        for queue, leases in leases_by_queue(deliveries).items():
            await self._intakes[queue].release(leases)

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        """Tell which are still ours: as long as the channel lives."""
        return [self._intakes[each.queue].holds(each.lease) for each in deliveries]

    async def depth(self, queue: str) -> int | None:
        """Return how many wait."""
        return await self._intakes[queue].depth()

    async def settle(self, *, change: bool) -> Sequence[Setting]:
        """Return how the queues stand; `change`: make those that are missing, first."""
        found: list[Setting] = []
        for name, place in self._places.items():
            found += await settle(self._outward[place.server], name, place.queue, change=change)
        return found

    async def close(self) -> None:
        """Let go of all connections."""
        for intake in self._intakes.values():
            await intake.close()
        await asyncio.gather(*self._closing)
        for link in (*self._outward.values(), *self._inward.values()):
            with suppress(StoreError):
                await link.close()

    async def _publisher(self, server: str) -> Publisher:
        async with self._opening:
            publisher = self._publishers.get(server)
            if publisher is None or publisher.is_closed:
                publisher = await Publisher.open(self._outward[server])
                self._publishers[server] = publisher
            return publisher

    def _abandon(self, server: str, publisher: Publisher) -> None:
        """Put by another channel from now on."""
        if self._publishers.get(server) is publisher:
            del self._publishers[server]
        closing = asyncio.create_task(publisher.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
