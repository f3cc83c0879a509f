"""commercetools fills the ct-queue itself, on SQS; the Event Queue lives on Kafka."""

from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from e2e.harness import Books, Connector, change, configure
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE
from fluent_connect.queues.engines.sqs import open_broker
from fluent_connect.sandbox.servers import Sandbox
from peers import kafka, sqs

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sqs.why_not() is not None, reason=str(sqs.why_not())),
]
_AWS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


async def test_what_commercetools_puts_on_sqs_reaches_fluent_over_kafka(
    sandbox: Sandbox, environ: dict[str, str], tmp_path: Path
) -> None:
    name = f"e2e-{uuid4().hex[:12]}"
    filled = sqs.urls(name, CT_QUEUE)
    places = filled | kafka.urls(name, EVENT_QUEUE, partitions=4)
    broker = await open_broker(filled)
    await broker.settle(change=True)
    link = broker._link(broker._places[CT_QUEUE])
    client, url = await link.client(), await link.url(broker._places[CT_QUEUE])
    customers = [each["id"] for each in sandbox.commercetools.project.scan("customer")]
    for id_ in (*customers, customers[0]):
        body = msgspec.json.encode(change("customer", id_)).decode()
        await client.send_message(QueueUrl=url, MessageBody=body)
    config = configure(
        tmp_path / "config",
        queues={queue: {"url": each} for queue, each in places.items()},
    )
    async with Connector(tmp_path / "data", {**environ, **_AWS}, config=config) as connector:
        ledger = await connector.settled(len(customers) + 1)
    events = Books(tmp_path / "data").events()
    assert {each.resource for each in events} == set(customers)
    assert {each.state for each in events} == {"done"}
    assert (ledger.unaccounted, ledger.repeats) == (0, 1)
    made = {one["username"] for one in sandbox.fluent.entities.listing("customer")}
    assert set(customers) <= made
    await broker.close()
    await sqs.clear(filled)
