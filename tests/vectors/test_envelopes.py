"""Envelopes of Event Grid, Pub/Sub and EventBridge as others published them, through the HTTP door.

Their payloads are no notifications: each is sent as it is, and once more with one of ours inside.
"""

import base64
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fluent_connect.model.outcome import Dead, Done
from vectors.origins import here, post, read
from vectors.skipped import SKIPPED

pytestmark = here
_OURS = {
    "notificationType": "Message",
    "projectKey": "shop",
    "id": "m-1",
    "type": "OrderCreated",
    "resource": {"typeId": "order", "id": "o-1"},
    "resourceVersion": 1,
    "sequenceNumber": 1,
    "version": 1,
}
_BASE64 = base64.b64encode(json.dumps(_OURS).encode()).decode()
_PLAIN = {"content-type": "application/json"}
_EVENT = {"content-type": "application/cloudevents+json; charset=utf-8"}
_BATCH = {"content-type": "application/cloudevents-batch+json; charset=utf-8"}


def _data(body: Any) -> None:
    """Put one of ours in the place of what the envelope holds."""
    for event in body if isinstance(body, list) else [body]:
        if "data_base64" in event:
            event["data_base64"] = _BASE64
        elif "detail" in event:
            event["detail"] = _OURS
        elif "message" in event:
            event["message"]["data"] = _BASE64
        elif "message" in event["data"]:
            event["data"]["message"]["data"] = _BASE64
        else:
            event["data"] = _OURS


def _envelopes() -> Iterator[Any]:
    """Yield each envelope with its name, its headers, and how many notifications it can hold."""
    folder = "eventgrid-pubsub"
    single = {
        "EventGridEventNoArray": _PLAIN,
        "eventgrid-cloudevent-single": _EVENT,
        "eventbridge-partner-auth0": _PLAIN,
        "eventbridge-partner-salesforce": _PLAIN,
        "pubsub-push-sample_message": _PLAIN,
        "pubsub_text-cloudevent-input": _EVENT,
        "pubsub_binary-cloudevent-input": _EVENT,
        "legacy_pubsub-cloudevent-input": _EVENT,
        "pubsub_text-cloudevent-output": _EVENT,
        "pubsub_binary-cloudevent-output": _EVENT,
    }
    for name, headers in single.items():
        yield pytest.param(read(f"{folder}/{name}.json"), headers, 1, id=name)
    several = read(f"{folder}/MultipleEventsInSameBatch.json")
    yield pytest.param(several, _PLAIN, 4, id="MultipleEventsInSameBatch")
    for case in read(f"{folder}/pubsub-push-envelopes.json").get("cases", ()):
        yield pytest.param(case["body"], _PLAIN, 1, id=f"push-{case['id']}")
    for name, event in read(f"{folder}/azure-python-mocks.json").items():
        if name != "origin":
            yield pytest.param(event, _EVENT if "specversion" in event else _PLAIN, 1, id=name)
    for entry in read(f"{folder}/azure-python-recording-cloud-event-batch.json").get("Entries", ()):
        yield pytest.param(json.loads(entry["RequestBody"]), _BATCH, 1, id="recorded-batch")


@pytest.mark.parametrize(("body", "headers", "count"), list(_envelopes()))
async def test_an_envelope_is_opened(body: Any, headers: dict[str, str], count: int) -> None:
    as_it_is = await post(json.dumps(body).encode(), headers)
    assert as_it_is.status == 202
    if count == 1:
        fate = await as_it_is.fate()
        assert isinstance(fate, Dead)
        assert (
            "not a notification" in fate.reason
            or "no envelope" in fate.reason
            or ("not JSON" in fate.reason)
        ), fate.reason
    ours = copy.deepcopy(body)
    _data(ours)
    passed = await post(json.dumps(ours).encode(), headers)
    assert await passed.fate() == Done("1 message" if count == 1 else f"{count} parts")


@pytest.mark.parametrize(
    "case", read("eventgrid-pubsub/pubsub-push-envelopes.json").get("cases", ())
)
def test_what_is_pushed_is_the_published_text(case: dict[str, Any]) -> None:
    from fluent_connect.listener.envelopes import _opened

    inner = _opened(json.dumps(case["body"]).encode())
    assert inner == case["expected_data_text"].encode()


@pytest.mark.parametrize("name", ["pubsub_text-legacy-input", "legacy_pubsub-legacy-input"])
async def test_what_only_looks_like_a_push_is_none(name: str) -> None:
    body = read(f"eventgrid-pubsub/{name}.json")
    body["data"]["data"] = _BASE64
    fate = await (await post(json.dumps(body).encode(), _PLAIN)).fate()
    assert isinstance(fate, Dead)
    assert "no envelope" in fate.reason


async def test_event_grid_is_answered_as_published() -> None:
    event = read("eventgrid-pubsub/eventgrid-subscription-validation.json")
    wanted = read("eventgrid-pubsub/eventgrid-subscription-validation-response.json")
    from unit.ingest.webhook_client import Client
    from vectors.origins import keyed

    headers = {"aeg-event-type": "SubscriptionValidation", **_PLAIN}
    answer = await Client(keyed()).post(json.dumps(event).encode(), headers)
    assert answer.status == 200
    assert json.loads(answer.body) == wanted


async def test_an_empty_subject_is_no_subject() -> None:
    assert "eventgrid/CloudEventBinaryData" in SKIPPED
    body = read("eventgrid-pubsub/CloudEventBinaryData.json")
    fate = await (await post(json.dumps(body).encode(), _BATCH)).fate()
    assert isinstance(fate, Dead)
    assert "subject" in fate.reason
    body[0]["subject"] = "item"
    _data(body)
    assert await (await post(json.dumps(body).encode(), _BATCH)).fate() == Done("1 message")


_WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "pubsub": lambda inner: {
        "message": {"data": base64.b64encode(json.dumps(inner).encode()).decode()},
        "subscription": "s",
    },
    "sns": lambda inner: {"Type": "Notification", "TopicArn": "a", "Message": json.dumps(inner)},
    "eventbridge": lambda inner: {"detail-type": "t", "source": "s", "detail": inner},
    "eventgrid": lambda inner: [{"eventType": "t", "subject": "s", "data": inner}],
    "cloudevents": lambda inner: {
        "specversion": "1.0",
        "id": "1",
        "source": "s",
        "type": "t",
        "data": inner,
    },
}


@pytest.mark.parametrize("outer", _WRAPPERS)
@pytest.mark.parametrize("second", _WRAPPERS)
async def test_envelopes_nest_to_a_depth_of_four(outer: str, second: str) -> None:
    names = [outer, second, "sns", "pubsub"]
    if names.count("eventgrid") > 1:
        return  # A batch in a batch is none.
    body: Any = _OURS
    for name in reversed(names):
        body = _WRAPPERS[name](body)
    assert await (await post(json.dumps(body).encode())).fate() == Done("1 message")
    deeper = _WRAPPERS["pubsub"](body)
    fate = await (await post(json.dumps(deeper).encode())).fate()
    assert isinstance(fate, Dead)
    assert "wrapped more than 4 times" in fate.reason or "batch in a batch" in fate.reason
