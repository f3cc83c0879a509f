"""`map replay`: recorded messages through two versions, and what differs."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from fluent_connect.app import logs
from fluent_connect.app.cli import masking, store
from fluent_connect.app.cli.configuration import loaded
from fluent_connect.app.cli.errors import INTERRUPTED, OK, PARTLY, PROBLEMS
from fluent_connect.app.cli.mapping_shown import (
    brief,
    difference_as_json,
    head,
    show_differences,
    tell,
)
from fluent_connect.app.cli.mapping_sources import known_route, version_of
from fluent_connect.app.cli.mapping_trying import Place, differ
from fluent_connect.app.cli.output import Column, line, note, table
from fluent_connect.app.shadow.differences import Difference, differences, summary
from fluent_connect.app.shadow.draw import Drawn
from fluent_connect.app.shadow.editions import Edition, edition
from fluent_connect.app.shadow.recorded import Recorded, Records
from fluent_connect.app.shadow.studio import Studio, offline, studio
from fluent_connect.journal.messages import (
    MessageFilter,
    MessageRow,
    messages_from_rows,
    messages_statement,
)
from fluent_connect.queues.store import Store

_AT_ONCE = 8
_BAR = 24
_OURS = "commercetools.connect."
"""What the names of most routes begin with; on the screen it says nothing."""
_COLUMNS = (Column("COUNT"), Column("FIELD"))


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded message, drawn by both versions."""

    recorded: Recorded
    old: Drawn
    new: Drawn
    found: Sequence[Difference]

    @property
    def unread(self) -> bool:
        """Say whether its resource could not be read: nothing was compared."""
        return "unread" in {self.old.outcome, self.new.outcome}

    @property
    def differs(self) -> bool:
        """Say whether the versions make something else of it."""
        return not self.unread and differ((self.old, self.new), self.found)


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """One `map replay`."""

    new: str
    which: MessageFilter
    unmasked: bool
    offline: bool
    json: bool
    wide: bool
    place: Place

    def run(self) -> int:
        """Show what differs, message by message, then in sum; return the exit code."""
        logs.configure("error", "text")
        config, profiles, data = self.place
        return store.ask(store.place_of(data, config, profiles), self._of_journal)

    async def _of_journal(self, opened: Store) -> int:
        config = loaded(*self.place)
        config = offline(config) if self.offline else config
        running = edition("running", config)
        new = version_of(self.new, running, self.place[1])
        rows = await self._rows(opened, running)
        if self.unmasked:
            await store.write(opened, "map replay --unmasked", f"{len(rows)} messages")
        records = Records(opened, config, running.handlers)
        tally = Tally(len(rows), new.name, json=self.json)
        async with studio(config) as reading:
            try:
                async for one in self._compared(rows, records, reading, running, new):
                    tally.clear()
                    self._show(one)
                    tally.count(one)
            except asyncio.CancelledError:
                tally.clear()
                note(f"interrupted: {tally.done} done, {len(rows) - tally.done} left")
                tally.tell(self.json)
                return INTERRUPTED
        tally.clear()
        tally.tell(self.json)
        return tally.code

    async def _rows(self, opened: Store, running: Edition) -> Sequence[MessageRow]:
        """Return the messages to draw; those of event handlers one by one."""
        which = self.which
        if which.route is not None:
            which = msgspec.structs.replace(which, route=known_route(running, which.route))
        each = [route.name for route in running.routes if route.ordered]
        which = msgspec.structs.replace(which, each=each)
        return messages_from_rows(await opened.read(messages_statement(which)))

    async def _compared(
        self,
        rows: Sequence[MessageRow],
        records: Records,
        reading: Studio,
        *versions: Edition,
    ) -> AsyncIterator[Compared]:
        """Yield the messages in their order; a few are read at once."""
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            for one in await asyncio.gather(
                *(self._one(row, records, reading, versions) for row in some)
            ):
                yield one

    async def _one(
        self, row: MessageRow, records: Records, reading: Studio, versions: Sequence[Edition]
    ) -> Compared:
        recorded = await records.message(row)

        async def payload() -> Any:
            return await records.payload(recorded.unit)

        old, new = await reading.drawn(recorded.message, payload, *versions)
        found = differences(old.outputs, new.outputs, unmasked=self.unmasked)
        return Compared(recorded=recorded, old=old, new=new, found=found)

    def _show(self, one: Compared) -> None:
        if self.json:
            tell(_told(one))
        elif one.differs or one.unread:
            message = one.recorded.message
            version_ = "" if one.new.version is None else f" v{one.new.version}"
            line(f"{message.resource or message.id}{version_}  {message.name.removeprefix(_OURS)}")
            if one.unread:
                line(f"  not compared: {masking.text(one.old.reason or one.new.reason)}")
            else:
                show_differences(one.found, one.old, one.new, wide=self.wide)


