"""The client of one region, and the URLs of the queues that it has found."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import cache
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session
from botocore.exceptions import BotoCoreError, ClientError

from fluent_connect.queues.engines.sqs.address import Address
from fluent_connect.queues.store import StoreError

LONGEST_POLL = 20
"""Seconds that SQS holds a call."""
_ABSENT = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
_FAILURES = (ClientError, BotoCoreError, OSError)
_SETTINGS = AioConfig(
    connect_timeout=5,
    read_timeout=LONGEST_POLL + 10,
    retries={"mode": "standard", "max_attempts": 2},
    max_pool_connections=32,
)


@cache
def _session() -> AioSession:
    """Return the session that has read the models of AWS, once for all clients."""
    return get_session()


class AbsentError(StoreError):
    """There is no such queue."""


@contextmanager
def failing(doing: str) -> Iterator[None]:
    """Raise what the client raises as StoreError."""
    try:
        yield
    except ClientError as error:
        code, text = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        kind = AbsentError if code in _ABSENT else StoreError
        raise kind(f"{doing}: {code}: {text}") from error
    except _FAILURES as error:
        raise StoreError(f"{doing}: {str(error) or type(error).__name__}") from error


class Link:
    """The client for all queues of one region and endpoint; made when it is first used."""

    def __init__(self, region: str | None, endpoint: str | None) -> None:
        self._region = region
        self._endpoint = endpoint
        self._client: Any = None
        self._urls: dict[Address, str] = {}
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()

    async def client(self) -> Any:
        """Return the client."""
        async with self._opening:
            if self._client is None:
                made = _session().create_client(
                    "sqs", region_name=self._region, endpoint_url=self._endpoint, config=_SETTINGS
                )
                self._client = await self._stack.enter_async_context(made)
            return self._client

    async def url(self, place: Address) -> str:
        """Return the queue's URL. Raise AbsentError if there is no such queue."""
        found = self._urls.get(place)
        if found is None:
            owner = {"QueueOwnerAWSAccountId": place.account} if place.account else {}
            with failing(f"find {place.queue}"):
                client = await self.client()
                told = await client.get_queue_url(QueueName=place.queue, **owner)
            found = self._urls[place] = str(told["QueueUrl"])
        return found

    def forget(self, place: Address) -> bool:
        """Look for the queue anew; say whether it was there before."""
        return self._urls.pop(place, None) is not None

    async def close(self) -> None:
        """Let go of the connections."""
        self._client = None
        await self._stack.aclose()
