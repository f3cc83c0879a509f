"""The built-in monitor: what failed inside Fluent, and orders that no workflow took up."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

import msgspec

from fluent_connect.clients.fluent.event_search import FoundEvent
from fluent_connect.jobs.job_handler import JobContext, JobHandler, Page, Window, stamp
from fluent_connect.jobs.notice import Notice
from fluent_connect.jobs.step import at
from fluent_connect.model.errors import MalformedError, UnprocessableError

_KINDS = 50
"""Kinds of failure that are told apart; the rest is counted as one."""
_REST = "others"
_STANDING = 100
_SHOWN = 10


class _Kind(msgspec.Struct):
    """Failures of one event of one type of entity: how many, the last of them, some refs."""

    count: int = 0
    last: str = ""
    refs: list[str] = []


class _Seen(msgspec.Struct):
    """How far the events were read, and what was found."""

    start: int = 0
    kinds: dict[str, _Kind] = {}


_decode = msgspec.json.Decoder(_Seen).decode


class EventFailureSummaryJobHandler(JobHandler):
    """Tell of failed orchestration events in Fluent, and of orders left in CREATED.

    Props: `event-status` (FAILED), `event-type` (ORCHESTRATION_AUDIT), `page-size` (100),
    `created-minutes` (30; 0 = do not look): an order that stands in CREATED for so long has
    no workflow of its type, or one that failed.
    """

    name: ClassVar[str] = "event-failure-summary-monitor"

    async def sweep(
        self, window: Window, cursor: str | None, context: JobContext
    ) -> AsyncIterator[Page]:
        """Read the failed events of the window page by page, then the orders; report at the end."""
        seen = _Seen() if cursor is None else _read(cursor)
        size = _number(context, "page-size", 100)
        while True:
            found = await context.fluent.events(
                _filters(window, context), start=seen.start, count=size
            )
            for event in found.results:
                _count(seen.kinds, event)
            seen.start += len(found.results)
            if not (found.has_more and found.results):
                break
            yield Page((), msgspec.json.encode(seen).decode())
        standing, more = await self._standing(context)
        yield Page((), None, _notices(seen, standing, context, more=more))

    async def _standing(self, context: JobContext) -> tuple[list[str], bool]:
        """Return the refs of orders that stand in CREATED for too long, and whether more do."""
        minutes = _number(context, "created-minutes", 30)
        if not minutes:
            return [], False
        asked = {
            "status": ["CREATED"],
            "retailers": [int(context.retailer)],
            "before": stamp(at(context.clock()) - timedelta(minutes=minutes)),
            "most": _STANDING,
        }
        found = (await context.fluent.query("findOrdersStanding", asked))["found"]
        return [each["node"]["ref"] for each in found["edges"]], found["pageInfo"]["hasNextPage"]


def _filters(window: Window, context: JobContext) -> Mapping[str, str]:
    start = window.start or window.end - timedelta(days=1)
    return {
        "eventStatus": context.props.get("event-status", "FAILED"),
        "eventType": context.props.get("event-type", "ORCHESTRATION_AUDIT"),
        "from": stamp(start),
        "to": stamp(window.end),
    }


def _count(kinds: dict[str, _Kind], event: FoundEvent) -> None:
    name = f"{event.context.entity_type} {event.name}"
    if name not in kinds and len(kinds) >= _KINDS:
        name = _REST
    kind = kinds.setdefault(name, _Kind(refs=[]))
    kind.count += 1
    kind.last = max(kind.last, event.generated_on)
    ref = event.context.entity_ref or event.context.root_entity_ref
    if ref and ref not in kind.refs and len(kind.refs) < _SHOWN:
        kind.refs.append(ref)


def _notices(
    seen: _Seen, standing: list[str], context: JobContext, *, more: bool
) -> tuple[Notice, ...]:
    """Return the report; none where there is nothing to tell."""
    failed = sum(kind.count for kind in seen.kinds.values())
    if not (failed or standing):
        return ()
    told = [f"{failed} orchestration events failed in Fluent"] if failed else []
    if standing:
        count = f"{len(standing)}{' or more' if more else ''}"
        told.append(f"{count} orders stand in CREATED: no workflow took them up")
    kinds = sorted(seen.kinds.items(), key=lambda item: -item[1].count)
    details: dict[str, Any] = {
        "failed_events": {name: msgspec.to_builtins(kind) for name, kind in kinds},
        "orders_in_created": standing[:_SHOWN],
    }
    notice = Notice(
        id=f"{context.run}-summary",
        title="; ".join(told),
        level="error" if failed else "warning",
        account=context.account,
        retailer=context.retailer,
        source=EventFailureSummaryJobHandler.name,
        details=details,
    )
    return (notice,)


def _number(context: JobContext, name: str, otherwise: int) -> int:
    text = context.props.get(name, str(otherwise))
    if not text.isdecimal():
        raise UnprocessableError(f"the prop {name} is no number: {text!r:.40}")
    return int(text)


def _read(cursor: str) -> _Seen:
    try:
        return _decode(cursor)
    except msgspec.DecodeError as error:
        raise MalformedError(f"not a place among events: {cursor:.100}") from error
