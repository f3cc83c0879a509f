"""A customer becomes a customer in Fluent, and is forgotten there when commercetools forgets."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

import msgspec

from fluent_connect.clients.commercetools.customer import EXPAND, Customer
from fluent_connect.clients.fluent.model import Parent, Upsert
from fluent_connect.handlers.customer_input import (
    TARGETS,
    creation,
    known_username,
    owned,
    source,
)
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
)
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.attributes import attributes
from fluent_connect.mapping.customer_fields import username
from fluent_connect.mapping.rules.target import Target
from fluent_connect.model.errors import Skip, UnprocessableError
from fluent_connect.model.message import Message

_ERASED = "erased"
_KEPT = frozenset({"commercetoolsId", "commercetoolsVersion"})
_ATTRIBUTES = """\
query attributesOfCustomer($usernames: [String]) {
  found: customers(username: $usernames, first: 100) {
    edges { node { username attributes { name } } }
  }
}
"""


class CustomerState(Customer, frozen=True, kw_only=True):
    """A customer as it stands, or (`erased`) what is left to say of one that must be forgotten.

    known_as: the username that Fluent knows it by already, where the rule alone cannot tell.
    known:    the attributes that Fluent holds of a customer to be forgotten, by name.
    """

    known_as: str | None = msgspec.field(default=None, name="~knownAs")

    erased: bool = msgspec.field(default=False, name="~erased")
    known: Sequence[str] = msgspec.field(default=(), name="~known")


class CustomerCreateHandler(MessageHandler[CustomerState]):
    """Create a customer in Fluent, or update what commercetools owns of it."""

    name: ClassVar[str] = "CustomerCreateHandler"
    targets: ClassVar[Mapping[str, Target]] = TARGETS

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[CustomerState]:
        """Read the customer; of an erased one, say what the notification still tells."""
        if message.resource is None:
            raise UnprocessableError("the message names no customer")
        found = await context.commercetools.get(message.resource, CustomerState, expand=EXPAND)
        if found is not None:
            name = await known_username(found, context)
            return Fetched(msgspec.structs.replace(found, known_as=name), found.version)
        if not message.deletes or not await _erases(message, context):
            return Fetched(None, message.version if message.deletes else None)
        rest = CustomerState(
            id=message.resource.id,
            version=message.version or 0,
            customer_number=_text(message.attributes.get("customerNumber")),
            email=_text(message.attributes.get("email")),
            erased=True,
        )
        name = await known_username(rest, context) or _by_rule(rest, context.settings)
        known = await _attributes(name, context)
        rest = msgspec.structs.replace(rest, known_as=name, known=known)
        return Fetched(rest, message.version, deleted=True, erases=True)

    def map(
        self,
        resource: CustomerState,
        message: Message,  # noqa: ARG002
        context: MapContext,
    ) -> Iterable[Change]:
        """Return the customer to create or update; an erased one is overwritten, not created."""
        settings = context.settings
        name = resource.known_as or _by_rule(resource, settings)
        identity = ("commercetoolsId", resource.id)
        if resource.erased:
            update = _forgotten(resource, name, settings)
            return [Upsert(entity="customer", ref=name, update=update, identity=identity)]
        told = source(resource, name, settings.missing_email)
        return [
            Upsert(
                entity="customer",
                ref=name,
                create=creation(told, context.mapping),
                update=owned(told, context.mapping),
                identity=identity,
                parents=(Parent("retailer", context.retailer),),
            )
        ]

    def gone(self, message: Message, context: MapContext) -> Iterable[Change]:  # noqa: ARG002
        """Skip: Fluent's orders need their customer, unless it is to be forgotten."""
        raise Skip("deleted without data erasure" if message.deletes else "gone from commercetools")


def _by_rule(customer: Customer, settings: Settings) -> str:
    return username(customer, settings.username, settings.username_prefix)


def _forgotten(customer: CustomerState, name: str, settings: Settings) -> dict[str, object]:
    """Return an update that leaves nothing of the person: names, e-mail, phone, attributes."""
    pattern = settings.missing_email if "{id}" in settings.missing_email else "{id}@erased.invalid"
    names = [each for each in customer.known if each not in _KEPT]
    return {
        "username": name,
        "title": _ERASED,
        "firstName": _ERASED,
        "lastName": _ERASED,
        "primaryEmail": pattern.replace("{id}", customer.id),
        "primaryPhone": _ERASED,
        "attributes": attributes(
            {
                "commercetoolsId": customer.id,
                "commercetoolsVersion": customer.version,
                **dict.fromkeys(names, _ERASED),
            }
        ),
    }


async def _attributes(name: str, context: HandlerContext) -> list[str]:
    """Return which attributes Fluent holds of a customer, whatever mapping once sent them."""
    found = (await context.fluent.ask(_ATTRIBUTES, {"usernames": [name]})).get("found") or {}
    nodes = [edge["node"] for edge in found.get("edges") or ()]
    mine = [node for node in nodes if node.get("username") == name]
    return [each["name"] for node in mine for each in node.get("attributes") or ()]


async def _erases(message: Message, context: HandlerContext) -> bool:
    """Say whether the deletion asks for the erasure of the person's data."""
    said = message.attributes.get("dataErasure")
    if said is None:
        payload = await context.payload() or {}
        inner = payload.get("data")
        said = (inner if isinstance(inner, Mapping) else payload).get("dataErasure")
    return said is True


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
