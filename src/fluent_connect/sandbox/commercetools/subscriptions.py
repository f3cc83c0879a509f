"""Subscriptions: made by drafts, tried out at once, with a health."""

import time
from collections.abc import Sequence
from typing import Any

import aiohttp

from fluent_connect.sandbox.commercetools.envelopes import Envelope, Target, prove, wrap
from fluent_connect.sandbox.commercetools.errors import (
    RefusedRequestError,
    invalid,
    not_found,
    not_implemented,
)
from fluent_connect.sandbox.commercetools.kinds import Json
from fluent_connect.sandbox.commercetools.notifier import Notifier
from fluent_connect.sandbox.commercetools.project import Project, now
from fluent_connect.sandbox.commercetools.telling import test_notice
from fluent_connect.sandbox.door import Answer, Call, decode, reply

_HEALTH = 2
_DESTINATIONS = ("IronMQ", "EventGrid")
"""Those that are an HTTP endpoint by themselves (`uri`); the others need a cloud."""
_LISTS = ("messages", "changes", "events")
_ACTIONS = {
    "setMessages": "messages",
    "setChanges": "changes",
    "setEvents": "events",
    "changeDestination": "destination",
    "setKey": "key",
}
"""The field that each update action sets."""


class Subscriptions:
    """What is subscribed to over the API: delivered to `destination.uri` by the notifier."""

    def __init__(self, project: Project, notifier: Notifier) -> None:
        self._project = project
        self._notifier = notifier
        for subscription in project.scan("subscription"):
            notifier.targets[subscription["id"]] = _target(subscription)

    async def answer(self, call: Call, segments: Sequence[str]) -> Answer:
        """Answer a creation, a change, a deletion, or the health of one."""
        if len(segments) == 1:
            return reply(await self._create(decode(call.body)), 201)
        subscription = self._find(segments[1])
        if len(segments) > _HEALTH and segments[2] == "health":
            return self._health()
        if call.method == "DELETE":
            _check(subscription, call.parameter("version"))
            self._project.remove("subscription", subscription["id"], [])
            self._notifier.targets.pop(subscription["id"], None)
            return reply(subscription)
        body = decode(call.body)
        _check(subscription, body["version"])
        return reply(await self._change(subscription, body["actions"]))

    def _find(self, name: str) -> Json:
        field, equals, value = name.partition("=")
        by = field if equals else "id"
        for each in self._project.scan("subscription"):
            if each.get(by) == (value if equals else name):
                return each
        raise not_found(name)

    async def _change(self, subscription: Json, actions: Sequence[Json]) -> Json:
        """Apply update actions; a new destination is tried out first, as at creation."""
        changed = dict(subscription)
        for action in actions:
            field = _ACTIONS.get(action["action"])
            if field is None:
                raise invalid(f"Malformed parameter: actions: no {action['action']}")
            changed[field] = action.get(field) or ([] if field in _LISTS else None)
        _check_draft(changed)
        target = _target(changed)
        if changed["destination"] != subscription["destination"]:
            await self._prove(changed, target)
        changed = self._project.change("subscription", changed)
        self._notifier.targets[changed["id"]] = target
        return changed

    async def _create(self, draft: Json) -> Json:
        empty: Json = {"messages": [], "changes": [], "events": [], "status": "Healthy"}
        subscription = {**empty, "format": {"type": "Platform"}, **draft, "createdAt": now()}
        _check_draft(subscription)
        subscription["id"] = f"subscription-{time.time_ns()}"
        target = _target(subscription)
        await self._prove(subscription, target)
        made = self._project.add("subscription", subscription)
        self._notifier.targets[made["id"]] = target
        return made

    async def _prove(self, subscription: Json, target: Target) -> None:
        """Send the test notification; refuse the destination if it does not arrive."""
        notice = test_notice(self._project, subscription)
        body, content_type = wrap(target.envelope, notice.payload, 0, now())
        headers = prove(target, notice.id, int(time.time()), body)
        if not await _try(target.url, body, {**headers, "content-type": content_type}):
            raise invalid(
                "A test message could not be delivered to this destination:"
                f" {subscription['destination']['type']}. Please make sure it is correctly set up."
            )

    def _health(self) -> Answer:
        healthy = not self._notifier.failures
        return reply(
            {"status": "Healthy" if healthy else "TemporaryError"}, 200 if healthy else 400
        )


def _check(subscription: Json, version: object) -> None:
    """Refuse a change of another version than there is."""
    current = int(subscription["version"])
    if int(str(version)) != current:
        message = (
            f"Object {subscription['id']} has a different version than expected."
            f" Expected: {version} - Actual: {current}."
        )
        raise RefusedRequestError(409, "ConcurrentModification", message, currentVersion=current)


def _check_draft(subscription: Json) -> None:
    kind = subscription["destination"].get("type")
    if kind not in _DESTINATIONS:
        raise not_implemented(f"subscriptions to a destination {kind}")
    if not any(subscription[name] for name in _LISTS):
        raise invalid("A subscription needs messages, changes or events.")


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
        types={
            entry["resourceTypeId"]: frozenset(entry.get("types") or ())
            for entry in subscription["messages"]
        },
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
