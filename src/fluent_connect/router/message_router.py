"""Event Queue -> route -> handler: what becomes of one message."""

import time
from collections.abc import Callable, Mapping
from functools import partial

from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.rules.blocks import Blocks
from fluent_connect.model.codec import decode_json, decode_message
from fluent_connect.model.deadlines import Deadlines
from fluent_connect.model.errors import ConnectError, MalformedError, NoRouteError
from fluent_connect.model.message import Message
from fluent_connect.model.outcome import Outcome, Skipped, Superseded
from fluent_connect.queues.store import Delivery, Store
from fluent_connect.router import fencing
from fluent_connect.router.belongs import Belonging
from fluent_connect.router.desk import Desk, Desks
from fluent_connect.router.repairs import Repairs
from fluent_connect.router.routes import RouteTable
from fluent_connect.router.run import Clients, Run, Tools


class MessageRouter:
    """A station: have the handler of a message's route carry the message to Fluent OMS.

    settings: of an account and retailer.
    clients:  make both clients of an account, bound to one message's trace.
    patience: seconds for which a resource that is not found, though nobody told of its deletion,
              is taken for a stale read.
    mapping:  what mapping files say; None: our own alone.
    """

    def __init__(
        self,
        store: Store,
        routes: RouteTable,
        accounts: Accounts,
        clients: Clients,
        *,
        settings: Callable[[Account], Settings] = lambda _: Settings(),
        clock: Callable[[], float] = time.time,
        patience: float = 30.0,
        mapping: Blocks | None = None,
    ) -> None:
        self._store = store
        self._desks = Desks(routes, accounts, settings, mapping)
        self._tools = Tools(
            routes, clients, Belonging(accounts), clock, patience, Deadlines(), Repairs(clock)
        )

    async def __call__(self, delivery: Delivery) -> Outcome:
        """Return what came of the message; every failure is in it, as its error."""
        try:
            message = decode_message(delivery.parcel.body)
            desk = self._desks.find(message)
        except NoRouteError as error:
            error.since = await self._store.delivered()
            return Outcome(error=error)
        except ConnectError as error:
            return Outcome(error=error)
        return await self._run(delivery, message, desk)

    async def _run(self, delivery: Delivery, message: Message, desk: Desk) -> Outcome:
        key = fence = None
        about = message.resource or (None if message.version is None else message.key)
        if about is not None:
            key = f"{desk.fence}{about}"
            if desk.event and message.sequence is None:
                # Of changes the version counts: it must not be weighed against a sequence.
                key = f"{key}/changes"
            fence = (await self._store.fences(key)).get(key)
            never = fencing.skipped_for_good(fence, desk.fingerprint)
            if never is not None:
                return Outcome(fate=Skipped(never))
            by = fencing.superseded(message, fence, desk.fingerprint, event=desk.event)
            if by is not None:
                return Outcome(fate=Superseded(by))
        run = Run(self._tools, desk, delivery, message, await self._store.delivered())
        return await run.outcome(key, fence, partial(self._original, delivery.parcel.origin))

    async def _original(self, origin: str | None) -> Mapping[str, object] | None:
        """Return the JSON object that the sender sent, while its bytes are kept."""
        parcel = None if origin is None else await self._store.original(origin)
        if parcel is None:
            return None
        try:
            value = decode_json(parcel.body)
        except MalformedError:
            return None
        return value if isinstance(value, dict) else None
