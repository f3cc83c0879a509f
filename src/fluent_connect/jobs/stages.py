"""Sweeps types of resources one after the other, page by page, by rising id; categories by depth.

By id, never by offset: what is changed, made or deleted meanwhile moves nothing. All that is in
memory is one page, and where a sweep stands is a few words of text.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from fluent_connect.jobs.job_handler import JobContext, Page, Window, stamp
from fluent_connect.model.errors import MalformedError, UnprocessableError
from fluent_connect.model.message import Cause
from fluent_connect.model.notification import Reference

CHANGED = "lastModifiedAt"
_USUAL = 100
_SIZES = {"product": 50}
"""Resources a page, where they are large."""


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """Resources of one type that satisfy every predicate, and what their messages carry."""

    type_id: str
    where: Sequence[str] = ()
    cause: Cause = "job"
    attributes: Mapping[str, object] = {}


class _Seen(msgspec.Struct, frozen=True):
    """What is read of a resource."""

    id: str
    version: int
    ancestors: Sequence[object] = ()


class _Place(msgspec.Struct, frozen=True):
    """Where a sweep stands: behind this id of a stage; at categories of this depth.

    `deeper`: at this depth, one was seen that stands further down.
    """

    stage: int = 0
    after: str = ""
    depth: int = 0
    deeper: bool = False


_decoder = msgspec.json.Decoder(_Place)


def within(window: Window, field: str = CHANGED) -> list[str]:
    """Return the predicates for resources whose time lies in the window."""
    found = [f'{field} < "{stamp(window.end)}"']
    return found if window.start is None else [f'{field} >= "{stamp(window.start)}"', *found]


async def pages(
    stages: Sequence[Stage], cursor: str | None, context: JobContext
) -> AsyncIterator[Page]:
    """Yield a page of messages for each page of resources, from the cursor to the end."""
    place: _Place | None = _Place() if cursor is None else _read(cursor)
    while place is not None:
        stage = stages[place.stage]
        found, last = await _resources(stage, place.after, context)
        following, chosen = _next(stage, place, found, last)
        if following is not None and following.stage == len(stages):
            following = None
        messages = [
            context.upsert(
                Reference(stage.type_id, each.id),
                each.version,
                cause=stage.cause,
                attributes=stage.attributes,
            )
            for each in chosen
        ]
        told = None if following is None else msgspec.json.encode(following).decode()
        yield Page(messages, told)
        place = following


async def counted(stages: Sequence[Stage], context: JobContext) -> int:
    """Return how many resources there are at this moment."""
    count = context.commercetools.count
    return sum([await count(each.type_id, where=each.where) for each in stages])


async def _resources(
    stage: Stage, after: str, context: JobContext
) -> tuple[Sequence[_Seen], str | None]:
    """Return the next resources behind an id, and the id to go on behind; None: that was all."""
    limit = _SIZES.get(stage.type_id, _USUAL)
    where = (*stage.where, f'id > "{after}"') if after else tuple(stage.where)
    found = await context.commercetools.query(
        stage.type_id, _Seen, where=where, sort=("id asc",), limit=limit
    )
    if any(one.id >= other.id for one, other in pairwise(found)):
        what = f"commercetools' answer about {stage.type_id} is not sorted by id"
        raise UnprocessableError(f"{what}: the next page would leave some out")
    return found, found[-1].id if len(found) == limit else None


def _next(
    stage: Stage, place: _Place, found: Sequence[_Seen], last: str | None
) -> tuple[_Place | None, Sequence[_Seen]]:
    """Return where it goes on, and those of the page whose turn it is."""
    if stage.type_id != "category":
        return _Place(place.stage, last) if last else _Place(place.stage + 1), found
    deeper = place.deeper or any(len(each.ancestors) > place.depth for each in found)
    chosen = [each for each in found if len(each.ancestors) == place.depth]
    if last is not None:
        return _Place(place.stage, last, place.depth, deeper), chosen
    if deeper:
        return _Place(place.stage, "", place.depth + 1), chosen
    return _Place(place.stage + 1), chosen


def _read(cursor: str) -> _Place:
    try:
        return _decoder.decode(cursor)
    except msgspec.DecodeError as error:
        raise MalformedError(f"not a place in a sweep: {cursor:.100}") from error
