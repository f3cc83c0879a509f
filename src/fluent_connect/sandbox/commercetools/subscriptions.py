"""Subscriptions: made by drafts, tried out at once, with a health."""

import time
from collections.abc import Sequence
from typing import Any

import aiohttp

from fluent_connect.sandbox.commercetools.envelopes import Envelope, Target, prove, wrap
from fluent_connect.sandbox.commercetools.errors import invalid, not_found, not_implemented
from fluent_connect.sandbox.commercetools.kinds import Json
from fluent_connect.sandbox.commercetools.notifier import Notifier
from fluent_connect.sandbox.commercetools.project import Project, now
from fluent_connect.sandbox.commercetools.telling import test_notice
from fluent_connect.sandbox.door import Answer, Call, decode, reply

_HEALTH = 2
_DESTINATIONS = ("IronMQ", "EventGrid")
"""Those that are an HTTP endpoint by themselves (`uri`); the others need a cloud."""


class Subscriptions:
    """What is subscribed to over the API: delivered to `destination.uri` by the notifier."""

    def __init__(self, project: Project, notifier: Notifier) -> None:
        self._project = project
        self._notifier = notifier
        for subscription in project.scan("subscription"):
            notifier.targets[subscription["id"]] = _target(subscription)

    async def answer(self, call: Call, segments: Sequence[str]) -> Answer:
        """Answer a creation, or the health of one."""
        if len(segments) > _HEALTH and segments[2] == "health":
            return self._health(segments[1])
        if len(segments) > 1:
            raise not_implemented("updates of subscriptions")
        draft = decode(call.body)
        destination = draft.get("destination", {})
        if destination.get("type") not in _DESTINATIONS:
            raise not_implemented(f"subscriptions to a destination {destination.get('type')}")
        return reply(await self._create(draft), 201)

    async def _create(self, draft: Json) -> Json:
        if not any(draft.get(name) for name in ("messages", "changes", "events")):
            raise invalid("A subscription needs messages, changes or events.")
        empty: Json = {"messages": [], "changes": [], "events": [], "status": "Healthy"}
        subscription = {**empty, "format": {"type": "Platform"}, **draft, "createdAt": now()}
        subscription["id"] = draft.get("key") or f"subscription-{time.time_ns()}"
        target = _target(subscription)
        notice = test_notice(self._project, subscription)
        body, content_type = wrap(target.envelope, notice.payload, 0, now())
        headers = prove(target, notice.id, int(time.time()), body)
        if not await _try(target.url, body, {**headers, "content-type": content_type}):
            raise invalid(
                "A test message could not be delivered to this destination:"
                f" {draft['destination'].get('type')}. Please make sure it is correctly set up."
            )
        made = self._project.add("subscription", subscription)
        self._notifier.targets[made["id"]] = target
        return made

    def _health(self, id_: str) -> Answer:
        subscription = self._project.get("subscription", id_)
        if subscription is None:
            raise not_found(id_)
        healthy = not self._notifier.failures
        return reply(
            {"status": "Healthy" if healthy else "TemporaryError"}, 200 if healthy else 400
        )


def _target(subscription: Json) -> Target:
    destination = subscription["destination"]
    cloud = subscription["format"]["type"] == "CloudEvents"
    envelope: Envelope = "cloudevents" if cloud else "platform"
    return Target(
        url=destination["uri"],
        name=subscription["id"],
        envelope=envelope,
        api_key=destination.get("accessKey", ""),
        messages=_types(subscription["messages"]),
        changes=_types(subscription["changes"]),
        test=False,
    )


def _types(entries: Any) -> tuple[str, ...]:
    return tuple(entry["resourceTypeId"] for entry in entries)


async def _try(url: str, body: bytes, headers: dict[str, str]) -> bool:
    timeout = aiohttp.ClientTimeout(total=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, data=body, headers=headers) as response,
        ):
            return response.ok
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
