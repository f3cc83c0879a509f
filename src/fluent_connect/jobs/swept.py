"""Reads a type of resources page by page, by rising id: what jobs sweep."""

from collections.abc import Sequence

import msgspec

from fluent_connect.jobs.job_handler import JobContext, Window, stamp

CHANGED = "lastModifiedAt"
_SMALL = 100
_SIZES = {"product": 50, "order": 100}
"""Resources a page, where they are large; what a page holds is all that is ever in memory."""


class Seen(msgspec.Struct, frozen=True, rename="camel"):
    """What a sweep reads of a resource."""

    id: str
    version: int
    ancestors: Sequence[object] = ()


def within(window: Window, field: str = CHANGED) -> list[str]:
    """Return the predicates for resources whose time lies in the window."""
    found = [f'{field} < "{stamp(window.end)}"']
    return found if window.start is None else [f'{field} >= "{stamp(window.start)}"', *found]


async def page_of(
    type_id: str, context: JobContext, where: Sequence[str], after: str
) -> tuple[Sequence[Seen], str | None]:
    """Return the next resources behind the id `after`, and the id to go on behind; None: all.

    By id, never by offset: what is changed, made or deleted meanwhile moves nothing.
    """
    limit = _SIZES.get(type_id, _SMALL)
    predicates = (*where, f'id > "{after}"') if after else tuple(where)
    found = await context.commercetools.query(
        type_id, Seen, where=predicates, sort=("id asc",), limit=limit
    )
    return found, found[-1].id if len(found) == limit else None
