"""Where messages are drawn: both systems behind a guard, and the versions that are compared."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import msgspec

from fluent_connect.app.clients import Clients
from fluent_connect.app.config.result import Config
from fluent_connect.app.config.sections import Batch
from fluent_connect.app.shadow.draw import Drawn, Payload, draw
from fluent_connect.app.shadow.editions import Edition
from fluent_connect.app.shadow.given import Given, type_of
from fluent_connect.app.shadow.transports import (
    FILE_URL,
    NOWHERE_URL,
    FromFile,
    ReadOnly,
    embedded,
    once,
)
from fluent_connect.clients.accounts import Account
from fluent_connect.clients.fluent.comparison import Comparison
from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.clients.trace import Trace
from fluent_connect.clients.transport import Transport
from fluent_connect.clients.transports import open_transport
from fluent_connect.model.errors import RetryableError, UnprocessableError
from fluent_connect.model.lease import Lease
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.router.run import Clients as Bound

T = TypeVar("T")
_JSON = dict[str, Any]
_FEW = 5
_WAITS = (0.2, 1.0)
_LONGEST = 30.0
_PLURALS = {"category": "categories", "inventory-entry": "inventory"}


class Studio:
    """Draws messages by several versions, each of which sees the same answers."""

    def __init__(self, clients: Bound, transport: FromFile) -> None:
        self._clients = clients
        self._transport = transport

    @property
    def absent(self) -> Sequence[str]:
        """Return what was asked for and does not stand in the file."""
        return self._transport.absent

    async def drawn(
        self, message: Message, payload: Payload, *editions: Edition, plain: bool = False
    ) -> Sequence[Drawn]:
        """Return what each version makes of a message; what is read is read once for all.

        plain: only versions and changes.
        """
        with once():
            return [
                await draw(each.desks, self._clients, message, payload, each.belongs, plain=plain)
                for each in editions
            ]

    async def held(self, edition: Edition, message: Message, drawn: Drawn) -> Sequence[Comparison]:
        """Return what Fluent holds now of what was drawn. Raise what stops the look."""
        account = edition.desks.find(message).account

        async def compared(upsert: Upsert) -> Comparison:
            _, fluent = self._clients(account, _trace(message.id))  # a trace is one call at a time
            return await fluent.compare(upsert)

        upserts = [each for each in drawn.changes if isinstance(each, Upsert)]
        return await asyncio.gather(*map(compared, upserts))

    async def resource(self, account: Account, about: Reference) -> Mapping[str, Any] | None:
        """Return a resource as commercetools writes it now; None if there is none."""
        commercetools, _ = self._clients(account, _trace(str(about)))
        return await commercetools.get(about, _JSON)

    async def sought(
        self, account: Account, type_id: str, where: str, text: str
    ) -> Sequence[Mapping[str, Any]]:
        """Return the resources for which a predicate over `:text` holds, a few at most."""
        commercetools, _ = self._clients(account, _trace(text))
        found = commercetools.query(
            type_id, _JSON, where=(where,), limit=_FEW, variables={"text": text}
        )
        return await found

    async def heads(
        self,
        account: Account,
        type_id: str,
        head: type[T],
        where: Sequence[str],
        *,
        variables: Mapping[str, str | Sequence[str]],
        limit: int,
    ) -> list[T]:
        """Return so much of at most `limit` resources as `head` holds, by rising id."""
        commercetools, _ = self._clients(account, _trace(type_id))
        return await _persistently(
            lambda: commercetools.query(
                type_id, head, where=where, sort=("id asc",), limit=limit, variables=variables
            )
        )

    async def fluent(
        self, account: Account, document: str, variables: Mapping[str, object]
    ) -> Mapping[str, Any]:
        """Return the data of a query of Fluent."""
        _, fluent = self._clients(account, _trace("reconcile"))
        return await _persistently(lambda: fluent.ask(document, variables))


async def _persistently(read: Callable[[], Awaitable[T]]) -> T:
    """Return what is read; a list that many resources hang on is asked for a few times."""
    for wait in _WAITS:
        try:
            return await read()
        except RetryableError as error:
            await asyncio.sleep(max(wait, min(error.retry_after or 0.0, _LONGEST)))
    return await read()


def _trace(correlation: str) -> Trace:
    return Trace(Lease(lambda: time.time() + 600.0, time.time), correlation)


@asynccontextmanager
async def studio(
    config: Config,
    held: Mapping[str, Any] | None = None,
    lists: Mapping[str, Sequence[Any]] | None = None,
    *,
    transport: Transport | None = None,
    together: bool = False,
) -> AsyncIterator[Studio]:
    """Open both systems of all accounts for reading.

    `held`: what a file holds, by id. `lists`: what queries find instead of asking. `together`: many
    messages are drawn at once, so that what they read at the same moment is read together.
    """
    section = config.http if together else config.http.model_copy(update={"batch": Batch(max=1)})
    real = transport or open_transport(config.http.transport, connections=32)
    way = FromFile(real, held, lists)
    clients = Clients(config.accounts, section, config.error_table, transport=ReadOnly(way))
    try:
        yield Studio(clients.gathered if together else clients, way)
    finally:
        await clients.close()


def offline(config: Config) -> Config:
    """Return the configuration with no Fluent to ask: it is as if none held anything."""
    accounts = [
        msgspec.structs.replace(each, fluent=msgspec.structs.replace(each.fluent, url=NOWHERE_URL))
        for each in config.accounts
    ]
    return msgspec.structs.replace(config, accounts=accounts)


def from_file(config: Config) -> Config:
    """Return the configuration with files in place of commercetools."""
    accounts = [
        msgspec.structs.replace(
            each,
            commercetools=msgspec.structs.replace(
                each.commercetools, api_url=FILE_URL, auth_url=FILE_URL
            ),
        )
        for each in config.accounts
    ]
    return msgspec.structs.replace(config, accounts=accounts)


def shelf(found: Given, beside: Sequence[Mapping[str, Any]] = ()) -> Mapping[str, Any]:
    """Return what files hold, by id: the resource, what is expanded in it, what stands beside."""
    resource = found.resource or {}
    inside = {id_: each for _, id_, each in embedded(dict(resource))}
    return {**inside, **{str(each["id"]): each for each in beside}, str(resource["id"]): resource}


def queried(beside: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[Any]]:
    """Return what stands beside a file as queries find it, by the path of its type."""
    found: dict[str, list[Any]] = {}
    for each in beside:
        with suppress(UnprocessableError):  # of a type that cannot be told: read by its id only
            type_id = type_of(each)
            found.setdefault(_PLURALS.get(type_id, f"{type_id}s"), []).append(each)
    return found
