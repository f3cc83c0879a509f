"""Both systems held against each other on a schedule: drift becomes a metric and a notice."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar

import msgspec

from fluent_connect.jobs.job_handler import JobContext, JobHandler, Page, Window
from fluent_connect.jobs.notice import Notice
from fluent_connect.model.errors import UnprocessableError

TYPES = ("category", "product", "customer", "order")
_DRIFT = frozenset({"missing", "stale", "different", "conflict", "extra"})
_UNMENDED = frozenset({"order"})
"""Types that are told of and never repaired without a person: a repair starts fulfilment."""


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run goes on: the type, the place in it, and what the type came to until there."""

    type_id: str
    after: str | None = None
    classes: Mapping[str, int] = {}


_place = msgspec.json.Decoder(_Place)


class ReconcileJobHandler(JobHandler):
    """Compare what we would send with what Fluent holds, and tell of the drift.

    Props: `types` ("product,category"; default all four), `repair: true` (what differs is mended,
    but for orders, which a person repairs with the command), `all: true` (not only what was changed
    in the window; only so is seen what Fluent has too much of), `settle` (seconds for which what
    has changed is no drift yet; 120).
    """

    name: ClassVar[str] = "reconcile"

    async def sweep(
        self, window: Window, cursor: str | None, context: JobContext
    ) -> AsyncIterator[Page]:
        """Yield a page for each page that is compared; messages only if it repairs."""
        types = _types(context)
        place = _Place(type_id=types[0]) if cursor is None else _place.decode(cursor)
        if context.props.get("all", "").lower() == "true":
            window = Window(None, window.end)
        while True:
            page, following = await self._page(place, types, window, context)
            yield page
            if following is None:
                return
            place = following

    async def _page(
        self, place: _Place, types: Sequence[str], window: Window, context: JobContext
    ) -> tuple[Page, _Place | None]:
        if context.comparer is None:
            raise UnprocessableError("nothing here can compare both systems")
        comparer, account = context.comparer(), (context.account, context.retailer)
        part = await comparer.part(
            account,
            place.type_id,
            window.start,
            cursor=place.after,
            run=context.run,
            settle=_settle(context),
        )
        repairs = context.props.get("repair", "").lower() == "true"
        messages = part.repairs if repairs and place.type_id not in _UNMENDED else ()
        classes = dict(Counter(place.classes) + Counter(part.classes))
        if part.cursor is not None:
            following = _Place(type_id=place.type_id, after=part.cursor, classes=classes)
            return Page(messages, _encoded(following)), following
        comparer.tell(account, place.type_id, classes)
        rest = types[types.index(place.type_id) + 1 :]
        next_ = _Place(type_id=rest[0]) if rest else None
        notices = _notices(place.type_id, classes, context, repaired=bool(repairs))
        return Page(messages, _encoded(next_) if next_ else None, notices), next_


def _types(context: JobContext) -> Sequence[str]:
    told = context.props.get("types", "")
    wanted = [word.strip() for word in told.split(",") if word.strip()] or list(TYPES)
    unknown = [word for word in wanted if word not in TYPES]
    if unknown:
        raise UnprocessableError(f"types: {', '.join(unknown)}: write some of {', '.join(TYPES)}")
    return wanted


def _settle(context: JobContext) -> float:
    told = context.props.get("settle", "120").removesuffix("s")
    try:
        return float(told)
    except ValueError as error:
        raise UnprocessableError(f"settle: {told!r} is no number of seconds") from error


def _encoded(place: _Place) -> str:
    return msgspec.json.encode(place).decode()


def _notices(
    type_id: str, classes: Mapping[str, int], context: JobContext, *, repaired: bool
) -> Sequence[Notice]:
    drift = {name: count for name, count in sorted(classes.items()) if name in _DRIFT and count}
    if not drift:
        return ()
    counts = ", ".join(f"{count} {name}" for name, count in drift.items())
    mended = repaired and type_id not in _UNMENDED
    return (
        Notice(
            id=f"{context.run}-{type_id}",
            title=f"drift: {type_id}: {counts}{' (being repaired)' if mended else ''}",
            account=context.account,
            retailer=context.retailer,
            source="reconcile",
            details={"type": type_id, **drift},
        ),
    )
