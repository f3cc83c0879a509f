"""Where the public vectors lie, and the door that they are sent through."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.door import Door
from fluent_connect.listener.ct_queue_listener import CTQueueListener
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.outcome import Fate
from fluent_connect.model.parcel import CT_QUEUE, Parcel
from fluent_connect.queues.retry import RetryPolicy
from fluent_connect.queues.store import Delivery
from unit.ingest.webhook_client import Answer, Client
from unit.listener.hearing import listener

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"
here = pytest.mark.skipif(not VECTORS.is_dir(), reason="the public vectors are not beside us")


def read(path: str) -> Any:
    """Return a file of vectors; nothing of it where they are not beside the checkout."""
    file = VECTORS / path
    return json.loads(file.read_bytes()) if file.is_file() else {}


def files(pattern: str) -> list[Path]:
    """Return the files of a pattern, in order."""
    return sorted(VECTORS.glob(pattern))


def keyed() -> Door:
    """Return a door that lets in whoever has the key of `Client.post`."""
    return Door(name="default", schemes=[ApiKey(["k"])])


class Passed:
    """What became of one body that was posted: the answer, and its parcel if it was stored."""

    def __init__(self, answer: Answer, client: Client) -> None:
        self.status = answer.status
        writes = client.store.writes
        self.parcel: Parcel | None = writes[0].outcome.puts[0].parcel if writes else None
        assert (self.parcel is not None) == (answer.status == 202)

    async def fate(self, station: CTQueueListener | None = None) -> Fate | None:
        """Return what becomes of the parcel at the listener, as the consumer would commit it."""
        assert self.parcel is not None
        delivery = Delivery(CT_QUEUE, self.parcel, 1, None, "lease", 0.0)
        try:
            outcome = await (station or listener())(delivery)
        except ConnectError as error:
            return RetryPolicy().next(delivery, error, now=0.0, chance=0.5, outage=False)
        return outcome.fate


async def post(
    body: bytes, headers: Mapping[str, str] = {}, client: Client | None = None, **how: Any
) -> Passed:
    """Return what became of a body that was posted at a door."""
    client = client or Client(keyed())
    client.store.writes.clear()
    return Passed(await client.post(body, headers, **how), client)
