import json

import pytest

from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.door import Door
from fluent_connect.ingest.verify.hmac_body import HmacBody, HmacForm
from fluent_connect.ingest.verify.published import Published
from fluent_connect.ingest.verify.query_secret import QuerySecret
from fluent_connect.ingest.verify.sns import Sns, SnsForm
from unit.ingest.signers import NOW, TOPIC, published, sns
from unit.ingest.webhook_client import Client

ORIGIN = {"webhook-request-origin": "eventgrid.azure.net", "webhook-request-rate": "120"}
VALIDATION = {"aeg-event-type": "SubscriptionValidation"}
EVENT = [
    {
        "id": "1",
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": 'a"b', "validationUrl": "https://never.example/called"},
    }
]


def door(**more: object) -> Door:
    return Door(name="default", schemes=[ApiKey(["k"])], **more)  # type: ignore[arg-type]


async def test_a_sender_that_has_proven_itself_may_send() -> None:
    answer = await Client().post(headers=ORIGIN, method="OPTIONS")
    assert answer.status == 200
    assert answer.headers[b"webhook-allowed-origin"] == b"eventgrid.azure.net"
    assert answer.headers[b"webhook-allowed-rate"] == b"*"
    assert answer.headers[b"allow"] == b"POST"
    assert answer.body == b""
    without = {"webhook-request-origin": "eventgrid.azure.net"}
    answer = await Client().post(headers=without, method="OPTIONS")
    assert b"webhook-allowed-rate" not in answer.headers


async def test_a_handshake_is_no_way_around_the_proof() -> None:
    client = Client()
    assert (await client.post(headers=ORIGIN, method="OPTIONS", key="wrong")).status == 401
    signed = Client(Door(name="default", schemes=[HmacBody(["s"], HmacForm())]))
    assert (await signed.post(headers=ORIGIN, method="OPTIONS")).status == 401
    body = json.dumps(EVENT).encode()
    assert (await client.post(body, VALIDATION, key="wrong")).status == 401
    assert (await Client(Door(name="default")).post(headers=ORIGIN, method="OPTIONS")).status == 503


async def test_a_handshake_may_be_open_and_what_is_sent_is_not() -> None:
    client = Client(door(open_handshake=True))
    assert (await client.post(headers=ORIGIN, method="OPTIONS", key="wrong")).status == 200
    body = json.dumps(EVENT).encode()
    assert (await client.post(body, VALIDATION, key="wrong")).status == 200
    assert (await client.post(b"[{}]", VALIDATION, key="wrong")).status == 401
    assert (await client.post(body, key="wrong")).status == 401
    assert not client.store.writes


async def test_origins_may_be_listed() -> None:
    client = Client(door(origins=["EventGrid.azure.net"]))
    assert (await client.post(headers=ORIGIN, method="OPTIONS")).status == 200
    other = {"webhook-request-origin": "evil.example"}
    assert (await client.post(headers=other, method="OPTIONS")).status == 405


@pytest.mark.parametrize("origin", ["", " ", "é", "a" * 513, "a\x00b"])
async def test_options_that_ask_for_nothing_are_no_handshake(origin: str) -> None:
    headers = {"webhook-request-origin": origin}
    assert (await Client().post(headers=headers, method="OPTIONS")).status == 405
    assert (await Client().post(method="OPTIONS")).status == 405


async def test_event_grid_is_told_its_code_and_nothing_is_stored_or_fetched() -> None:
    client = Client()
    answer = await client.post(json.dumps(EVENT).encode(), VALIDATION)
    assert answer.status == 200
    assert json.loads(answer.body) == {"validationResponse": 'a"b'}
    assert answer.headers[b"content-type"] == b"application/json"
    assert not client.store.writes
    assert client.confirmed == []


async def test_event_grid_may_prove_itself_in_the_query() -> None:
    client = Client(Door(name="default", schemes=[QuerySecret(["s"], "code")]))
    body = json.dumps(EVENT).encode()
    assert (await client.post(body, VALIDATION, query="code=s")).status == 200
    assert (await client.post(headers=ORIGIN, method="OPTIONS", query="code=s")).status == 200
    assert (await client.post(body, VALIDATION, query="code=x")).status == 401
    assert (await client.post(b"[]", query="code=s")).status == 202


@pytest.mark.parametrize(
    "event",
    [[], [EVENT[0], EVENT[0]], EVENT[0], [{**EVENT[0], "eventType": "Other"}], [{"data": {}}], 1],
)
async def test_what_only_claims_to_be_a_validation_is_stored(event: object) -> None:
    client = Client()
    assert (await client.post(json.dumps(event).encode(), VALIDATION)).status == 202
    assert len(client.store.writes) == 1
    assert (await client.post(b"\xff", VALIDATION)).status == 202


def snsed(known: Published | None = None) -> Client:
    return Client(
        Door(
            name="default",
            schemes=[Sns(SnsForm(topics=[TOPIC]), known or published()), ApiKey(["k"])],
        )
    )


async def test_a_subscription_of_a_listed_topic_is_confirmed_later_and_stored() -> None:
    client = snsed()
    message = sns("SubscriptionConfirmation")
    answer = await client.post(json.dumps(message).encode(), key="")
    assert answer.status == 202
    assert client.confirmed == [message["SubscribeURL"]]
    assert len(client.store.writes) == 1


async def test_nothing_is_confirmed_that_sns_did_not_sign() -> None:
    client = snsed()
    message = sns("SubscriptionConfirmation")
    for change in ({"TopicArn": TOPIC + "x"}, {"Token": "u"}, {"Type": "Notification"}):
        body = json.dumps({**message, **change}).encode()
        assert (await client.post(body, key="")).status == 401
        assert (await client.post(body, key="k")).status == 202
    other = sns("SubscriptionConfirmation", SubscribeURL="https://evil.example/?x")
    assert (await client.post(json.dumps(other).encode(), key="")).status == 202
    for kind in ("Notification", "UnsubscribeConfirmation"):
        assert (await client.post(json.dumps(sns(kind)).encode(), key="")).status == 202
    assert client.confirmed == []


async def test_a_confirmation_waits_for_the_certificate() -> None:
    client = snsed(Published())
    body = json.dumps(sns("SubscriptionConfirmation", at=NOW)).encode()
    for key in ("", "k"):
        answer = await client.post(body, key=key)
        assert answer.status == 503
        assert answer.headers[b"retry-after"] == b"30"
        assert b"certificate" in answer.body
    assert not client.store.writes
