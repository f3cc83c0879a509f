"""The conformance suite of CloudEvents through the HTTP door: events, batches, binary mode."""

import json
from datetime import datetime
from typing import Any

import pytest

from fluent_connect.listener.cloud_events import CloudEvent, binary, is_binary, structured
from fluent_connect.model.outcome import Dead, Done, Skipped
from vectors.origins import Passed, here, post, read
from vectors.skipped import SKIPPED

pytestmark = here
_CORE = {"specversion": "1.0", "type": "io.cloudevents.test", "source": "https://cloudevents.io"}
_TIME = "2018-04-05T17:31:00Z"
_GOLDEN: dict[str, dict[str, object]] = {
    "minimal": {},
    "minimalWithTime": {"time": _TIME},
    "minimalWithRelativeSource": {"source": "#fragment"},
    "allCore": {
        "datacontenttype": "text/plain",
        "dataschema": "https://cloudevents.io/dataschema",
        "subject": "tests",
        "time": _TIME,
    },
    "simpleTextData": {"datacontenttype": "text/plain"},
    "allExtensionTypes": {
        "extinteger": 10,
        "extboolean": True,
        "extstring": "text",
        "extbinary": "TWE=",
        "exttimestamp": "2023-03-31T15:12:00Z",
        "exturi": "https://cloudevents.io",
        "exturiref": "//authority/path",
    },
}
_BATCHES = {
    "empty": [],
    "minimal": ["minimal"],
    "minimal2": ["minimal", "minimal"],
    "minimalAndAllCore": ["minimal", "allCore"],
    "minimalAndAllExtensionTypes": ["minimal", "allExtensionTypes"],
}
_STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
_BATCHED = {"content-type": "application/cloudevents-batch+json"}


def cases(name: str) -> list[Any]:
    """Return the cases of a file, each with its id."""
    return [
        pytest.param(each, id=each["id"])
        for each in read(f"cloudevents/{name}.json").get("tests", ())
    ]


def assert_golden(event: CloudEvent, sample: str) -> None:
    """Compare with the event that a sample's name stands for; times as instants."""
    wanted = {**_CORE, "id": sample, **_GOLDEN[sample]}
    told = dict(event.attributes)
    if "time" in wanted:
        moment = datetime.fromisoformat(str(told.pop("time")))
        assert moment == datetime.fromisoformat(str(wanted.pop("time")))
    assert told == wanted
    assert event.data == (b'"Simple text"' if sample == "simpleTextData" else None)


def stored(passed: Passed) -> bytes:
    """Return what the door stored."""
    assert passed.parcel is not None
    return passed.parcel.body


@pytest.mark.parametrize("case", cases("valid-events"))
async def test_a_valid_event_is_read(case: dict[str, Any]) -> None:
    passed = await post(json.dumps(case["event"]).encode(), _STRUCTURED)
    assert_golden(structured(stored(passed)), case["sampleId"])


@pytest.mark.parametrize("case", cases("invalid-events"))
async def test_an_invalid_event_is_stored_and_ends_dead(case: dict[str, Any]) -> None:
    """The data is one of ours where there is none: only what is wrong may spoil the event."""
    event = {"data": {"notificationType": "Event"}, **case["event"]}
    passed = await post(json.dumps(event).encode(), _STRUCTURED)
    fate = await passed.fate()
    assert isinstance(fate, Dead)
    assert ("CloudEvent" in fate.reason) == (case["id"] != "invalidNoSpecVersion")


@pytest.mark.parametrize("case", cases("valid-batches"))
async def test_a_valid_batch_is_split(case: dict[str, Any]) -> None:
    passed = await post(json.dumps(case["batch"]).encode(), _BATCHED)
    samples = _BATCHES[case["sampleId"]]
    for event, sample in zip(json.loads(stored(passed)), samples, strict=True):
        assert_golden(structured(json.dumps(event).encode()), sample)
    fate = await passed.fate()
    if not samples:
        assert fate == Skipped("empty batch")
    elif len(samples) > 1:
        assert fate == Done(f"{len(samples)} parts")


@pytest.mark.parametrize("case", cases("invalid-batches"))
async def test_an_invalid_batch_ends_dead_as_a_whole(case: dict[str, Any]) -> None:
    passed = await post(json.dumps(case["batch"]).encode(), _BATCHED)
    fate = await passed.fate()
    assert isinstance(fate, Dead)
    assert "CloudEvent" in fate.reason or "no object" in fate.reason


_BINDINGS = [
    pytest.param(each, id=each["id"])
    for each in read("cloudevents/binding-feature-cases.json").get("cases", ())
    if f"cloudevents/binding/{each['id']}" not in SKIPPED
]


@pytest.mark.parametrize("case", _BINDINGS)
async def test_bindings(case: dict[str, Any]) -> None:
    """Those of Kafka that are structured hold the same body: they go through the door too."""
    headers = {name.lower(): value for name, value in case["headers"]}
    body = case.get("body", case.get("value", "")).encode()
    passed = await post(body, headers)
    assert passed.parcel is not None
    kept = passed.parcel.headers
    event = binary(kept, passed.parcel.body) if is_binary(kept) else structured(passed.parcel.body)
    assert dict(event.attributes) == case["expected_attributes"]
    assert event.data is not None
    assert json.loads(event.data) == case["expected_data"]
