"""Puts to SQS and takes from it, ten at a time."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.engines.sqs.address import Address, address
from fluent_connect.queues.engines.sqs.link import LONGEST_POLL, AbsentError, Link, failing
from fluent_connect.queues.engines.sqs.messages import BATCH, LARGEST_PARCEL, calls, entry, parcel
from fluent_connect.queues.engines.sqs.topology import VISIBILITY, settle
from fluent_connect.queues.store import Capabilities, Delivery, Setting, StoreError, leases_by_queue

_CAPABILITIES = Capabilities(
    largest_body=LARGEST_PARCEL,
    longest_delay=900.0,
    keys="affinity",
    longest_lease=12 * 3600.0,
    text_only=True,
)
_LATE = frozenset({"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"})
"""What SQS says of a message that is no longer ours: it comes again, and is dropped."""


async def open_broker(urls: Mapping[str, str]) -> "SqsBroker":
    """Return the broker of these queues; it connects when it is first used."""
    return SqsBroker({name: address(name, url) for name, url in urls.items()})


class SqsBroker:
    """Queues on Amazon SQS. A message that is received stays ours for half a minute."""

    def __init__(self, places: Mapping[str, Address]) -> None:
        self._places = places
        regions = {(place.region, place.endpoint) for place in places.values()}
        self._links = {each: Link(*each) for each in regions}

    @property
    def capabilities(self) -> Capabilities:
        """Return what SQS can do."""
        return _CAPABILITIES

    async def put(self, queue: str, *parcels: Parcel) -> Sequence[Exception | None]:
        """Return, for each parcel, None once SQS keeps it, or why it does not."""
        errors: list[Exception | None] = [None] * len(parcels)
        place = self._places[queue]
        batches = list(calls(parcels))
        async with self._there(queue):
            if place.fifo:
                # One after the other: those of one lane arrive as they were put.
                for batch in batches:
                    await self._send(place, parcels, batch, errors)
            else:
                await asyncio.gather(
                    *(self._send(place, parcels, batch, errors) for batch in batches)
                )
        return errors

    async def take(self, queue: str, limit: int, wait: float) -> Sequence[Delivery]:
        """Return up to `limit` deliveries, ours for half a minute; wait for the first."""
        async with self._there(queue):
            found = await self._receive(queue, limit, int(min(wait, LONGEST_POLL)))
            calls = (limit - len(found)) // BATCH
            if len(found) == BATCH and calls:
                more = await asyncio.gather(*(self._receive(queue, BATCH, 0) for _ in range(calls)))
                found += [each for some in more for each in some]
        if not found and 0 < wait < 1:
            await asyncio.sleep(wait)
        return found

    async def ack(self, *deliveries: Delivery) -> None:
        """Have SQS forget these; what it does not forget comes again, and is dropped."""
        await self._on_each("delete_message_batch", deliveries)

    async def release(self, *deliveries: Delivery) -> None:
        """Have SQS hand these out again; after 50 times in vain they go to its dead letters."""
        await self._on_each("change_message_visibility_batch", deliveries, VisibilityTimeout=0)

    async def renew(self, *deliveries: Delivery) -> Sequence[bool]:
        """Keep these for another half minute; False: no longer ours."""
        lost = await self._on_each(
            "change_message_visibility_batch", deliveries, VisibilityTimeout=VISIBILITY
        )
        return [each.lease not in lost for each in deliveries]

    async def depth(self, queue: str) -> int | None:
        """Return about how many wait or are being taken."""
        place = self._places[queue]
        link = self._link(place)
        names = [f"ApproximateNumberOfMessages{end}" for end in ("", "NotVisible", "Delayed")]
        async with self._there(queue):
            with failing(f"look at {place.queue}"):
                client = await link.client()
                told = await client.get_queue_attributes(
                    QueueUrl=await link.url(place), AttributeNames=names
                )
        return sum(int(told["Attributes"][name]) for name in names)

    async def settle(self, *, change: bool) -> Sequence[Setting]:
        """Return how the queues stand; `change`: make those that are missing, mend the others."""
        found: list[Setting] = []
        for name, place in self._places.items():
            found += await settle(self._link(place), name, place, change=change)
        return found

    async def close(self) -> None:
        """Let go of the connections."""
        for link in self._links.values():
            await link.close()

    @asynccontextmanager
    async def _there(self, queue: str) -> AsyncIterator[None]:
        """Make a queue again that was there before, and is gone: the journal has what was in it."""
        place = self._places[queue]
        link = self._link(place)
        try:
            yield
        except AbsentError as error:
            if not link.forget(place):
                raise StoreError(f"{error}: fluent-connect queues ensure") from error
            await settle(link, queue, place, change=True)
            raise StoreError(f"the queue {place.queue} was deleted; it is made again") from error

    def _link(self, place: Address) -> Link:
        return self._links[place.region, place.endpoint]

    async def _send(
        self,
        place: Address,
        parcels: Sequence[Parcel],
        batch: Sequence[int],
        errors: list[Exception | None],
    ) -> None:
        link = self._link(place)
        entries = [entry(number, parcels[number], fifo=place.fifo) for number in batch]
        try:
            with failing(f"put on {place.queue}"):
                client = await link.client()
                answer = await client.send_message_batch(
                    QueueUrl=await link.url(place), Entries=entries
                )
        except AbsentError:
            raise
        except StoreError as error:
            errors[batch[0] : batch[-1] + 1] = [error] * len(batch)
            return
        for each in answer.get("Failed", ()):
            told = f"{each.get('Code')}: {each.get('Message')}"
            errors[int(each["Id"])] = StoreError(f"not kept: {told}")

    async def _receive(self, queue: str, limit: int, wait: int) -> list[Delivery]:
        place = self._places[queue]
        link = self._link(place)
        with failing(f"take from {place.queue}"):
            client = await link.client()
            answer = await client.receive_message(
                QueueUrl=await link.url(place),
                MaxNumberOfMessages=min(BATCH, limit),
                WaitTimeSeconds=wait,
                VisibilityTimeout=VISIBILITY,
                MessageAttributeNames=["All"],
            )
        return [_delivery(queue, each) for each in answer.get("Messages", ())]

    async def _on_each(
        self, call: str, deliveries: Sequence[Delivery], **said: object
    ) -> frozenset[str]:
        """Say one thing about all deliveries; return the leases that SQS knows no longer."""
        asked = [
            self._on_some(call, queue, leases[start : start + BATCH], said)
            for queue, leases in leases_by_queue(deliveries).items()
            for start in range(0, len(leases), BATCH)
        ]
        return frozenset(lease for lost in await asyncio.gather(*asked) for lease in lost)

    async def _on_some(
        self, call: str, queue: str, leases: Sequence[str], said: Mapping[str, object]
    ) -> list[str]:
        place = self._places[queue]
        link = self._link(place)
        entries = [{"Id": str(n), "ReceiptHandle": lease, **said} for n, lease in enumerate(leases)]
        async with self._there(queue):
            with failing(f"answer to {place.queue}"):
                client = await link.client()
                answer = await getattr(client, call)(
                    QueueUrl=await link.url(place), Entries=entries
                )
        failed: Sequence[Mapping[str, Any]] = answer.get("Failed", ())
        worse = [each for each in failed if each.get("Code") not in _LATE]
        if worse:
            told = f"{worse[0].get('Code')}: {worse[0].get('Message')}"
            raise StoreError(f"{len(worse)} of {len(leases)} not answered: {told}")
        return [leases[int(each["Id"])] for each in failed]


def _delivery(queue: str, message: Mapping[str, Any]) -> Delivery:
    return Delivery(queue, parcel(message), 1, None, message["ReceiptHandle"], 0.0)
