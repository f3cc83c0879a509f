"""The face of a batch job: a sweep over many resources that yields messages."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import msgspec
from structlog.typing import FilteringBoundLogger as Logger

from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.fluent.client import Fluent
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.message import Message


class Page(msgspec.Struct, frozen=True):
    """A part of a sweep: its messages, and where to go on after it (None: it was the last).

    Messages and cursor are committed together, so that a sweep that was cut off goes on behind the
    last page that was kept.
    """

    messages: Sequence[Message]
    cursor: str | None


class Window(msgspec.Struct, frozen=True):
    """The time that a sweep is about, in UTC: changes from `start` (None: ever) to before `end`."""

    start: datetime | None
    end: datetime


class JobContext(msgspec.Struct, frozen=True):
    """All that a job may touch, already signed in for one account and retailer."""

    commercetools: Commercetools
    fluent: Fluent
    settings: Settings
    props: Mapping[str, str]
    """The `props` of the job."""
    account: str
    retailer: str
    project_key: str
    log: Logger


class JobHandler(ABC):
    """A bounded sweep: read many resources, yield messages; message handlers do the rest.

    One job of one name runs at a time for an account and retailer. It may be cut off and begun
    again at the cursor of its last page: the same window and cursor yield the same messages, with
    the same ids.
    """

    name: ClassVar[str]
    """What the configuration calls it by."""
    priority: ClassVar[int] = 0
    """The higher wins a name: how a partner replaces ours."""

    @abstractmethod
    def sweep(self, window: Window, cursor: str | None, context: JobContext) -> AsyncIterator[Page]:
        """Yield the pages of the window, from `cursor` (None: from the start) to its end."""
