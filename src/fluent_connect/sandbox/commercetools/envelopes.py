"""How a notification is wrapped on its way to an HTTP endpoint, and how it proves its sender."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal

import msgspec

from fluent_connect.sandbox.commercetools.kinds import BY_TYPE, Json
from fluent_connect.sandbox.commercetools.telling import CHANGES, MESSAGES, Notice
from fluent_connect.sandbox.door import encode

Envelope = Literal["platform", "cloudevents", "pubsub"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint, how it wants notifications wrapped and authenticated, and which it wants.

    api_key: sent as `x-api-key`. basic: "user:password". secret: signs as Standard Webhooks do
    (a `whsec_` secret is base64, any other is taken as it is). types: typeId -> the Messages of it
    that are wanted, where not all are. test: try it out at first with the
    notification about the subscription itself.
    """

    url: str
    name: str = "target"
    envelope: Envelope = "platform"
    api_key: str = ""
    basic: str = ""
    secret: str = ""
    headers: Mapping[str, str] = {}
    messages: tuple[str, ...] = MESSAGES
    changes: tuple[str, ...] = CHANGES
    types: Mapping[str, frozenset[str]] = {}
    test: bool = True

    def wants(self, notice: Notice) -> bool:
        """Say whether a subscription of this kind would send this notification."""
        if notice.kind.startswith("Resource"):
            return notice.type_id in self.changes
        named = self.types.get(notice.type_id)
        return notice.type_id in self.messages and (not named or notice.kind in named)


def wrap(envelope: Envelope, payload: Json, number: int, at: str) -> tuple[bytes, str]:
    """Return the body of the request, and its content type."""
    if envelope == "cloudevents":
        return encode(_cloud_event(payload)), "application/cloudevents+json"
    if envelope == "pubsub":
        return encode(_pubsub(payload, number, at)), "application/json"
    return encode(payload), "application/json"


def prove(target: Target, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that authenticate a request."""
    headers = dict(target.headers)
    if target.api_key:
        headers["x-api-key"] = target.api_key
    if target.basic:
        headers["authorization"] = "Basic " + base64.b64encode(target.basic.encode()).decode()
    if target.secret:
        headers |= {
            "webhook-id": id_,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(target.secret, id_, timestamp, body),
        }
    return headers


def sign(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """Return the signature of Standard Webhooks, version 1."""
    prefix, _, encoded = secret.partition("whsec_")
    key = base64.b64decode(encoded) if encoded and not prefix else secret.encode()
    signed = f"{id_}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _cloud_event(payload: Json) -> Json:
    type_id = payload["resource"]["typeId"]
    project = payload["projectKey"]
    change = payload["notificationType"]
    event: Json = {
        "specversion": "1.0",
        "source": f"/{project}/{BY_TYPE[type_id].path}",
        "subject": payload["resource"]["id"],
        "data": payload,
    }
    if change == "Message":
        return event | {
            "id": payload["id"],
            "type": f"com.commercetools.{type_id}.message.{payload['type']}",
            "time": payload["lastModifiedAt"],
            "dataref": f"/{project}/messages/{payload['id']}",
            "sequence": str(payload["sequenceNumber"]),
            "sequencetype": "Integer",
        }
    return event | {
        "id": f"{payload['resource']['id']}-c{payload['version']}",
        "type": f"com.commercetools.{type_id}.change.{change}",
        "time": payload["modifiedAt"],
    }


def _pubsub(payload: Json, number: int, at: str) -> Json:
    id_ = str(1_000_000_000 + number)
    message = {
        "data": base64.b64encode(encode(payload)).decode(),
        "messageId": id_,
        "message_id": id_,
        "attributes": {},
        "publishTime": at,
        "publish_time": at,
    }
    return {"message": message, "subscription": "projects/sandbox/subscriptions/fluent-connect"}
