"""The keys about commercetools: what it is to send, what it is to hold, what it did not send."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from fluent_connect.app.config.sections import Section
from fluent_connect.app.config.values import Duration
from fluent_connect.clients.commercetools.custom_types import KEYS, Kind

_NEEDED = {
    "SQS": ("queueUrl", "region"),
    "SNS": ("topicArn",),
    "EventBridge": ("region", "accountId"),
    "AzureServiceBus": ("connectionString",),
    "EventGrid": ("uri", "accessKey"),
    "GoogleCloudPubSub": ("projectId", "topic"),
    "ConfluentCloud": ("bootstrapServer", "apiKey", "apiSecret", "acks", "topic"),
    "IronMQ": ("uri",),
}
"""What each type of destination needs (commercetools' Subscriptions API)."""


class SubscriptionSection(Section):
    """The Subscription that the routes need: where commercetools sends to, and in which format.

    `destination` is commercetools' own, with its own names; so is `format`.
    """

    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{2,250}$")] = "fluent-connect"
    destination: dict[str, Any]
    format: Literal["Platform", "CloudEvents"] = "Platform"
    watch_every: Duration = 30.0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse a destination that commercetools would refuse."""
        kind = self.destination.get("type")
        if kind not in _NEEDED:
            what = f"destination.type is {kind!r}: one of {', '.join(_NEEDED)}"
            raise PydanticCustomError("one_of", what, {"fix": "see docs: how-to, subscribe"})
        absent = [name for name in _NEEDED[kind] if not self.destination.get(name)]
        if absent:
            what = f"a destination {kind} needs {', '.join(absent)}"
            raise PydanticCustomError("one_of", what, {"fix": "see docs: how-to, subscribe"})
        if kind == "EventGrid" and self.format != "CloudEvents":
            what = "a destination EventGrid needs `format: CloudEvents`"
            raise PydanticCustomError("one_of", what, {"fix": "see docs: how-to, subscribe"})
        return self


TypeKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{2,256}$")]


class CustomTypesSection(Section):
    """The key of the custom Type that holds our fields, for each kind; `off`: none does."""

    order: TypeKey = KEYS["order"]
    line_item: TypeKey = KEYS["line-item"]
    delivery: TypeKey = KEYS["delivery"]
    parcel: TypeKey = KEYS["parcel"]
    channel: TypeKey = KEYS["channel"]

    @property
    def keys(self) -> Mapping[Kind, str]:
        """Return the keys by kind."""
        return {
            "order": self.order,
            "line-item": self.line_item,
            "delivery": self.delivery,
            "parcel": self.parcel,
            "channel": self.channel,
        }


class GapsSection(Section):
    """When Messages that did not come are noticed, which are recorded, whether they are fetched.

    `after`: how long a number of a resource's sequence may be missing. `record`: `all`, or `full`:
    only of types of which all Messages are subscribed to. `fetch`: from commercetools' Messages.
    """

    after: Duration = 600.0
    every: Duration = 60.0
    record: Literal["all", "full", "off"] = "all"
    fetch: bool = True
