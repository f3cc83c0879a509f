"""The catalogue: categories, parents first, then products with their variants."""

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

import msgspec

from fluent_connect.jobs.job_handler import JobContext, JobHandler, Page, Window
from fluent_connect.jobs.swept import Seen, page_of, within
from fluent_connect.model.message import Cause, Message
from fluent_connect.model.notification import Reference


class _Place(msgspec.Struct, frozen=True):
    """Where a sweep stands: at categories of this depth, or (None) at products; behind this id.

    `deeper`: at this depth, one was seen that stands further down.
    """

    depth: int | None
    after: str = ""
    deeper: bool = False


_decode = msgspec.json.Decoder(_Place).decode


class ProductCatalogueSyncJobHandler(JobHandler):
    """Have every category and product that was changed in the window brought about in Fluent.

    What Fluent has of a product is looked at only where its version is new to us; the prop
    `again: true` has everything compared once more.
    """

    name: ClassVar[str] = "batch-product-catalogue-sync"

    async def sweep(
        self, window: Window, cursor: str | None, context: JobContext
    ) -> AsyncIterator[Page]:
        """Yield the categories depth by depth, then the products."""
        place: _Place | None = _Place(0) if cursor is None else _decode(cursor)
        while place is not None:
            type_id = "product" if place.depth is None else "category"
            found, last = await page_of(type_id, context, within(window), place.after)
            place, chosen = _next(place, found, last)
            following = None if place is None else msgspec.json.encode(place).decode()
            yield Page(_messages(type_id, chosen, context), following)

    async def expected(self, window: Window, context: JobContext) -> int:
        """Count the changed categories and products."""
        where = within(window)
        count = context.commercetools.count
        return await count("category", where=where) + await count("product", where=where)


def _next(
    place: _Place, found: Sequence[Seen], last: str | None
) -> tuple[_Place | None, Sequence[Seen]]:
    """Return where it goes on, and those of the page whose turn it is."""
    if place.depth is None:
        return (None if last is None else _Place(None, last)), found
    deeper = place.deeper or any(len(each.ancestors) > place.depth for each in found)
    chosen = [each for each in found if len(each.ancestors) == place.depth]
    if last is not None:
        return _Place(place.depth, last, deeper), chosen
    return _Place(place.depth + 1 if deeper else None), chosen


def _messages(type_id: str, chosen: Sequence[Seen], context: JobContext) -> list[Message]:
    cause: Cause = "repair" if context.props.get("again", "").lower() == "true" else "job"
    return [
        context.upsert(Reference(type_id, each.id), each.version, cause=cause) for each in chosen
    ]
