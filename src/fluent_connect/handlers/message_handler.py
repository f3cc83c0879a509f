"""The face that partners extend: what a Message Handler is, and what it is given."""

import functools
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec
from structlog.typing import FilteringBoundLogger as Logger

from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.clients.fluent.model import Event, Mutation, Upsert
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Given, Mapper
from fluent_connect.mapping.rules.target import Target
from fluent_connect.model.errors import Skip
from fluent_connect.model.lease import Lease
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

R = TypeVar("R")


class Refresh(msgspec.Struct, frozen=True):
    """Have the handler of `route` look at this resource again, on the resource's own lane.

    `route` None: the route that upserts resources of this type. `at`: not before this time (seconds
    since the epoch); the look that a message schedules for its own resource is scheduled once.
    """

    resource: Reference
    route: str | None = None
    at: float = 0.0


Change = Upsert | Mutation | Event | Update | Refresh
"""What a handler wants done: in Fluent, in commercetools, or by another handler."""


class Fetched(msgspec.Struct, Generic[R], frozen=True):
    """A resource as it stands now, and its version. Resource None: it is gone.

    `deleted`: it is gone, and `resource` holds what is still known of it, for `map` to clear up.
    `dependencies`: the versions of what else was read, by `typeId/id`. `erases`: whatever is stored
    here of the message's resource, and of what is known to be its, is cleared with the outcome.
    """

    resource: R | None
    version: int | None
    deleted: bool = False
    dependencies: Mapping[str, int] = {}
    erases: bool = False


class HandlerContext(msgspec.Struct, frozen=True):
    """All that a handler may touch, already signed in for the message's account."""

    commercetools: Commercetools
    fluent: Fluent
    settings: Settings
    props: Mapping[str, str]
    """The `props` of the route."""
    lease: Lease
    log: Logger
    payload: Callable[[], Awaitable[Mapping[str, object] | None]]
    """Return what the sender sent, as it came in; None once its bytes are no longer kept."""
    clock: Callable[[], float] = time.time
    """Seconds since the epoch: `fetch` may read it, `map` may not."""


@functools.cache
def ours() -> Mapper:
    """Return what fills targets where no mapping file of a partner says otherwise."""
    return Mapper(Rules(packaged(), settings=Settings))


class MapContext(msgspec.Struct, frozen=True):
    """What a mapping may know: no client, no clock.

    `mapping` fills the targets of the handler; by default by our own rules. It always works for the
    account, the settings and the props of the context that it stands in.
    """

    account: str
    retailer: str
    project_key: str | None
    settings: Settings
    props: Mapping[str, str]
    mapping: Mapper = msgspec.field(default_factory=ours)

    def __post_init__(self) -> None:
        """Bind the mapper to what this context is for."""
        given = Given(self.settings, self.account, self.retailer, self.project_key, self.props)
        if self.mapping.given != given:
            msgspec.structs.force_setattr(self, "mapping", self.mapping.bound(given))


class MessageHandler(ABC, Generic[R]):
    """Carry one kind of change from commercetools to Fluent OMS.

    A `state` handler takes a message as a hint: it reads the newest state and brings it about, so
    that a repeat or an older message does no harm. An `event` handler sees each message, in the
    order of arrival. A handler returns, or raises: `Skip(reason)`, `UnprocessableError` (dead at
    once), a `RetryableError` (later); anything else is a bug (a few tries, then dead).
    """

    name: ClassVar[str]
    """What a route calls it by."""
    targets: ClassVar[Mapping[str, Target]] = {}
    """What mapping files may fill, by the name of their block."""
    priority: ClassVar[int] = 0
    """The higher wins a name: how a partner replaces ours."""
    kind: ClassVar[Literal["state", "event"]] = "state"
    slow: ClassVar[bool] = False
    """Map in a thread: for mappings that take more than a few milliseconds."""
    timeout: ClassVar[float] = 60.0
    """Seconds that one run may take, calls and all."""
    version: ClassVar[str] = "1"
    """Change it with the mapping: what was applied by another version is looked at again."""

    @abstractmethod
    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[R]:
        """Read what `map` needs, as it stands now."""

    @abstractmethod
    def map(self, resource: R, message: Message, context: MapContext) -> Iterable[Change]:
        """Return the changes that bring `resource` about in Fluent. Pure: same in, same out."""

    def gone(self, message: Message, context: MapContext) -> Iterable[Change]:  # noqa: ARG002
        """Return the changes for a resource that is no longer there. Default: skip it."""
        raise Skip("gone from commercetools")


AnyHandler = MessageHandler[Any]
