"""The commercetools Subscriptions of an installation: planned from the routes, applied, watched."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from fluent_connect.app.clients import Clients
from fluent_connect.app.config.result import Config
from fluent_connect.clients.accounts import Account
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.commercetools.subscription import (
    Difference,
    Subscription,
    Wanted,
    actions,
    differences,
    reformatted,
    selected,
)
from fluent_connect.clients.trace import Trace
from fluent_connect.model.errors import (
    ConfigError,
    ConnectError,
    RefusedError,
    RetryableError,
)
from fluent_connect.model.notification import Reference

_TYPE = "subscription"


class Plan(msgspec.Struct, frozen=True):
    """What a project's Subscription is, what it shall be, and where they differ."""

    project: str
    wanted: Wanted
    found: Subscription | None
    differences: Sequence[Difference]


def wanted(config: Config) -> Wanted:
    """Return what the routes need. Raise ConfigError if no `subscription` is configured."""
    section = config.subscription
    if section is None:
        raise ConfigError(
            "no subscription is configured: write `subscription: { destination: { type: … } }`"
            " into application-connector.yml (docs: how-to, subscribe)"
        )
    routed = ((each.type_id, each.kinds) for each in config.route_mapping if not each.skip)
    messages, changes, events = selected(routed)
    return Wanted(
        key=section.key,
        destination=section.destination,
        format=section.format,
        messages=messages,
        changes=changes,
        events=events,
    )


def projects(accounts: Sequence[Account]) -> list[Account]:
    """Return one account for each commercetools project."""
    return list({each.commercetools.project_key: each for each in accounts}.values())


async def plan(commercetools: Commercetools, project: str, want: Wanted) -> Plan:
    """Compare the project's Subscription of that key with what is wanted; change nothing."""
    found = await find(commercetools, want.key) or await find(commercetools, beside(want.key))
    return Plan(project, want, found, differences(found, want))


def beside(key: str) -> str:
    """Return the key of the Subscription that is to take the place of the one with `key`."""
    return f"{key}-next"


async def find(commercetools: Commercetools, key: str) -> Subscription | None:
    """Return the Subscription of that key; None if there is none."""
    return await commercetools.get(_by_key(key), Subscription)


async def statuses(clients: Clients, config: Config) -> Mapping[str, str | ConnectError | None]:
    """Return the status of each project's Subscription, or why it cannot be read; None: it is gone.

    While one with another format takes its place, that one counts.
    """
    key = wanted(config).key
    told: dict[str, str | ConnectError | None] = {}
    for account in projects(config.accounts):
        commercetools = clients(account, Trace())[0]
        try:
            found = await find(commercetools, key) or await find(commercetools, beside(key))
        except ConnectError as error:
            told[account.commercetools.project_key] = error
        else:
            told[account.commercetools.project_key] = None if found is None else found.status
    return told


def taken_in_full(config: Config) -> Collection[str]:
    """Return the typeIds of which all Messages are subscribed to, as the configuration says."""
    if config.subscription is not None:
        return {type_id for type_id, kinds in wanted(config).messages.items() if not kinds}
    return {type_id for type_id, kinds in config.subscriptions.items() if not kinds}


async def apply(
    commercetools: Commercetools, planned: Plan, *, rotate: bool = False
) -> Subscription:
    """Make the Subscription what is wanted, without a moment in which nothing is sent.

    A format cannot be changed: a new Subscription is made beside the old one, the old one deleted
    once the new one is healthy, and the key moved. What both send meanwhile is known to the inbox.
    `rotate` sends the destination even where nothing but its secrets can differ.
    """
    want, found = planned.wanted, planned.found
    if found is None:
        return await commercetools.create(_TYPE, want.draft(), Subscription)
    if reformatted(found, want):
        return await _replace(commercetools, found, want)
    todo = actions(found, want, rotate=rotate)
    if todo:
        reference = Reference(_TYPE, found.id)
        await commercetools.update(Update(reference, todo, found.version))
    return await _present(commercetools, want.key)


async def delete(commercetools: Commercetools, found: Subscription) -> bool:
    """Delete the Subscription; False if it was gone already."""
    return await commercetools.delete(Reference(_TYPE, found.id), found.version)


async def _replace(commercetools: Commercetools, found: Subscription, want: Wanted) -> Subscription:
    key = beside(want.key)
    new = await find(commercetools, key)
    if new is None:
        new = await commercetools.create(_TYPE, want.draft(key), Subscription)
    if new.status != "Healthy":
        raise RetryableError(
            f"subscription {key} is {new.status}; {want.key} is left as it is: try again"
        )
    await delete(commercetools, found)
    action = {"action": "setKey", "key": want.key}
    await commercetools.update(Update(Reference(_TYPE, new.id), [action]))
    return await _present(commercetools, want.key)


async def _present(commercetools: Commercetools, key: str) -> Subscription:
    found = await find(commercetools, key)
    if found is None:
        raise RefusedError(f"commercetools has no subscription {key}, though it was just written")
    return found


def _by_key(key: str) -> Reference:
    return Reference(_TYPE, f"key={key}")
