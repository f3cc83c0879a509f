"""The face of a batch job: a sweep over many resources that yields messages."""

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger as Logger

from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.handlers.settings import Settings
from fluent_connect.jobs.comparer import Comparer
from fluent_connect.jobs.notice import Notice
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.fact import Statement
from fluent_connect.model.message import Cause, Message, lane
from fluent_connect.model.notification import Reference

Read = Callable[[Statement], Awaitable[Sequence[Mapping[str, object]]]]


class Page(msgspec.Struct, frozen=True):
    """A part of a sweep: its messages, and where to go on after it (None: it was the last).

    Messages, notices and cursor are committed together, so that a sweep that was cut off goes on
    behind the last page that was kept. A page may be empty.
    """

    messages: Sequence[Message]
    cursor: str | None
    notices: Sequence[Notice] = ()


class Window(msgspec.Struct, frozen=True):
    """The time that a sweep is about, in UTC: changes from `start` (None: ever) to before `end`."""

    start: datetime | None
    end: datetime


async def _reads_nothing(statement: Statement) -> Sequence[Mapping[str, object]]:
    raise NotImplementedError(f"no journal to search: {statement.text}")


class JobContext(msgspec.Struct, frozen=True):
    """All that a job may touch, already signed in for one account and retailer.

    props:   the job's, those of the run over those of the settings over the configured ones.
    run:     the id of the run; ids of messages begin with it.
    begun:   when the run began; the same after a restart.
    upserts: the name of the messages that bring a resource of a type about in Fluent.
    read:    search the journal.
    comparer: returns what compares both systems; None where nothing can.
    """

    commercetools: Commercetools
    fluent: Fluent
    settings: Settings
    props: Mapping[str, str]
    account: str
    retailer: str
    project_key: str
    log: Logger = msgspec.field(default_factory=lambda: structlog.get_logger("fluent_connect"))
    run: str = "run"
    begun: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    upserts: Mapping[str, str] = {}
    read: Read = _reads_nothing
    comparer: Callable[[], Comparer] | None = None
    clock: Callable[[], float] = time.time

    def upsert(
        self,
        resource: Reference,
        version: int | None = None,
        *,
        cause: Cause = "job",
        attributes: Mapping[str, object] = {},
    ) -> Message:
        """Return the message that has a resource brought about in Fluent.

        Raise UnprocessableError if no route does that for resources of its type.
        """
        name = self.upserts.get(resource.type_id)
        if name is None:
            what = f"no route upserts {resource.type_id}"
            raise UnprocessableError(f"{what}: add one, or `upserts:` to the one that does")
        return self.message(name, resource, version, cause=cause, attributes=attributes)

    def message(
        self,
        name: str,
        resource: Reference,
        version: int | None = None,
        *,
        cause: Cause = "job",
        attributes: Mapping[str, object] = {},
    ) -> Message:
        """Return a message called `name` about a resource; within a run it has always one id."""
        told = f"{name} {resource}".encode()
        return Message(
            id=f"{self.run}-{hashlib.blake2b(told, digest_size=8).hexdigest()}",
            name=name,
            key=lane(self.account, self.retailer, resource),
            account=self.account,
            retailer=self.retailer,
            project_key=self.project_key or None,
            resource=resource,
            version=version,
            cause=cause,
            attributes=attributes,
        )


class JobHandler(ABC):
    """A bounded sweep: read many resources, yield messages; message handlers do the rest.

    One job of one name runs at a time for an account and retailer. It may be cut off and begun
    again at the cursor of its last page, also within one process, where other runs get their turn
    between two pages: the same window and cursor yield the same messages, with the same ids. It may
    raise what a message handler may: a RetryableError is tried again at the same cursor.
    """

    name: ClassVar[str]
    """What the configuration calls it by."""
    priority: ClassVar[int] = 0
    """The higher wins a name: how a partner replaces ours."""
    timeout: ClassVar[float] = 300.0
    """Seconds that one page may take."""

    @abstractmethod
    def sweep(self, window: Window, cursor: str | None, context: JobContext) -> AsyncIterator[Page]:
        """Yield the pages of the window, from `cursor` (None: from the start) to its end."""

    async def expected(self, window: Window, context: JobContext) -> int | None:  # noqa: ARG002
        """Return how many messages the sweep will come to, where that can be told: for progress."""
        return None


def stamp(moment: datetime) -> str:
    """Return a time as commercetools' predicates take it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