class Tally:
    """Counts what was compared, and shows how far it is."""

    def __init__(self, total: int, new: str, *, json: bool) -> None:
        self.total = total
        self.new = new
        self.done = 0
        self.fields: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._watched = not json and sys.stderr.isatty()
        self._shown = False

    @property
    def code(self) -> int:
        """Return the exit code: something differs, else something could not be compared."""
        if self._counts["differ"]:
            return PROBLEMS
        return PARTLY if self._counts["unread"] else OK

    def count(self, one: Compared) -> None:
        """Count one message."""
        self.done += 1
        self._counts["standing for"] += one.recorded.repeats
        self._counts["without body"] += not one.recorded.body
        self._counts["unread" if one.unread else "differ" if one.differs else "same"] += 1
        self._counts[f"new {one.new.outcome}"] += 1
        self.fields.update(summary(brief(one.found)))
        if one.differs and one.old.outcome != one.new.outcome:
            self.fields[f"{one.old.outcome} -> {one.new.outcome}"] += 1
        self.bar()

    def bar(self) -> None:
        """Show how far it is, on one line that changes; nothing where nobody watches."""
        if not self._watched:
            return
        full = _BAR * self.done // max(1, self.total)
        text = f"[{'#' * full}{'.' * (_BAR - full)}] {self.done:,} of {self.total:,}"
        self._write(f"\r{text}, {self._counts['differ']:,} differ ")
        self._shown = True

    def clear(self) -> None:
        """Take the bar away, so that a line can be written."""
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _write(self, text: str) -> None:
        sys.stdout.flush()
        sys.stderr.write(text)
        sys.stderr.flush()

    def tell(self, json: bool) -> None:  # noqa: FBT001 - as everywhere in these commands
        """Tell the sum."""
        names = ("same", "differ", "unread")
        counts = {name: self._counts[name] for name in names}
        outcomes = {
            name.removeprefix("new "): count
            for name, count in sorted(self._counts.items())
            if name.startswith("new ")
        }
        if json:
            told = {"messages": self.done, "standing_for": self._counts["standing for"], **counts}
            more = {"without_body": self._counts["without body"], "outcomes": outcomes}
            tell({"summary": {**told, **more, "fields": dict(self.fields.most_common())}})
            return
        if self.fields:
            line()
            rows = [(str(count), field) for field, count in self.fields.most_common()]
            table(_COLUMNS, rows)
        line(_sum(self.done, counts, outcomes))
        self._explain()

    def _explain(self) -> None:
        repeats = self._counts["standing for"] - self.done
        if not self.total:
            note("no message was recorded in that time: see --since, --route, --data")
        if repeats:
            note(f"{repeats:,} older messages of the same resource and kind are left out")
        if self._counts["without body"]:
            told = self._counts["without body"]
            note(f"of {told:,} the request is not kept: only ids and kind are known of it")
        note("resources were read as they are now, not as they were; nothing was sent")


def _sum(done: int, counts: dict[str, int], outcomes: dict[str, int]) -> str:
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    came = ", ".join(f"{count:,} {name}" for name, count in outcomes.items())
    return f"{done:,} messages: {told or 'none'}" + (f" ({came})" if came else "")


def _told(one: Compared) -> dict[str, Any]:
    old, new = one.old, one.new
    return {
        **head(one.recorded.message),
        "version": new.version,
        "body": one.recorded.body,
        "repeats": one.recorded.repeats,
        "differs": one.differs,
        "old": {"outcome": old.outcome, "reason": masking.text(old.reason)},
        "new": {"outcome": new.outcome, "reason": masking.text(new.reason)},
        "differences": [difference_as_json(each, old, new) for each in one.found],
    }
