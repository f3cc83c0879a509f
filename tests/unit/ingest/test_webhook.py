import asyncio
import json
from pathlib import Path

import pytest

from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.door import Door
from fluent_connect.ingest.verify.standard_webhooks import StandardWebhooks
from fluent_connect.ingest.webhook import PATH
from fluent_connect.model.fact import Received
from fluent_connect.queues.store import StoreError, Verdict
from unit.ingest.webhook_client import NOW, Client

SIGNED = Door(name="signed", schemes=[StandardWebhooks(["whsec_c2VjcmV0"]), ApiKey(["k"])])
SMALL = Door(name="default", schemes=[ApiKey(["k"])], body_limit=10)


async def test_an_accepted_body_is_stored_as_it_came(client: Client) -> None:
    headers = {"ce-id": "1", "traceparent": "00-a", "authorization": "secret"}
    answer = await client.post([b'{"a":', b"1}"], headers)
    outcome = client.store.writes[0].outcome
    parcel = outcome.puts[0].parcel
    assert answer.status == 202
    assert json.loads(answer.body) == {"id": parcel.id}
    assert answer.headers[b"content-length"] == str(len(answer.body)).encode()
    assert parcel.body == b'{"a":1}'
    assert parcel.headers == {
        "door": "default",
        "content-type": "application/json",
        "ce-id": "1",
        "traceparent": "00-a",
    }
    assert outcome.facts == (Received(parcel.id, "default", NOW, 7),)
    assert client.seen == [("default", 202)]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"method": "GET"}, 405),
        ({"path": PATH + "/nobody"}, 404),
        ({"path": "/"}, 404),
        ({"key": "wrong"}, 401),
        ({"headers": {"content-encoding": "gzip"}}, 415),
        ({"headers": {"content-type": "image/png"}}, 415),
    ],
)
async def test_the_senders_own_faults_never_touch_the_store(
    client: Client, options: dict[str, object], status: int
) -> None:
    answer = await client.post(**options)  # type: ignore[arg-type]
    assert answer.status == status
    assert client.read == 0
    assert not client.store.writes
    if status == 405:
        assert answer.headers[b"allow"] == b"POST"


@pytest.mark.parametrize(
    "content_type",
    ["Application/JSON; charset=utf-8", "application/cloudevents-batch+json", "text/plain", ""],
)
async def test_all_that_may_hold_json_is_taken(client: Client, content_type: str) -> None:
    assert (await client.post(b"x", {"content-type": content_type})).status == 202


async def test_too_large_is_refused_before_much_of_it_is_read() -> None:
    client = Client(SMALL)
    assert (await client.post(b"x" * 10)).status == 202
    announced = await client.post(b"x", {"content-length": "11"})
    assert (announced.status, client.read) == (413, 1)
    lying = await client.post([b"x" * 6] * 50, {"content-length": "3"})
    assert (lying.status, client.read) == (413, 3)
    assert lying.headers[b"connection"] == b"close"
    assert (await client.post(b"x" * 11)).status == 413
    assert (await client.post([b"x" * 6, b"x" * 6])).status == 413
    assert len(client.store.writes) == 1


async def test_a_slow_sender_is_told_so_and_others_are_served(client: Client) -> None:
    slow = asyncio.create_task(client.post([b"{", None]))
    silent = asyncio.create_task(client.post([None]))
    assert (await client.post()).status == 202
    answers = await asyncio.gather(slow, silent)
    assert [answer.status for answer in answers] == [408, 408]
    assert answers[0].headers[b"connection"] == b"close"


async def test_a_sender_that_leaves_is_not_answered(client: Client) -> None:
    assert (await client.post([b"GONE"])).status == 0
    assert (await client.post([b"{", b"GONE"])).status == 0
    assert client.seen == [("default", 499)] * 2


async def test_what_is_our_fault_is_asked_for_again(client: Client) -> None:
    client.store.hangs = True
    assert (await client.post()).status == 503
    client.store.hangs = False
    client.store.verdict = Verdict.REFUSED
    assert (await client.post()).status == 503
    client.store.error = StoreError("disk full")
    answer = await client.post()
    assert (answer.status, answer.headers[b"retry-after"]) == (503, b"5")
    client.store.error = RuntimeError("a bug")
    assert (await client.post()).status == 503


async def test_a_cancellation_from_outside_is_passed_on(client: Client) -> None:
    client.store.hangs = True
    for chunks in ([None], [b"{}"]):
        task = asyncio.create_task(client.post(chunks))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_while_draining_and_without_secret_the_sender_is_asked_to_return() -> None:
    assert (await Client(accepting=False).post()).status == 503
    bare = Client(Door(name="bare"))
    assert (await bare.post(path=PATH + "/bare")).status == 503
    assert (await bare.post()).status == 404


async def test_any_scheme_of_a_door_lets_in() -> None:
    client = Client(SIGNED)
    path = PATH + "/signed"
    assert (await client.post(path=path)).status == 202
    assert (await client.post(path=path, key="wrong")).status == 401


async def test_headers_that_a_mapping_reads_are_kept() -> None:
    client = Client(Door(name="default", schemes=[ApiKey(["k"])], keep=frozenset({"x-a", "x-b"})))
    await client.post(b"{}", {"x-a": "é"})
    assert client.store.writes[0].outcome.puts[0].parcel.headers["x-a"] == "é"


async def test_every_public_json_vector_is_accepted(client: Client, shared: Path) -> None:
    paths = sorted((shared / "vectors" / "json").glob("*.json"))
    assert len(paths) == 318
    for path in paths:
        assert (await client.post(path.read_bytes())).status == 202, path.name
    assert len(client.store.writes) == 318
