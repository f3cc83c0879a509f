"""One run of a handler: fetch, compare with what is known, map, push, and tell."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import msgspec
import structlog

from fluent_connect.clients.accounts import Account
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.clients.fluent.model import Pushed, Upsert
from fluent_connect.clients.fluent.touched import independent
from fluent_connect.clients.trace import Trace
from fluent_connect.handlers.message_handler import Change, Fetched, HandlerContext, Refresh
from fluent_connect.model import killpoint
from fluent_connect.model.codec import encode
from fluent_connect.model.deadlines import Deadlines
from fluent_connect.model.errors import MissingParentError, NoRouteError, RetryableError, Skip
from fluent_connect.model.fact import Attempted, Delivered, Erased, Fact, Known
from fluent_connect.model.lease import Lease
from fluent_connect.model.message import Cause, Message
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Done, Fence, Guard, Outcome, Skipped
from fluent_connect.queues.retry import aborted, told
from fluent_connect.queues.store import Delivery
from fluent_connect.router import fencing
from fluent_connect.router.accepted import accepted
from fluent_connect.router.desk import Desk
from fluent_connect.router.emit import Emitted, ahead, emit, with_emitted
from fluent_connect.router.identifiers import identifiers
from fluent_connect.router.mapped import Mapped, Maps, mapped
from fluent_connect.router.notes import what_was_done, with_cuts
from fluent_connect.router.repairs import Repairs
from fluent_connect.router.routes import Bound, RouteTable

Clients = Callable[[Account, Trace], tuple[Commercetools, Fluent]]
"""Make the two clients of an account, bound to one message's trace."""
Belongs = Callable[[Account, Message, object], Account | None]
"""Return the account that a resource, as read, belongs to instead; None: it is at the right one."""
Payload = Callable[[], Awaitable[Mapping[str, object] | None]]

_FRESH = 5.0
"""Seconds after its first take in which a delivery surely was not begun before."""
_WAITED_FOR = frozenset({"category", "customer", "standardProduct", "variantProduct"})
"""Entities that others may be parked on."""
_NOTHING = Mapped((), (), lambda _: ())


class Tools(msgspec.Struct, frozen=True):
    """What every run needs, whatever its message."""

    routes: RouteTable
    clients: Clients
    belongs: Belongs
    clock: Callable[[], float]
    patience: float
    """Seconds for which a resource that is not found is taken for a stale read."""
    deadlines: Deadlines
    """Of the runs: a handler's time-out."""
    repairs: Repairs
    """Which missing parents were asked for a moment ago."""


