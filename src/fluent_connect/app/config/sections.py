"""The keys of the running service: retries, calls, what is kept, ports and logs."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from fluent_connect.app.config.values import (
    Duration,
    Durations,
    Hidden,
    Port,
    Positive,
    QueueUrl,
    Rate,
    Share,
    Size,
    WebUrl,
)
from fluent_connect.clients.fluent.batch import BatchSettings
from fluent_connect.queues.retry import RetryPolicy

_POLICY = RetryPolicy()
_BATCH = BatchSettings()
_MOST_ALIASES = 200
_MOST_COMPLEX = 11_111
_LARGEST_REQUEST = 2 * 1024 * 1024


def kebab(name: str) -> str:
    """Return the key that a field is written as."""
    return name.replace("_", "-")


class Section(BaseModel):
    """A part of the configuration. Unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=kebab)


class RetrySection(Section):
    """What becomes of failures: the keys and defaults of `RetryPolicy`."""

    waits: Durations = tuple(_POLICY.waits)
    jitter: Share = _POLICY.jitter
    retry_after_cap: Duration = _POLICY.retry_after_cap
    bug_waits: Durations = tuple(_POLICY.bug_waits)
    stale_waits: Durations = tuple(_POLICY.stale_waits)
    stale_deadline: Duration = _POLICY.stale_deadline
    outage_wait: Duration = _POLICY.outage_wait
    park_waits: Durations = tuple(_POLICY.park_waits)
    parent_deadline: Duration = _POLICY.parent_deadline
    route_wait: Duration = _POLICY.route_wait

    @property
    def policy(self) -> RetryPolicy:
        """Return the policy that the consumers ask."""
        return RetryPolicy(**self.model_dump())

    @property
    def horizon(self) -> float:
        """Return how long a message may go on failing, in seconds, before it is dead."""
        return sum(self.waits) * (1 + self.jitter)


class Timeouts(Section):
    """How long a call may take, from connecting to the last byte."""

    total: Duration = 30.0


class Budget(Section):
    """Calls a second (0: as many as it takes), and calls at once, for one account of a system."""

    rate: Rate = 0.0
    concurrency: Positive = 128


class Budgets(Section):
    """The budgets of the two systems."""

    fluent: Budget = Budget()
    commercetools: Budget = Budget()


class Breaker(Section):
    """When an (account, system) counts as down, and when it is tried again."""

    failures: Positive = 10
    open_for: Duration = 30.0


class Batch(Section):
    """How operations on Fluent's catalogue share requests; `max` 1: each goes by itself."""

    max: Annotated[int, Field(ge=1, le=_MOST_ALIASES)] = _BATCH.most
    parallel: Positive = _BATCH.parallel
    complexity: Annotated[int, Field(ge=1, le=_MOST_COMPLEX)] = _BATCH.complexity
    size: Annotated[Size, Field(ge=1, le=_LARGEST_REQUEST)] = _BATCH.size


class HttpSection(Section):
    """How we call the two systems."""

    transport: Literal["aiohttp", "pyreqwest"] = "aiohttp"
    timeouts: Timeouts = Timeouts()
    budgets: Budgets = Budgets()
    breaker: Breaker = Breaker()
    batch: Batch = Batch()


class JournalSection(Section):
    """Where the journal lives, whose bodies and answers are kept, and how long what is kept stays.

    No `url`: where the queues in SQL live; if none does, SQLite in the data folder.
    """

    url: QueueUrl | None = None
    record: Literal["failed", "sample", "all"] = "failed"
    sample: Share = 0.01
    retention_settled: Duration = 30 * 86400.0
    retention_bodies: Duration = 7 * 86400.0
    retention_seen: Duration = 30 * 86400.0


class NotificationsSection(Section):
    """Where operators are told, beside the log: a webhook that takes JSON, with a bearer token."""

    url: WebUrl | None = None
    token: Hidden | None = None


class DiskSection(Section):
    """How full the disk may be before we warn, and before the door answers 503."""

    warn: Share = 0.8
    refuse: Share = 0.95


class AdminSection(Section):
    """The operators' port: actuator, probes, metrics, API, console."""

    host: str = "127.0.0.1"
    port: Port = 8081


class LogSection(Section):
    """What is logged, and how. `auto`: text on a terminal, JSON elsewhere."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"


class ErrorEntry(Section):
    """What an error of Fluent's (by code, or by a piece of its text) means for the message."""

    code: str | None = None
    text: str | None = None
    fate: Literal["later", "outage", "not-found", "exists", "dead"]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not (self.code or self.text):
            fix = "write `code: C0120E`, or `text: <a piece of the message>`"
            raise PydanticCustomError("one_of", "a code or a text", {"fix": fix})
        return self
