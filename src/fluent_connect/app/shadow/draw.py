"""One run of a handler that writes nothing: what it reads, and what it would have made of it."""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog

from fluent_connect.app.shadow.differences import Place
from fluent_connect.app.shadow.fields import Output, output
from fluent_connect.app.shadow.problems import problems
from fluent_connect.app.shadow.trails import Trail, trails
from fluent_connect.clients.trace import Trace
from fluent_connect.handlers.message_handler import Change, Fetched, HandlerContext
from fluent_connect.model.errors import (
    ConnectError,
    NoRouteError,
    RetryableError,
    Skip,
    UnreachableError,
)
from fluent_connect.model.lease import Lease
from fluent_connect.model.message import Message
from fluent_connect.router.desk import Desk, Desks
from fluent_connect.router.run import Belongs, Clients

Came = Literal["mapped", "skipped", "waits", "dead", "unread"]
"""What a run comes to; `unread`: commercetools or Fluent did not answer."""
_Mapped = tuple[Sequence[Change], Mapping[Place, Trail]]
Payload = Callable[[], Awaitable[Mapping[str, object] | None]]


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What one version of handler and mapping makes of a message.

    reason: why it is not mapped. source: the resource as it was read, as JSON. changes and outputs
    tell the same, one by one. trails: where fields came from. problems: what of them Fluent's
    schema would not take.
    """

    outcome: Came
    reason: str = ""
    handler: str = ""
    version: int | None = None
    source: Any = None
    changes: Sequence[Change] = ()
    outputs: Sequence[Output] = ()
    trails: Mapping[Place, Trail] = {}
    problems: Mapping[Place, str] = {}

    def trail(self, place: Place) -> Trail | None:
        """Return where a field came from: its own rule's, else that of what it is a part of."""
        path = place.path
        while path:
            found = self.trails.get(place._replace(path=path))
            if found is not None:
                return found
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return None


async def draw(
    desks: Desks,
    clients: Clients,
    message: Message,
    payload: Payload,
    belongs: Belongs,
    *,
    plain: bool = False,
) -> Drawn:
    """Return what the handler of the message's route makes of it; a failure is in it, not raised.

    `clients` must refuse writes: `fetch` is run as it is. `belongs`: as the router takes it.
    `plain`: only version and changes, which takes half the time.
    """
    try:
        desk = desks.find(message)
    except ConnectError as error:
        return _failed(error, "")
    source: dict[str, Any] = {}
    try:
        async with asyncio.timeout(desk.handler.timeout):
            fetched = await desk.handler.fetch(message, context_of(desk, clients, message, payload))
            if fetched.resource is not None and not plain:
                source["source"] = as_json(fetched.resource)
            source["version"] = fetched.version
            _demand_own(desk, fetched, message, belongs)
            changes, found = await _mapped(desk, fetched, message, plain=plain)
    except TimeoutError:
        told = f"{desk.handler.name} took longer than {desk.handler.timeout:g} s"
        return Drawn(outcome="waits", reason=told, handler=desk.handler.name, **source)
    except Exception as error:  # noqa: BLE001 - what a handler raises is what we came to see
        return _failed(error, desk.handler.name, **source)
    drawn = Drawn(outcome="mapped", handler=desk.handler.name, changes=changes, **source)
    return drawn if plain else _with_details(drawn, found)


def _with_details(drawn: Drawn, found: Mapping[Place, Trail]) -> Drawn:
    wrong = {
        Place(number, part, path): told
        for number, change in enumerate(drawn.changes)
        for (part, path), told in problems(change).items()
    }
    outputs = tuple(map(output, drawn.changes))
    return msgspec.structs.replace(drawn, outputs=outputs, trails=found, problems=wrong)


def _demand_own(desk: Desk, fetched: Fetched[object], message: Message, belongs: Belongs) -> None:
    """Raise Skip if the resource, now that it is read, is another account's."""
    if fetched.resource is None or fetched.deleted:
        return
    other = belongs(desk.account, message, fetched.resource)
    if other is not None:
        raise Skip(f"belongs to {other.name}/{other.retailer}: passed on")


def context_of(desk: Desk, clients: Clients, message: Message, payload: Payload) -> HandlerContext:
    """Return what `fetch` is given: everything as in a real run."""
    lease = Lease(lambda: time.time() + 600.0, time.time)
    commercetools, fluent = clients(desk.account, Trace(lease, message.id))
    return HandlerContext(
        commercetools=commercetools,
        fluent=fluent,
        settings=desk.settings,
        props=desk.route.props,
        lease=lease,
        log=structlog.get_logger(message=message.id, route=message.name),
        payload=payload,
    )


async def _mapped(
    desk: Desk, fetched: Fetched[object], message: Message, *, plain: bool
) -> _Mapped:
    """Return the changes and where they came from; of a slow handler, mapped in a thread."""
    mapped = _map if plain else _traced
    if desk.handler.slow:
        return await asyncio.to_thread(mapped, desk, fetched.resource, message)
    return mapped(desk, fetched.resource, message)


def _map(desk: Desk, resource: object, message: Message) -> _Mapped:
    made = (
        desk.handler.gone(message, desk.context)
        if resource is None
        else desk.handler.map(resource, message, desk.context)
    )
    return tuple(made), {}


def _traced(desk: Desk, resource: object, message: Message) -> _Mapped:
    mapper = desk.context.mapping.traced()
    context = msgspec.structs.replace(desk.context, mapping=mapper)
    changes, _ = _map(msgspec.structs.replace(desk, context=context), resource, message)
    return changes, {
        Place(number, part, path): trail
        for number, change in enumerate(changes)
        for (part, path), trail in trails(change, mapper.origins).items()
    }


def as_json(resource: object) -> Any:
    """Return a resource as JSON, with commercetools' names; what says nothing is left out."""
    return _said(msgspec.to_builtins(resource, enc_hook=str, str_keys=True))


def _said(value: Any) -> Any:
    if isinstance(value, Mapping):
        told = {name: _said(each) for name, each in value.items()}
        return {name: each for name, each in told.items() if not _silent(name, each)}
    if isinstance(value, list | tuple | set | frozenset):
        return [_said(each) for each in value]
    return value


def _silent(name: str, value: Any) -> bool:
    """Say whether a field says nothing: empty, or a mark of ours ("~gone") that is not set."""
    return value in (None, [], {}, ()) or (name.startswith("~") and value in (False, ""))


def _failed(error: Exception, handler: str, **source: Any) -> Drawn:
    outcome: Came = "dead"
    reason = str(error)
    if isinstance(error, Skip):
        outcome = "skipped"
    elif isinstance(error, UnreachableError):
        outcome = "unread"
    elif isinstance(error, RetryableError | NoRouteError):
        outcome = "waits"
    elif not isinstance(error, ConnectError):
        reason = f"{type(error).__name__}: {error}{_where(error)}"
    return Drawn(outcome=outcome, reason=reason, handler=handler, **source)


def _where(error: Exception) -> str:
    """Return the line of a handler's or a partner's code that raised."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename) != Path(__file__)]
    return f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
