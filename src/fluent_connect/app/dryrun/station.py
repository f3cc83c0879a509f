"""The router of a dry run: messages end with an outcome of their own."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from fluent_connect.clients.fluent.graphql import operations
from fluent_connect.clients.trace import Call
from fluent_connect.model.codec import decode_message
from fluent_connect.model.errors import (
    ConnectError,
    MalformedError,
    RetryableError,
    UnprocessableError,
)
from fluent_connect.model.fact import Attempted
from fluent_connect.model.message import Message
from fluent_connect.model.outcome import Done, Outcome, Skipped, Superseded
from fluent_connect.queues.consumer import Station
from fluent_connect.queues.store import Delivery

REASON = "dry run"
"""How the reason of what would have been written begins."""
_calls = msgspec.json.Decoder(list[Call])
_ANSWERED = 200
Came = Literal["written", "done", "skipped", "superseded", "dead", "waits"]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What a message came to in a dry run. `writes`: the operations that were not sent."""

    message: str
    route: str
    account: str
    retailer: str
    resource: str
    outcome: Came
    reason: str
    writes: tuple[str, ...] = ()


class Rehearsed:
    """A station around the router's: it ends messages whose writes were not sent.

    What would have been written ends `skipped (dry run: ...)`; what Fluent holds already ends done,
    all else as it would. Fences are kept, so that a repeat is superseded as it would be: the store
    is the dry run's own, and no service accepts it.
    """

    def __init__(self, router: Station, show: Callable[[Ended], None]) -> None:
        self._router = router
        self._show = show
        self.counts: Counter[str] = Counter()

    async def __call__(self, delivery: Delivery) -> Outcome:
        """Return what came of the message; nothing that was not written is called done."""
        outcome = await self._router(delivery)
        writes = tuple(_writes(outcome))
        came, reason = _came(outcome, writes)
        self.counts[came] += 1
        self._show(_ended(delivery, came, reason, writes))
        if came == "written":
            return msgspec.structs.replace(outcome, fate=Skipped(f"{REASON}: {reason}"), error=None)
        return outcome


def _writes(outcome: Outcome) -> Iterator[str]:
    """Yield the writes among the calls that the run recorded: each was answered, none was sent."""
    for fact in outcome.facts:
        if isinstance(fact, Attempted):
            for call in _calls.decode(fact.calls):
                if call.status == _ANSWERED and (name := _write(call)):
                    yield name


def _write(call: Call) -> str:
    """Return what a call would have written; "" for one that reads or signs in."""
    path, _, name = call.path.partition(" ")
    if call.system != "fluent":
        reads = call.method == "GET" or path.endswith(("/search", "/oauth/token"))
        return "" if reads else f"{call.method} {path}"
    if path.endswith("/graphql"):
        prepared = operations().get(name)
        return name if prepared is not None and prepared.text.startswith("mutation") else ""
    return f"event {name}" if name else ""


def _came(outcome: Outcome, writes: tuple[str, ...]) -> tuple[Came, str]:
    """Return what a run came to. What fails after a write could not know what comes after it."""
    told = ", ".join(f"{count} {name}" for name, count in Counter(writes).items())
    fate, error = outcome.fate, outcome.error
    if writes and isinstance(error, RetryableError):
        return "written", f"{told}; then {error}"
    if error is not None:
        ends = isinstance(error, UnprocessableError) or not isinstance(error, ConnectError)
        told = str(error) if isinstance(error, ConnectError) else f"{type(error).__name__}: {error}"
        return ("dead" if ends else "waits"), told
    if writes:
        return "written", told
    if isinstance(fate, Superseded):
        return "superseded", fate.by
    if isinstance(fate, Done):
        return "done", fate.note
    return "skipped", fate.reason if isinstance(fate, Skipped) else ""


def _ended(delivery: Delivery, came: Came, reason: str, writes: tuple[str, ...]) -> Ended:
    message = _message(delivery)
    return Ended(
        message=delivery.parcel.id,
        route=message.name if message else "",
        account=message.account if message else "",
        retailer=message.retailer if message else "",
        resource=str(message.resource or "") if message else "",
        outcome=came,
        reason=reason,
        writes=writes,
    )


def _message(delivery: Delivery) -> Message | None:
    try:
        return decode_message(delivery.parcel.body)
    except MalformedError:
        return None
