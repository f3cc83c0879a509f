"""Both systems as they stand now: what each holds of a resource, and how that differs."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from fluent_connect.app.shadow.draw import Drawn
from fluent_connect.app.shadow.editions import Edition
from fluent_connect.app.shadow.studio import Studio
from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.clients.fluent.comparison import Comparison
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.message import Message, lane
from fluent_connect.model.notification import Reference

_PATIENCE = 8.0
"""Seconds that a side may take to answer: whoever asks at night does not wait for an outage."""
_SHOWN = (
    "orderNumber",
    "customerNumber",
    "key",
    "orderState",
    "paymentState",
    "shipmentState",
    "createdAt",
    "lastModifiedAt",
)
State = Literal["there", "absent", "unreachable"]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What commercetools says of the resource."""

    state: State
    why: str = ""
    version: int | None = None
    id: str = ""
    facts: Mapping[str, Any] = {}


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One account that the resource goes to: what we would send now, and what Fluent holds.

    outcome, reason: what the handler would come to now (`Drawn`). unreachable: why Fluent could
    not be read.
    """

    account: str
    retailer: str
    route: str
    handler: str = ""
    outcome: str = ""
    reason: str = ""
    fields: int = 0
    held: Sequence[Comparison] = ()
    unreachable: str = ""

    @property
    def drift(self) -> Sequence[Comparison]:
        """Return the entities of which Fluent holds something else, or nothing."""
        kinds = {"missing", "different", "stale", "foreign"}
        return [each for each in self.held if each.how in kinds]


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides, read now."""

    commercetools: Side
    targets: Sequence[Target] = ()


async def read_both(
    opened: Studio, edition: Edition, about: Reference, known: Sequence[Message]
) -> Sides:
    """Return both sides of a resource. A side that cannot be read is told, never raised.

    known: the newest message about it for each account and route; without any, those that a
    notification of it would become.
    """
    project = next((each.project_key for each in known if each.project_key), None)
    accounts = _accounts(edition, project)
    side, raw = await _commercetools(opened, accounts[0], about)
    messages = known or _would_be(edition, accounts[0], about, raw)
    targets = [await _target(opened, edition, message) for message in messages]
    return Sides(commercetools=side, targets=targets)


def _accounts(edition: Edition, project: str | None) -> Sequence[Account]:
    accounts = edition.config.accounts
    own = [each for each in accounts if each.commercetools.project_key == project]
    return own or accounts


async def _commercetools(
    opened: Studio, account: Account, about: Reference
) -> tuple[Side, Mapping[str, Any] | None]:
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await opened.resource(account, about)
    except (ConnectError, TimeoutError) as error:
        return Side(state="unreachable", why=words(error)), None
    if found is None:
        return Side(state="absent"), None
    return side_of(found), found


def side_of(found: Mapping[str, Any]) -> Side:
    """Return what is worth telling of a resource as commercetools writes it."""
    facts = {name: found[name] for name in _SHOWN if found.get(name) is not None}
    data = found.get("masterData")
    if isinstance(data, Mapping):
        facts["published"] = data.get("published")
        facts["hasStagedChanges"] = data.get("hasStagedChanges")
    return Side(
        state="there", version=found.get("version"), id=str(found.get("id", "")), facts=facts
    )


def _would_be(
    edition: Edition, account: Account, about: Reference, raw: Mapping[str, Any] | None
) -> Sequence[Message]:
    """Return the message that nobody sent: to the route that brings such resources about."""
    route = edition.routes.upserting(about.type_id)
    if route is None or raw is None:
        return ()
    own = Accounts(edition.config.accounts).resolve(account.commercetools.project_key, raw)
    to = own or account
    return [
        Message(
            id="explain",
            name=route.name,
            key=lane(to.name, to.retailer, about),
            account=to.name,
            retailer=to.retailer,
            project_key=to.commercetools.project_key,
            resource=about,
            kind="ResourceUpdated",
            version=raw.get("version"),
        )
    ]


async def _target(opened: Studio, edition: Edition, message: Message) -> Target:
    (drawn,) = await _drawn(opened, edition, message)
    target = Target(
        account=message.account,
        retailer=message.retailer,
        route=message.name,
        handler=drawn.handler,
        outcome=drawn.outcome,
        reason=drawn.reason,
        fields=_fields(drawn),
    )
    if drawn.outcome != "mapped":
        return target
    try:
        async with asyncio.timeout(_PATIENCE):
            held = await opened.held(edition, message, drawn)
    except (ConnectError, TimeoutError) as error:
        return msgspec.structs.replace(target, unreachable=words(error))
    return msgspec.structs.replace(target, held=held)


async def _drawn(opened: Studio, edition: Edition, message: Message) -> Sequence[Drawn]:
    async def payload() -> None:
        return None

    try:
        async with asyncio.timeout(_PATIENCE):
            return await opened.drawn(message, payload, edition)
    except TimeoutError:
        return [Drawn(outcome="unread", reason=f"no answer within {_PATIENCE:g} s")]


def _fields(drawn: Drawn) -> int:
    """Return how many fields we would send."""
    return sum(len(part) for made in drawn.outputs for part in made.parts.values())


def words(error: Exception) -> str:
    """Return an error in words."""
    return f"no answer within {_PATIENCE:g} s" if isinstance(error, TimeoutError) else str(error)
