"""Fluent OMS over HTTP: queries, changes and events, for one account and retailer."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fluent_connect.clients.fluent.batch import BatchSettings
from fluent_connect.clients.fluent.comparison import Comparison
from fluent_connect.clients.fluent.errors import ErrorTable
from fluent_connect.clients.fluent.event_search import EventPage, search_events
from fluent_connect.clients.fluent.events import send_event
from fluent_connect.clients.fluent.graphql import Graphql
from fluent_connect.clients.fluent.model import Event, Mutation, Pushed, Upsert
from fluent_connect.clients.fluent.push import Pusher, PushSettings
from fluent_connect.clients.fluent.schema.fit import C
from fluent_connect.clients.fluent.schema.learning import Schema
from fluent_connect.clients.http import Door, Trace


class FluentApi:
    """One retailer of a Fluent account: long-lived, shared by all messages."""

    def __init__(
        self,
        door: Door,
        retailer: str,
        *,
        errors: ErrorTable | None = None,
        settings: PushSettings | None = None,
        batch: BatchSettings | None = None,
        schema: Schema | None = None,
    ) -> None:
        self.door = door
        self.retailer = retailer
        self.schema = schema or Schema(door.account)
        self.graphql = Graphql(door, errors or ErrorTable(), batch, self.schema.operation)
        self.pusher = Pusher(self.graphql, retailer, settings or PushSettings())

    def bound(self, trace: Trace) -> "Fluent":
        """Return the view for one message, which records its calls in `trace`."""
        return Fluent(self, trace)

    async def learn(self) -> None:
        """Know the account's schema; raise what stops that. Cheap once it is known."""
        if not self.schema.known:
            await self.schema.learn(self.graphql)

    def close(self) -> None:
        """Give up what is shared and under way."""
        self.graphql.close()
        self.pusher.close()


class Fluent:
    """Fluent OMS as one message sees it. Errors are those of `clients/fluent/errors.py`.

    gathers: what it compares is looked up together with what others compare at the same moment.
    """

    __slots__ = ("_api", "_gathers", "_trace")

    def __init__(self, api: FluentApi, trace: Trace, *, gathers: bool = False) -> None:
        self._api = api
        self._gathers = gathers
        self._trace = trace

    def gathered(self) -> "Fluent":
        """Return the view for one of many messages that are only looked at."""
        return Fluent(self._api, self._trace, gathers=True)

    async def push(self, change: Upsert | Mutation | Event) -> Pushed:
        """Bring a change about in Fluent, and return what that came to.

        A Mutation is one call; "exists already" in answer to a create is `unchanged`. An Upsert
        is looked up, compared, and written only where it differs; a create without a clear
        outcome is looked up before anything else. Raise MissingParentError if a parent is missing
        that commercetools can send, RefusedError for what no retry can help.
        """
        await self._api.learn()
        change = self._api.schema.fitted(change)
        if isinstance(change, Mutation):
            return await self._api.pusher.mutate(change, self._trace)
        if isinstance(change, Event):
            return await self.send(change)
        return await self._api.pusher.upsert(change, self._trace)

    async def compare(self, change: Upsert) -> Comparison:
        """Return what pushing a change would come to. Nothing is written; a doubt is raised."""
        await self._api.learn()
        fitted = self._api.schema.fitted(change)
        return await self._api.pusher.compare(fitted, self._trace, gathered=self._gathers)

    async def accepted(self, changes: Sequence[C]) -> Sequence[C]:
        """Return changes as the account takes them: without fields that it does not know.

        Raise FaultyInputError if Fluent would refuse any of them, with all that is wrong. What
        does not go to Fluent is handed back as it is.
        """
        await self._api.learn()
        return self._api.schema.accepted(changes)

    async def push_all(self, changes: Sequence[Upsert]) -> Sequence[Pushed | BaseException]:
        """Bring independent changes about at the same time; return what came of each.

        None of them may need what another makes. What fails is returned, as its error.
        """
        own = [Trace(self._trace.lease, self._trace.correlation) for _ in changes]
        pushes = (
            self._api.bound(trace).push(change) for trace, change in zip(own, changes, strict=True)
        )
        try:
            return await asyncio.gather(*pushes, return_exceptions=True)
        finally:
            for trace in own:
                self._trace.calls.extend(trace.calls)

    async def send(self, event: Event) -> Pushed:
        """Send an event. A `sync` one that no ruleset takes, or that fails, is a RefusedError."""
        return await send_event(self._api.door, self._api.retailer, event, self._trace)

    async def events(
        self, filters: Mapping[str, str], *, start: int = 0, count: int = 100
    ) -> EventPage:
        """Return a page of the retailer's events: `from`, `to`, `eventStatus`, `eventType`, ..."""
        door, retailer = self._api.door, self._api.retailer
        return await search_events(door, retailer, filters, self._trace, start=start, count=count)

    async def query(self, name: str, variables: Mapping[str, object]) -> dict[str, Any]:
        """Return the data of an operation of this package (`operations/*.graphql`)."""
        await self._api.learn()
        return await self._api.graphql.query(name, variables, self._trace)

    async def ask(self, document: str, variables: Mapping[str, object]) -> dict[str, Any]:
        """Return the data of a GraphQL document of the caller's own: one operation, complete."""
        await self._api.learn()
        return await self._api.graphql.ask(document, variables, self._trace)

    async def me(self) -> Mapping[str, Any]:
        """Return the user that we are signed in as: the cheapest proof that Fluent lets us in."""
        found: Mapping[str, Any] = (await self.query("me", {}))["me"] or {}
        return found
