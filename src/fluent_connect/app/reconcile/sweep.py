"""One account's side of a reconcile: forward through commercetools, then back through Fluent."""

import time
from collections.abc import AsyncIterator, Sequence

from fluent_connect.app.reconcile.backward import Backward
from fluent_connect.app.reconcile.finding import Finding
from fluent_connect.app.reconcile.forward import Forward, Which
from fluent_connect.app.shadow.editions import Edition
from fluent_connect.app.shadow.studio import Studio
from fluent_connect.clients.accounts import Account
from fluent_connect.handlers.settings import Settings
from fluent_connect.journal.subjects import deletion_statement, on_its_way_statement
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.message import Message, lane
from fluent_connect.model.notification import Reference
from fluent_connect.queues.store import Store

_THERE, _BACK = "there:", "back:"
"""What cursors begin with: forward through commercetools, then back through Fluent."""
_CALLS = {"order": 4, "customer": 3, "product": 5, "category": 4}


def calls_of(type_id: str) -> int:
    """Return about how many calls the repair of one resource takes."""
    return _CALLS.get(type_id, 4)


def _broken(account: Account, type_id: str, side: str, error: Exception) -> Finding:
    """Return what is told of all the resources that a list would have named from here on."""
    return Finding(
        class_="unknown",
        type_id=type_id,
        id="(the rest)",
        account=account.name,
        retailer=account.retailer,
        reason=f"the list in {side} could not be read any further: {error}",
        mendable=False,
    )


class Sweep:
    """Both directions, with what our own queue has on its way left out."""

    def __init__(
        self, store: Store, reading: Studio, edition: Edition, *, settle: float = 120.0
    ) -> None:
        self._store = store
        self._reading = reading
        self._edition = edition
        self._settle = settle

    async def findings(self, account: Account, which: Which) -> AsyncIterator[Sequence[Finding]]:
        """Yield all that is found, page by page.

        What Fluent has too much of is looked for only where everything is compared: neither a
        sample nor a window tells what is no longer there.
        """
        try:
            async for page in self._forward().findings(account, which):
                yield page
        except ConnectError as error:
            yield [_broken(account, which.type_id, "commercetools", error)]
            return
        if which.keys or which.sample is not None or which.since is not None:
            return
        try:
            async for page in self._backward(account).findings(account, which.type_id):
                yield page
        except ConnectError as error:
            yield [_broken(account, which.type_id, "fluent", error)]

    async def page(
        self, account: Account, which: Which, cursor: str | None
    ) -> tuple[Sequence[Finding], str | None]:
        """Return one page (`cursor` None: the first) and the next one's cursor; raise what fails.

        `which` names a type, and perhaps since when: no keys, no sample.
        """
        way, _, after = (cursor or _THERE).partition(":")
        if f"{way}:" == _THERE:
            found, more = await self._forward().page(account, which, after)
            if more is not None:
                return found, _THERE + more
            return found, _BACK if which.since is None else None
        found, more = await self._backward(account).page(account, which.type_id, after)
        return found, None if more is None else _BACK + more

    def _forward(self) -> Forward:
        return Forward(self._reading, self._edition, self._busy, settle=self._settle)

    def _backward(self, account: Account) -> Backward:
        settings = self._edition.config.settings.get((account.name, account.retailer))

        async def busy(type_id: str, id_: str) -> bool:
            return await self._waits(lane(account.name, account.retailer, Reference(type_id, id_)))

        return Backward(self._reading, settings or Settings(), busy, self._deleted)

    async def _busy(self, message: Message) -> bool:
        return await self._waits(message.key)

    async def _waits(self, key: str) -> bool:
        return bool(await self._store.read(on_its_way_statement(key, time.time())))

    async def _deleted(self, type_id: str, id_: str) -> bool:
        return bool(await self._store.read(deletion_statement(type_id, id_)))
