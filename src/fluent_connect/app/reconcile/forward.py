"""From commercetools to Fluent: what is there, what would be sent, what Fluent holds of it."""

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime

import msgspec

from fluent_connect.app.reconcile.finding import Finding, class_of, drifted
from fluent_connect.app.shadow.draw import Drawn
from fluent_connect.app.shadow.editions import Edition
from fluent_connect.app.shadow.studio import Studio
from fluent_connect.clients.accounts import Account
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.message import Message, lane
from fluent_connect.model.notification import Reference

_PAGE = 200
_AT_ONCE = 100
_RUN = 20
"""How many resources in a row are looked at from each random start of a sample."""
_WAITS = "no order number"
"""What the order handler says of an order that it waits for: it is no drift."""


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which resources of a type to compare; what is not set does not matter.

    since: changed since then. keys: predicates and the values that fill `:text`, one of which must
    hold. sample: about so many, drawn by chance (`seed`).
    """

    type_id: str
    since: float | None = None
    keys: Sequence[tuple[str, str]] = ()
    sample: int | None = None
    seed: int | None = None


class Seen(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of a resource before its handler reads it whole."""

    id: str
    version: int
    last_modified_at: str = ""


class Forward:
    """Compares the resources of a project, for each account that they go to."""

    def __init__(
        self,
        reading: Studio,
        edition: Edition,
        busy: Callable[[Message], Awaitable[bool]],
        *,
        settle: float = 120.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._reading = reading
        self._edition = edition
        self._busy = busy
        self._settle = settle
        self._clock = clock

    async def findings(self, account: Account, which: Which) -> AsyncIterator[Sequence[Finding]]:
        """Yield the findings page by page; no more than a page is ever in memory."""
        if which.keys or which.sample is not None:
            async for some in self._chosen(account, which):
                yield await self._compared_all(account, which, some)
            return
        after: str | None = ""
        while after is not None:
            found, after = await self.page(account, which, after)
            yield found

    async def page(
        self, account: Account, which: Which, after: str
    ) -> tuple[Sequence[Finding], str | None]:
        """Return the findings of the page behind the id `after`, and its last id; None: the last.

        By id, never by offset: what is changed, made or deleted meanwhile moves nothing.
        """
        more = (f'id > "{after}"',) if after else ()
        seen = await self._reading.heads(
            account, which.type_id, Seen, (*_since(which), *more), variables={}, limit=_PAGE
        )
        found = await self._compared_all(account, which, seen)
        return found, seen[-1].id if len(seen) == _PAGE else None

    async def _compared_all(
        self, account: Account, which: Which, page: Sequence[Seen]
    ) -> list[Finding]:
        found: list[Finding] = []
        for start in range(0, len(page), _AT_ONCE):
            some = page[start : start + _AT_ONCE]
            found += await asyncio.gather(
                *(self._finding(account, which.type_id, each) for each in some)
            )
        return found

    async def _chosen(self, account: Account, which: Which) -> AsyncIterator[Sequence[Seen]]:
        """Yield what keys name, or what a sample draws."""
        where = _since(which)
        for predicate, text in which.keys:
            yield await self._reading.heads(
                account,
                which.type_id,
                Seen,
                (*where, predicate),
                variables={"text": text},
                limit=_PAGE,
            )
        if which.sample is not None and not which.keys:
            async for page in self._sampled(account, which, where, which.sample):
                yield page

    async def _sampled(
        self, account: Account, which: Which, where: Sequence[str], count: int
    ) -> AsyncIterator[Sequence[Seen]]:
        """Yield runs of resources from random ids on, none of them twice."""
        chance = random.Random(which.seed)  # noqa: S311 - a sample, no secret
        seen: set[str] = set()
        for _ in range(-(-count // _RUN) * 2):
            start = uuid.UUID(int=chance.getrandbits(128))
            found = await self._reading.heads(
                account, which.type_id, Seen, (*where, f'id > "{start}"'), variables={}, limit=_RUN
            )
            fresh = [each for each in found if each.id not in seen][: count - len(seen)]
            seen.update(each.id for each in fresh)
            if fresh:
                yield fresh
            if len(seen) >= count:
                return

    async def _finding(self, account: Account, type_id: str, seen: Seen) -> Finding:
        """Return the finding; what differs is looked at twice, for it may be changing."""
        found = await self._look(account, type_id, seen)
        if not found.drifted:
            return found
        if self._is_fresh(seen) or await self._is_busy(found):
            return msgspec.structs.replace(found, class_="in-flight", held=())
        again = await self._look(account, type_id, seen)
        if again.drifted and await self._is_busy(again):
            return msgspec.structs.replace(again, class_="in-flight", held=())
        return again

    def _is_fresh(self, seen: Seen) -> bool:
        try:
            changed = datetime.fromisoformat(seen.last_modified_at)
        except ValueError:
            return False
        return self._clock() - changed.timestamp() < self._settle

    async def _is_busy(self, found: Finding) -> bool:
        about = Reference(found.type_id, found.id)
        message = _message(found.account, found.retailer, about, "", None)
        return await self._busy(message)

    async def _look(self, account: Account, type_id: str, seen: Seen) -> Finding:
        about = Reference(type_id, seen.id)
        route = self._edition.routes.upserting(type_id)
        name = route.name if route is not None else ""
        project = account.commercetools.project_key
        message = _message(account.name, account.retailer, about, name, project)
        message = msgspec.structs.replace(message, version=seen.version)
        drawn = await self._drawn(message)
        finding = Finding(
            class_="unknown",
            type_id=type_id,
            id=seen.id,
            account=account.name,
            retailer=account.retailer,
            version=drawn.version or seen.version,
            reason=drawn.reason,
        )
        if drawn.outcome == "mapped":
            return await self._compared(finding, message, drawn)
        if drawn.outcome == "skipped" or _WAITS in drawn.reason:
            return msgspec.structs.replace(finding, class_="skipped")
        if drawn.outcome == "dead":
            return msgspec.structs.replace(finding, reason=f"cannot be mapped: {drawn.reason}")
        return finding

    async def _drawn(self, message: Message) -> Drawn:
        async def payload() -> None:
            return None

        (drawn,) = await self._reading.drawn(message, payload, self._edition, plain=True)
        return drawn

    async def _compared(self, finding: Finding, message: Message, drawn: Drawn) -> Finding:
        try:
            held = await self._reading.held(self._edition, message, drawn)
        except ConnectError as error:
            return msgspec.structs.replace(finding, reason=str(error))
        wrong = drifted(held)
        return msgspec.structs.replace(
            finding,
            class_=class_of(held),
            ref=(wrong or held)[0].ref if held else "",
            held=wrong,
            mendable=any(each.mendable for each in wrong),
        )


def _message(
    account: str, retailer: str, about: Reference, route: str, project: str | None
) -> Message:
    return Message(
        id="reconcile",
        name=route,
        key=lane(account, retailer, about),
        account=account,
        retailer=retailer,
        project_key=project,
        resource=about,
        kind="ResourceUpdated",
        cause="repair",
    )


def _since(which: Which) -> tuple[str, ...]:
    if which.since is None:
        return ()
    moment = datetime.fromtimestamp(which.since, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return (f'lastModifiedAt >= "{moment}Z"',)
