"""Searching Fluent's events (`GET /api/v4.1/event`): read only, page by page."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

import msgspec

from fluent_connect.clients.http import Door, Trace

_PATH = "/api/v4.1/event"


class EventContext(msgspec.Struct, frozen=True, rename="camel"):
    """What an event is about."""

    entity_type: str = ""
    entity_ref: str | None = None
    entity_id: str | int | None = None
    root_entity_ref: str | None = None


class FoundEvent(msgspec.Struct, frozen=True, rename="camel"):
    """One event, without its attributes: they may hold a customer's data."""

    id: str = ""
    name: str = ""
    event_status: str = ""
    context: EventContext = EventContext()
    generated_on: str = ""


class EventPage(msgspec.Struct, frozen=True, rename="camel"):
    """A page of events, and whether there are more behind it."""

    results: Sequence[FoundEvent] = ()
    has_more: bool = False


_page = msgspec.json.Decoder(EventPage)


async def search_events(
    door: Door, retailer: str, filters: Mapping[str, str], trace: Trace, *, start: int, count: int
) -> EventPage:
    """Return the events of the retailer that match (`from`, `to`, `eventStatus`, ...)."""
    asked = {**filters, "retailerId": retailer, "start": str(start), "count": str(count)}
    path = f"{_PATH}?{urlencode(asked, quote_via=quote)}"
    answer = await door.call("GET", path, trace, label=_PATH, accept=())
    try:
        return _page.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise door.unreadable(trace, answer, "no page of events") from error
