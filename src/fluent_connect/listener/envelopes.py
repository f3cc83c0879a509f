"""What carries a notification on its way to us, and how it is taken out.

A body is looked at once without decoding what it holds. Wrappers may stand in each other.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, Raw, UnsetType

from fluent_connect.model.errors import MalformedError, UnprocessableError

DEEPEST = 4
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
    data: _Found = UNSET
    sequence_number: _Found = msgspec.field(default=UNSET, name="sequenceNumber")


class _Pushed(msgspec.Struct):
    """A message of Google Pub/Sub."""

    data: str


class _CloudEvent(msgspec.Struct):
    """What a CloudEvent must say, and what it may hold."""

    specversion: str
    id: str
    source: str
    type: str
    data: _Found = UNSET
    data_base64: str | None = None


_probe = msgspec.json.Decoder(_Probe).decode
_pushed = msgspec.json.Decoder(_Pushed).decode
_cloud_event = msgspec.json.Decoder(_CloudEvent).decode
_text = msgspec.json.Decoder(str).decode
_items = msgspec.json.Decoder(list[Raw]).decode


def unwrap(body: bytes, headers: Mapping[str, str] = {}, *, batch: bool = True) -> Sequence[bytes]:
    """Return the notifications in `body`, each as the bytes that commercetools sent.

    Several are the parts of a batch, which may still be wrapped; `batch` False: this is a part
    already, and holds no batch. Raise MalformedError if no envelope is known in it.
    """
    try:
        return _unwrapped(_bare(body), headers, batch=batch)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"not JSON, or no envelope that is known: {error}") from error


def _unwrapped(body: bytes, headers: Mapping[str, str], *, batch: bool) -> Sequence[bytes]:
    if "ce-specversion" in headers:
        _check_version(headers["ce-specversion"])
    for _ in range(DEEPEST + 1):
        if body.lstrip()[:1] == b"[":
            items = [bytes(item) for item in _items(body)]
            if not batch:
                raise MalformedError("a batch in a batch")
            if len(items) != 1:
                return items
            body, batch = items[0], False
            continue
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
    for found, opener in (
        (probe.message is not UNSET, _pubsub),
        (probe.sns_type is not UNSET and probe.topic_arn is not UNSET, _sns),
        (probe.detail_type is not UNSET and probe.detail is not UNSET, _eventbridge),
        (probe.specversion is not UNSET, _structured),
        (probe.event_type is not UNSET and probe.data is not UNSET, _eventgrid),
    ):
        if found:
            return opener(body, probe)
    if probe.sequence_number is not UNSET:
        return None  # A Message as `GET /messages` shows it, without its notificationType.
    raise MalformedError("no envelope that is known here")


def _pubsub(body: bytes, probe: _Probe) -> bytes:  # noqa: ARG001
    """Google Pub/Sub push, and Connect; `message.attributes` may hold what `data` says too."""
    return _decoded(_pushed(_raw(probe.message)).data)


def _sns(body: bytes, probe: _Probe) -> bytes:  # noqa: ARG001
    """Amazon SNS: the payload is a text."""
    kind = _text(_raw(probe.sns_type))
    if kind != "Notification":
        raise UnprocessableError(f"SNS sent a {kind}: this door confirms no subscriptions")
    return _text(_raw(probe.sns_message)).encode()


def _eventbridge(body: bytes, probe: _Probe) -> bytes:  # noqa: ARG001
    """Amazon EventBridge."""
    return _raw(probe.detail)


def _structured(body: bytes, probe: _Probe) -> bytes:  # noqa: ARG001
    """CloudEvents, structured."""
    event = _cloud_event(body)
    _check_version(event.specversion)
    if not (event.id and event.source and event.type):
        raise MalformedError("a CloudEvent without id, source or type")
    if event.data_base64 is not None and event.data is UNSET:
        return _decoded(event.data_base64)
    if event.data is UNSET or event.data_base64 is not None:
        raise MalformedError("a CloudEvent holds `data` or `data_base64`")
    return _raw(event.data)


def _eventgrid(body: bytes, probe: _Probe) -> bytes:  # noqa: ARG001
    """Azure Event Grid in its own schema."""
    return _raw(probe.data)


def _check_version(version: str) -> None:
    if version not in {"1.0", "0.3"}:
        raise MalformedError(f"CloudEvents {version!r} is not known here")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedError(f"not base64: {error}") from error


def _raw(found: _Found) -> bytes:
    return b"" if found is UNSET else bytes(found)


def _bare(body: bytes) -> bytes:
    return body[3:] if body.startswith(_BOM) else body
