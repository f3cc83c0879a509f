"""A parcel of what others put on a queue: its properties become headers as a request has them."""

from collections.abc import Iterable

from fluent_connect.model.parcel import Parcel
from fluent_connect.queues.label import LABEL

_CLOUD_EVENTS = ("cloudevents:", "cloudevents_", "ce_")
"""How AMQP and Kafka write what HTTP writes as `ce-` (CloudEvents' protocol bindings)."""


def foreign(
    id: str, body: bytes, headers: Iterable[tuple[str, object]], content_type: str | None = None
) -> Parcel:
    """Return the parcel. `id` has to be the same at each redelivery, and no other message's."""
    kept = {"content-type": content_type} if content_type else {}
    kept.update((_name(name), _text(value)) for name, value in headers)
    kept.pop(LABEL, None)
    return Parcel(id, "", body, kept)


def _name(name: str) -> str:
    name = name.lower()
    for prefix in _CLOUD_EVENTS:
        if name.startswith(prefix):
            return "ce-" + name.removeprefix(prefix)
    return name


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
