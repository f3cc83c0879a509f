"""What carries a notification on its way to us, and how it is taken out.

A body is looked at once without decoding what it holds. Wrappers may stand in each other.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from fluent_connect.listener.cloud_events import CloudEvent, binary, is_binary, structured
from fluent_connect.model.errors import MalformedError, Skip

DEEPEST = 4
MOST_PARTS = 10_000
_CONFIRMATIONS = {
    "SubscriptionConfirmation": "the door that verified it confirms what it has on its list",
    "UnsubscribeConfirmation": "somebody ended the subscription",
}
_BOM = b"\xef\xbb\xbf"
_Found = Raw | UnsetType


class _Probe(msgspec.Struct):
    """The names by which wrappers are told apart."""

    notification_type: _Found = msgspec.field(default=UNSET, name="notificationType")
    message: _Found = UNSET
    sns_type: _Found = msgspec.field(default=UNSET, name="Type")
    sns_message: _Found = msgspec.field(default=UNSET, name="Message")
    topic_arn: _Found = msgspec.field(default=UNSET, name="TopicArn")
    detail_type: _Found = msgspec.field(default=UNSET, name="detail-type")
    detail: _Found = UNSET
    specversion: _Found = UNSET
    event_type: _Found = msgspec.field(default=UNSET, name="eventType")
    event_id: _Found = msgspec.field(default=UNSET, name="eventId")
    data: _Found = UNSET
    sequence_number: _Found = msgspec.field(default=UNSET, name="sequenceNumber")


class _Pushed(msgspec.Struct):
    """A message of Google Pub/Sub, or something else that is called `message`."""

    data: _Found = UNSET


_probe = msgspec.json.Decoder(_Probe).decode
_pushed = msgspec.json.Decoder(_Pushed).decode
_text = msgspec.json.Decoder(str).decode
_items = msgspec.json.Decoder(Annotated[list[Raw], Meta(max_length=MOST_PARTS)]).decode


def unwrap(body: bytes, headers: Mapping[str, str] = {}, *, batch: bool = True) -> Sequence[bytes]:
    """Return the notifications in `body`, each as the bytes that commercetools sent.

    Several are the parts of a batch, which may still be wrapped; `batch` False: this is a part
    already, and holds no batch. Raise MalformedError if no envelope is known in it, Skip if it is
    about the subscription alone.
    """
    try:
        return _unwrapped(_bare(body), headers, batch=batch)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"not JSON, or no envelope that is known: {error}") from error


def _unwrapped(body: bytes, headers: Mapping[str, str], *, batch: bool) -> Sequence[bytes]:
    if is_binary(headers) and batch:
        body = _bare(_data(binary(headers, body)))
    for _ in range(DEEPEST + 1):
        if body.lstrip()[:1] == b"[":
            items = [bytes(item) for item in _items(body)]
            if not batch:
                raise MalformedError("a batch in a batch")
            for item in items:
                _check_part(item)
            if len(items) != 1:
                return items
            body, batch = items[0], False
        inner = _opened(body)
        if inner is None:
            return (body,)
        body = _bare(inner)
    raise MalformedError(f"wrapped more than {DEEPEST} times")


def _opened(body: bytes) -> bytes | None:
    """Return what the outermost wrapper holds; None if it is a notification itself."""
    probe = _probe(body)
    if probe.notification_type is not UNSET:
        return None
    if (pushed := _pushed_data(probe)) is not None:
        return _decoded(pushed)
    for found, opener in (
        (probe.sns_type is not UNSET and probe.topic_arn is not UNSET, _sns),
        (probe.detail_type is not UNSET and probe.detail is not UNSET, _eventbridge),
        (probe.specversion is not UNSET, _structured),
        (_is_eventgrid(probe), _eventgrid),
    ):
        if found:
            return opener(body, probe)
    if probe.sequence_number is not UNSET:
        return None  # A Message as `GET /messages` shows it, without its notificationType.
    raise MalformedError("no envelope that is known here")


def _pushed_data(probe: _Probe) -> str | None:
    """Return the data of Google Pub/Sub push, and of Connect; None if it is neither.

    `message.attributes` may hold what the data says too.
    """
    message = _raw(probe.message)
    if not message.startswith(b"{"):
        return None
    data = _pushed(message).data
    return None if data is UNSET else _text(bytes(data))


def _sns(body: bytes, probe: _Probe) -> bytes:  # noqa: ARG001
    """Amazon SNS: the payload is a text. The door confirms subscriptions, not the listener."""
    kind = _text(_raw(probe.sns_type))
    if kind in _CONFIRMATIONS:
        topic = _text(_raw(probe.topic_arn))
        raise Skip(f"{kind} of {topic}: {_CONFIRMATIONS[kind]}")
    if kind != "Notification":
        raise MalformedError(f"SNS sends no {kind[:40]!r}")
    return _text(_raw(probe.sns_message)).encode()


def _eventbridge(body: bytes, probe: _Probe) -> bytes:  # noqa: ARG001
    """Amazon EventBridge."""
    return _raw(probe.detail)


def _structured(body: bytes, probe: _Probe) -> bytes:  # noqa: ARG001
    """CloudEvents, structured."""
    return _data(structured(body))


def _is_eventgrid(probe: _Probe) -> bool:
    """Say whether it is Event Grid's own schema; Google's old functions say `eventType` as well."""
    told = probe.event_type is not UNSET and probe.data is not UNSET
    return told and probe.event_id is UNSET


def _eventgrid(body: bytes, probe: _Probe) -> bytes:  # noqa: ARG001
    """Azure Event Grid in its own schema."""
    return _raw(probe.data)


def _check_part(item: bytes) -> None:
    """Raise MalformedError if a batch that holds this cannot be taken: all parts are, or none."""
    if item[:1] != b"{":
        raise MalformedError("a part of the batch is no object")
    if _probe(item).specversion is not UNSET:
        structured(item)


def _data(event: CloudEvent) -> bytes:
    if event.data is None:
        raise MalformedError("a CloudEvent without data says nothing that could be carried")
    return event.data


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(f"not base64: {error}") from error


def _raw(found: _Found) -> bytes:
    return b"" if found is UNSET else bytes(found)


def _bare(body: bytes) -> bytes:
    return body[3:] if body.startswith(_BOM) else body