class Run:
    """One delivery at one desk, from the fetch to the outcome."""

    __slots__ = (
        "_began",
        "_delivery",
        "_dependencies",
        "_desk",
        "_fence",
        "_key",
        "_known",
        "_lease",
        "_made",
        "_message",
        "_pushed",
        "_since",
        "_tools",
        "_trace",
        "_writing",
    )

    def __init__(
        self, tools: Tools, desk: Desk, delivery: Delivery, message: Message, since: int
    ) -> None:
        self._tools = tools
        self._desk = desk
        self._delivery = delivery
        self._message = message
        self._since = since
        self._key: str | None = None
        self._fence: Fence | None = None
        self._known: Sequence[Known] = ()
        self._pushed: list[Pushed] = []
        self._made = _NOTHING
        self._dependencies: Mapping[str, int] = {}
        self._writing = False
        self._began = tools.clock()
        self._lease = Lease(delivery.until, tools.clock)
        self._trace = Trace(self._lease, message.id)

    async def outcome(self, key: str | None, fence: Fence | None, payload: Payload) -> Outcome:
        """Return what came of the run; a failure is in it, not raised.

        key: of the fence that the result is committed with; None if nothing orders the message.
        """
        self._key, self._fence = key, fence
        task, deadlines = asyncio.current_task(), self._tools.deadlines
        assert task is not None  # noqa: S101 - a coroutine runs in one
        deadlines.start(task, self._desk.handler.timeout)
        try:
            return await self._work(self._context(payload))
        except Skip as skip:
            return self._skipped(skip)
        except asyncio.CancelledError:
            if not deadlines.passed(task):
                raise
            return self._failed(self._overrun())
        except Exception as error:  # noqa: BLE001 - queues/retry.py decides what becomes of it
            return self._failed(error)
        except (SystemExit, KeyboardInterrupt) as error:
            return self._failed(aborted(error))
        finally:
            deadlines.end(task)

    def _context(self, payload: Payload) -> HandlerContext:
        desk, message = self._desk, self._message
        commercetools, fluent = self._tools.clients(desk.account, self._trace)
        return HandlerContext(
            commercetools=commercetools,
            fluent=fluent,
            settings=desk.settings,
            props=desk.route.props,
            lease=self._lease,
            log=structlog.get_logger(message=message.id, route=message.name),
            payload=payload,
            clock=self._tools.clock,
        )

    async def _work(self, context: HandlerContext) -> Outcome:
        desk, message = self._desk, self._message
        fetched = await desk.handler.fetch(message, context)
        self._check(fetched)
        self._dependencies = fetched.dependencies
        resource, deleted = fetched.resource, fetched.deleted
        if resource is None:
            return await self._gone(fetched.version, context)
        self._known = [Known(message.id, kind, text) for kind, text in identifiers(resource)]
        if not deleted:
            elsewhere = self._tools.belongs(desk.account, message, resource)
            if elsewhere is not None:
                return self._passed_on(elsewhere)
        slow = desk.handler.slow
        changes = await asyncio.to_thread(self._map, resource) if slow else self._map(resource)
        version = message.sequence if desk.event else fetched.version
        version = fencing.number(message, event=desk.event) if version is None else version
        erased = [Erased(r.type_id, r.id) for r in (message.resource,) if r and fetched.erases]
        del fetched, resource  # hundreds of pushes may be waited for; each would hold its own
        return await self._apply(changes, version, context, erased, deleted=deleted)

    def _map(self, resource: object) -> Sequence[Change]:
        handler, message = self._desk.handler, self._message
        return self._make(lambda at: handler.map(resource, message, at))

    def _make(self, changes: Maps) -> Sequence[Change]:
        self._made = mapped(self._desk.context, changes)
        return self._made.changes

    def _check(self, fetched: Fetched[object]) -> None:
        """Raise a RetryableError that is no try if the read is older than what is known."""
        message, event, absent = self._message, self._desk.event, fetched.resource is None
        fence = None if event else self._fence
        old = fencing.stale(message, fetched.version, fetched.dependencies, fence)
        present = not (absent or fetched.deleted)
        if old is None and not event and message.deletes and present:
            old = "stale read: deleted, but still there"
        untold = (absent or fetched.deleted) and not message.deletes
        if old is None and untold and self._age() < self._tools.patience:
            old = "stale read: not there, though nobody told of its deletion"
        if old is not None:
            raise RetryableError(old, counts=False)

    async def _gone(self, version: int | None, context: HandlerContext) -> Outcome:
        """Bring about what the handler wants for a resource that is no longer there."""
        known = self._fence.version if self._fence else 0
        if self._desk.event:
            version = fencing.number(self._message, event=True)
        else:
            version = max(version or 0, self._message.version or 0, known)
        try:
            changes = self._make(lambda at: self._desk.handler.gone(self._message, at))
        except Skip as skip:
            return self._skipped(skip, self._guards(version, "", deleted=True))
        return await self._apply(changes, version, context, (), deleted=True)

    async def _apply(
        self,
        changes: Sequence[Change],
        version: int | None,
        context: HandlerContext,
        erased: Iterable[Fact],
        *,
        deleted: bool = False,
    ) -> Outcome:
        output = fencing.digest(changes)
        self._dependencies = {**self._dependencies, **fencing.look(changes, self._message)}
        emitted: list[Emitted] = []
        if not deleted and self._holds(changes, version, output):
            note = "unchanged"
        else:
            emitted = self._refreshes(changes)
            changes = await accepted(self._made, context.fluent, self._desk.context)
            self._made = msgspec.structs.replace(_NOTHING, cuts=self._made.cuts)
            await self._push(changes, context)
            told = what_was_done(
                self._pushed, sum(not each.put.parcel.not_before for each in emitted)
            )
            note = "; ".join((told, *_notes(changes)))
        facts = (self._attempted("done", ""), *self._delivered(), *erased)
        guards = self._guards(version, output, deleted=deleted)
        note = with_cuts(note, self._made.cuts)
        return with_emitted(Outcome(Done(note), guards, (), facts), *emitted)

    def _holds(self, changes: Sequence[Change], version: int | None, output: str) -> bool:
        """Say whether no push is needed. A delivery that was begun before may have pushed."""
        delivery = self._delivery
        if delivery.tries > 1 or delivery.parks or self._age() > _FRESH:
            return False
        new = Fence(version or 0, self._desk.fingerprint, output)
        return fencing.unchanged(changes, self._message, version, self._fence, new)

    def _refreshes(self, changes: Sequence[Change]) -> list[Emitted]:
        """Return the messages for other handlers. Raise Skip where nobody would take one."""
        emitted: list[Emitted] = []
        for change in changes:
            if isinstance(change, Refresh) and not self._scheduled(change):
                route = self._refreshing(change)
                suffix = str(len(emitted))
                emitted.append(self._emit(route, change.resource, suffix, "refresh", due=change.at))
        return emitted

    def _scheduled(self, change: Refresh) -> bool:
        return fencing.scheduled(change, self._message, None if self._desk.event else self._fence)

    def _refreshing(self, change: Refresh) -> Bound:
        if change.route is not None:
            return self._tools.routes.find(change.route)
        route = self._tools.routes.upserting(change.resource.type_id)
        if route is None:
            raise Skip(f"no route upserts {change.resource.type_id}")
        return route

    def _emit(
        self, route: Bound, resource: Reference, suffix: str, cause: Cause, *, due: float = 0.0
    ) -> Emitted:
        message = self._message
        seen = (
            cause == "refresh" and not due and message.version is not None and not message.deletes
        )
        return emit(
            message,
            self._delivery.parcel,
            route,
            resource,
            suffix=suffix,
            cause=cause,
            at=self._began,
            dependencies={str(message.resource): message.version or 0} if seen else {},
            due=due,
        )

    async def _push(self, changes: Sequence[Change], context: HandlerContext) -> None:
        killpoint.reach("router:before-push")
        for run in independent(changes) if len(changes) > 1 else (changes,):
            if len(run) > 1:
                await self._push_all(run, context)
                continue
            for change in run:
                if isinstance(change, Refresh):
                    continue
                self._writing = True
                if isinstance(change, Update):
                    await context.commercetools.update(change)
                else:
                    self._pushed.append(await context.fluent.push(change))
        killpoint.reach("router:after-push")

    async def _push_all(self, run: Sequence[Change], context: HandlerContext) -> None:
        """Push what is independent at the same time. Raise the first error once all have ended."""
        self._writing = True
        upserts = [change for change in run if isinstance(change, Upsert)]
        came = await context.fluent.push_all(upserts)
        self._pushed += [each for each in came if isinstance(each, Pushed)]
        for each in came:
            if isinstance(each, BaseException):
                raise each

    def _failed(self, error: Exception) -> Outcome:
        """Return the failure, with what had been pushed before it."""
        facts = (self._attempted("failed", told(error)), *self._delivered())
        outcome = Outcome(error=error, guards=self._doubted(), facts=facts)
        if isinstance(error, NoRouteError):
            error.since = self._since
        if isinstance(error, MissingParentError):
            return with_emitted(outcome, *self._asked_for(error))
        return outcome

    def _asked_for(self, error: MissingParentError) -> Sequence[Emitted]:
        """Say what the message waits for, and have the parent brought about meanwhile.

        A repair, not a refresh: what we believe to have applied is not there.
        """
        error.waits_for = f"{self._desk.refs}{error.entity}/{error.ref}"
        error.since = self._since
        source = error.source
        route = None if source is None else self._tools.routes.upserting(source.type_id)
        if source is None or route is None or not self._tools.repairs.wanted(error.waits_for):
            return ()
        emitted = self._emit(route, source, f"{self._delivery.parks}p", "repair")
        return (ahead(emitted, self._began),)

    def _doubted(self) -> Sequence[Guard]:
        """Forget what Fluent was known to hold, if this run may have changed it."""
        if self._writing and self._key and self._fence and self._fence.output:
            return (fencing.doubted(self._key, self._fence),)
        return ()

    def _skipped(self, skip: Skip, guards: Sequence[Guard] = ()) -> Outcome:
        facts = (self._attempted("skipped", reason := str(skip)), *self._delivered())
        if skip.for_good:
            version = fencing.number(self._message, event=self._desk.event) or 0
            guards = self._guards(version, f"{fencing.SKIPPED}{reason}", deleted=False)
        return Outcome(Skipped(reason), guards or self._doubted(), (), facts)

    def _passed_on(self, account: Account) -> Outcome:
        """Hand the resource to the account that it belongs to, now that it is known which."""
        place = f"{account.name}/{account.retailer}"
        message, resource = self._message, self._message.resource
        if message.only and account.name not in message.only:
            return self._skipped(Skip(f"belongs to {place}, which its door does not feed"))
        assert resource is not None  # noqa: S101 - only a resource belongs to an account
        to = msgspec.structs.replace(message, account=account.name, retailer=account.retailer)
        emitted = emit(
            to,
            self._delivery.parcel,
            self._desk.route,
            resource,
            suffix="e",
            cause="refresh",
            at=self._tools.clock(),
            kind=message.kind,
            attributes=message.attributes,
        )
        return with_emitted(self._skipped(Skip(f"belongs to {place}: passed on")), emitted)

    def _overrun(self) -> RetryableError:
        handler = self._desk.handler
        return RetryableError(f"{handler.name} took longer than {handler.timeout:g} s")

    def _age(self) -> float:
        first = self._delivery.first_tried
        return 0.0 if first is None else self._tools.clock() - first

    def _guards(self, version: int | None, output: str, *, deleted: bool) -> Sequence[Guard]:
        if self._key is None or version is None:
            return ()
        new = Fence(version, self._desk.fingerprint, output, deleted, self._dependencies)
        return (fencing.newer(self._key, new, self._fence),)

    def _delivered(self) -> Iterable[Fact]:
        yield from self._known
        for pushed in self._pushed:
            yield Known(self._message.id, "fluent", pushed.ref)
            if pushed.entity == "variantProduct":
                yield Known(self._message.id, "sku", pushed.ref)
            if pushed.entity in _WAITED_FOR and pushed.how != "absent":
                yield Delivered(f"{self._desk.refs}{pushed.entity}/{pushed.ref}")

    def _attempted(self, outcome: str, error: str) -> Attempted:
        return Attempted(
            id=self._message.id,
            tries=self._delivery.tries,
            at=self._began,
            seconds=self._tools.clock() - self._began,
            handler=self._desk.handler.name,
            route=self._message.name,
            outcome=outcome,
            error=error,
            calls=encode(self._trace.calls),
        )


def _notes(changes: Sequence[Change]) -> Iterable[str]:
    """Return what the changes cannot bring about, each once."""
    upserts = (change for change in changes if isinstance(change, Upsert))
    return dict.fromkeys(note for change in upserts for note in change.notes)
