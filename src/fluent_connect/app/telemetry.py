"""What the service counts and says about each request and each committed delivery."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from fluent_connect.model.fact import Attempted
from fluent_connect.model.outcome import (
    Dead,
    Done,
    Fate,
    Later,
    Outcome,
    Parked,
    Skipped,
    Superseded,
)
from fluent_connect.model.parcel import CT_QUEUE
from fluent_connect.queues.store import Verdict, Write

disable_created_metrics()  # type: ignore[no-untyped-call]
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STATES: dict[type[Fate], str] = {
    Done: "done",
    Skipped: "skipped",
    Superseded: "superseded",
    Later: "retrying",
    Parked: "parked",
    Dead: "dead",
}


_REMARKABLE = {"dead": "warning", "retrying": "warning"}


class Telemetry:
    """The metrics of one service, in a registry of their own, and its log line a delivery.

    `verbose`: what was only read and passed on, from the ct-queue, has a line as well.
    """

    def __init__(self, clock: Callable[[], float] = time.time, *, verbose: bool = False) -> None:
        self.registry = CollectorRegistry()
        self.last_commit = 0.0
        """When a delivery was committed last: what readiness means by progress."""
        self._clock = clock
        self._log: Any = structlog.get_logger()
        self._logger: Any = None
        self._verbose = verbose
        self._requests = self.counter("ingest_requests", "Requests at a door.", "door", "status")
        self._answered = self._histogram("ingest_request_duration_seconds", "To the answer.")
        self._committed = self.counter(
            "messages_processed", "Deliveries committed.", "queue", "name", "state"
        )
        self._handled = self._histogram("handler_duration_seconds", "Of one run.", "handler")
        self._counts: dict[tuple[str, str, str], Counter] = {}
        self._doors: dict[tuple[str, int], Counter] = {}
        self._handlers: dict[str, Histogram] = {}

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """Return a new gauge of this service."""
        return Gauge(f"fluent_connect_{name}", text, labels, registry=self.registry)

    def requested(self, door: str, status: int, seconds: float) -> None:
        """Count one request at a door."""
        counter = self._doors.get((door, status))
        if counter is None:
            counter = self._doors[door, status] = self._requests.labels(door, str(status))
        counter.inc()
        self._answered.observe(seconds)

    def committed(self, write: Write, verdict: Verdict) -> None:
        """Count and log one delivery and what the commit made of it."""
        delivery = write.delivery
        if delivery is None:
            return
        now = self.last_commit = self._clock()
        state, reason = _told(write.outcome, verdict)
        parcel = delivery.parcel
        account, _, name = parcel.group.partition("/")
        self._count(delivery.queue, name, state)
        attempt = _attempt(write.outcome)
        if attempt is not None:
            self._observe(attempt.handler, attempt.seconds)
        if delivery.queue == CT_QUEUE and state not in _REMARKABLE and not self._verbose:
            return
        say: Callable[..., object] = getattr(self._bound(), _REMARKABLE.get(state, "info"))
        say(
            "delivery",
            state=state,
            reason=reason,
            queue=delivery.queue,
            message_id=parcel.id,
            name=name,
            account=account,
            attempt=delivery.tries,
            ms=round(
                (attempt.seconds if attempt else now - (delivery.first_tried or now)) * 1e3, 1
            ),
        )

    def _bound(self) -> Any:
        """Return the logger as it was configured when the first line came."""
        if self._logger is None:
            self._logger = self._log.bind()
        return self._logger

    def _count(self, queue: str, name: str, state: str) -> None:
        counter = self._counts.get((queue, name, state))
        if counter is None:
            counter = self._committed.labels(queue, name, state)
            self._counts[queue, name, state] = counter
        counter.inc()

    def _observe(self, handler: str, seconds: float) -> None:
        histogram = self._handlers.get(handler)
        if histogram is None:
            histogram = self._handlers[handler] = self._handled.labels(handler)
        histogram.observe(seconds)

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """Return a new counter of this service."""
        return Counter(f"fluent_connect_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(
            f"fluent_connect_{name}", text, labels, buckets=_SECONDS, registry=self.registry
        )


def _attempt(outcome: Outcome) -> Attempted | None:
    for fact in outcome.facts:
        if isinstance(fact, Attempted):
            return fact
    return None


def _told(outcome: Outcome, verdict: Verdict) -> tuple[str, str]:
    """Return the state word and the reason of what was committed."""
    if verdict is Verdict.LEASE_LOST:
        return "lease-lost", "another worker has it"
    if verdict in {Verdict.DUPLICATE, Verdict.SUPERSEDED}:
        return "superseded", verdict.value
    fate = outcome.fate
    if fate is None:
        return "refused", ""
    state = _STATES[type(fate)]
    if isinstance(fate, Done):
        return state, fate.note
    return state, fate.by if isinstance(fate, Superseded) else fate.reason
