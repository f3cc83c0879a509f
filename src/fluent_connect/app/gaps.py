"""Notices Messages that did not come: a sweep over what was read, in the background.

A gap is never waited for. A higher number of a resource tells of it once it was read `after` ago;
a number is there if the inbox knows its key, or if it was read and waits or is dead.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import structlog

from fluent_connect.app.config.commercetools import GapsSection
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.journal import gaps
from fluent_connect.journal.gaps import Gap, Numbered
from fluent_connect.model.fact import Fact, Missed, Sought, Swept
from fluent_connect.model.notification import Reference, sequence_key
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Store, StoreError, Write

_BACK = (8, 100)
"""How many numbers below one that came are looked at, at first and at last."""
_ASKED = 2000
_PAGE = 500
_LATE = 2 * 86400.0
"""For how long a possible gap is looked at again."""
_PAUSE = 0.02

Fetch = Callable[[Sequence[Gap]], Awaitable[None]]
"""Try to have these from commercetools; says in the journal what came of it."""


class GapWatch:
    """Looks every so often at what has come, and writes down which numbers have not.

    full:    says of a typeId whether all of its Messages are subscribed to.
    fetch:   given what is missing; None: nothing is fetched.
    project: that notifications without a project are of.
    It begins with what comes from now on, and after a restart where it had come to.
    """

    def __init__(
        self,
        store: Store,
        telemetry: Telemetry,
        section: GapsSection,
        *,
        full: Callable[[str], bool],
        fetch: Fetch | None = None,
        project: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._section = section
        self._full = full
        self._fetch = fetch
        self._project = project or ""
        self._clock = clock
        self._place: str | None = None
        self._log: Any = structlog.get_logger("fluent_connect")
        self._gauge = telemetry.gauge(
            "sequence_gaps", "Messages that did not come with the others.", "state"
        )

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        while True:
            try:
                await self.sweep()
            except StoreError as error:
                self._log.warning("gaps cannot be looked for", why=str(error))
            await asyncio.sleep(self._section.every)

    async def sweep(self) -> None:
        """Notice what is missing, see what came late, have the rest fetched."""
        if self._place is None:
            self._place = await self._begin()
        more = True
        while more:
            more = await self._page(self._clock() - self._section.after)
        await self._arrived()
        if self._fetch is not None:
            unsought = gaps.unsought_statement(self._clock() - self._section.after)
            missing = gaps.gaps_from_rows(await self._store.read(unsought))
            if missing:
                await self._fetch(missing)
        await self._show()

    async def _begin(self) -> str:
        """Return where the last sweep came to; at first, the newest that was read."""
        rows = await self._store.read(gaps.place_statement())
        if rows:
            return str(rows[0]["place"])
        (newest,) = await self._store.read(gaps.newest_statement())
        place = str(newest["id"] or "")
        await self._commit(Swept(gaps.SWEEP, place, self._clock()))
        return place

    async def _page(self, horizon: float) -> bool:
        """Go over one page of what was read before `horizon`; False: that was all of it."""
        rows = await self._store.read(gaps.told_statement(self._place or "", limit=_PAGE))
        told = gaps.told_from_rows(rows)
        end = next((i for i, each in enumerate(told) if each.at > horizon), len(told))
        due = told[:end]
        if not due:
            return False
        missed = await self._missed(due)
        await self._commit(*missed, Swept(gaps.SWEEP, due[-1].id, self._clock()))
        self._place = due[-1].id
        for each in missed:
            if each.full:
                self._say(each)
        if end < _PAGE:
            return False
        await asyncio.sleep(_PAUSE)
        return True

    async def _missed(self, due: Sequence[Numbered]) -> Sequence[Missed]:
        """Return the numbers right below those that came which have not come."""
        below = {
            self._key(each, each.sequence - 1): each
            for each in due
            if each.sequence is not None and each.sequence > 1 and self._recorded(each.type_id)
        }
        absent = set(below) - await self._known(below)
        if not absent:
            return ()
        held = gaps.held_from_rows(await self._store.read(gaps.held_statement()))
        lower = await self._lower([below[key] for key in sorted(absent)], held)
        return [each for above, number in lower for each in self._between(above, number)]

    async def _lower(
        self, above: Sequence[Numbered], held: Collection[gaps.Place]
    ) -> Sequence[tuple[Numbered, int]]:
        """Return, with each, the next lower number that came.

        None lower: the resource is older than we are, and nobody can say what is missing.
        """
        found: list[tuple[Numbered, int]] = []
        left = above
        for back in _BACK:
            keys = {
                self._key(each, number): (each, number)
                for each in left
                for number in _numbers_below(each, back)
            }
            came = [keys[key] for key in await self._known(keys)]
            came += [place for place in keys.values() if _place(*place) in held]
            highest: dict[str, tuple[Numbered, int]] = {}
            for each, number in came:
                if number > highest.get(each.id, (each, 0))[1]:
                    highest[each.id] = (each, number)
            found += highest.values()
            left = [each for each in left if each.id not in highest]
        return found

    def _between(self, above: Numbered, lower: int) -> Iterator[Missed]:
        """Yield the numbers between two that came."""
        now, full = self._clock(), self._full(above.type_id)
        for number in range(lower + 1, above.sequence or 0):
            yield Missed(
                key=self._key(above, number),
                project_key=above.project_key or self._project,
                type_id=above.type_id,
                resource=above.resource,
                sequence=number,
                revealed=above.id,
                door=above.door,
                at=now,
                full=full,
            )

    def _recorded(self, type_id: str) -> bool:
        return self._section.record == "all" or self._full(type_id)

    def _key(self, of: Numbered, number: int) -> str:
        about = Reference(of.type_id, of.resource)
        return sequence_key(of.project_key or self._project, about, number)

    async def _known(self, keys: Mapping[str, object]) -> set[str]:
        found: set[str] = set()
        for some in _batched(list(keys), _ASKED):
            rows = await self._store.read(gaps.seen_statement(some))
            found |= {str(row["key"]) for row in rows}
        return found

    async def _arrived(self) -> None:
        now = self._clock()
        found = gaps.gaps_from_rows(await self._store.read(gaps.arrived_statement(now - _LATE)))
        if found:
            await self._commit(*(Sought(each.key, gaps.ARRIVED, now, "late") for each in found))

    async def _show(self) -> None:
        rows = await self._store.read(gaps.counts_statement())
        counts = {str(row["state"]): int(str(row["count"])) for row in rows}
        for state in gaps.STATES:
            self._gauge.labels(state).set(counts.get(state, 0))

    async def _commit(self, *facts: Fact) -> None:
        await self._store.commit(Write(Outcome(facts=facts)))

    def _say(self, missed: Missed) -> None:
        self._log.warning(
            "message missing",
            project=missed.project_key,
            of=f"{missed.type_id}/{missed.resource}",
            sequence=missed.sequence,
            revealed_by=missed.revealed,
        )


def _numbers_below(of: Numbered, back: int) -> range:
    """Return the numbers to look at; the one right below is known to be absent, or held."""
    top = of.sequence or 0
    return range(max(1, top - back), top)


def _place(of: Numbered, number: int) -> gaps.Place:
    return of.project_key, of.type_id, of.resource, number


def _batched(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Yield the keys, so many at a time."""
    return (keys[start : start + size] for start in range(0, len(keys), size))
