"""What `replay` does: chooses, plans, asks, freezes, and puts at a rate."""

import asyncio
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from fluent_connect.app import logs
from fluent_connect.app.cli import store
from fluent_connect.app.cli.bar import Bar
from fluent_connect.app.cli.configuration import loaded
from fluent_connect.app.cli.errors import INTERRUPTED, OK, CliError
from fluent_connect.app.cli.mapping_sources import known_route
from fluent_connect.app.cli.mapping_trying import Place
from fluent_connect.app.cli.output import Column, json_line, line, note, table
from fluent_connect.app.cli.prompts import agreed
from fluent_connect.app.replay import frozen
from fluent_connect.app.replay.frozen import Head, NoSelectionError
from fluent_connect.app.replay.paced import Progress, put_paced
from fluent_connect.app.replay.plan import Chosen, Plan, Starts, choose, count_starts, plan_of
from fluent_connect.app.shadow.editions import Edition, edition
from fluent_connect.app.shadow.studio import studio
from fluent_connect.journal.messages import MessageFilter, messages_from_rows, messages_statement
from fluent_connect.queues.store import Store

_COLUMNS = (Column("COUNT"), Column("ROUTE"), Column("ENDED"))


class Going(msgspec.Struct, frozen=True, kw_only=True):
    """How a replay goes."""

    rate: float
    offline: bool
    yes: bool
    dry_run: bool
    json: bool
    place: Place


class Replaying:
    """One `replay`, from the choice to the last put."""

    def __init__(self, going: Going) -> None:
        self._going = going
        config, profiles, data = going.place
        self._place = store.place_of(data, config, profiles)
        self._folder = store.folder_of(self._place, data)
        logs.configure("error", "text")

    def start(self, which: MessageFilter) -> int:
        """Choose, plan, ask, and put; return the exit code."""
        return store.ask(self._place, lambda opened: self._start(opened, which))

    def resume(self, run: str) -> int:
        """Go on with a selection that was made before."""
        head = self._head(run)
        return store.ask(self._place, lambda opened: self.put(opened, head))

    def cancel(self, run: str) -> int:
        """Have a selection never go on again."""
        self._head(run)

        async def write(opened: Store) -> Head:
            head = frozen.cancel(self._folder, run)
            await store.write(opened, "replay cancel", run)
            return head

        head = store.ask(self._place, write)
        if self._going.json:
            json_line({"run": run, "cancelled": True, "count": head.count})
        else:
            line(f"cancelled {run}: what was put already runs, the rest never will")
        return OK

    def _head(self, run: str) -> Head:
        try:
            return frozen.head_of(self._folder, run)
        except NoSelectionError as error:
            raise CliError("CLI007", str(error), do="see the audit, or start a new one") from error

    async def _start(self, opened: Store, which: MessageFilter) -> int:
        going = self._going
        running = edition("the configuration", loaded(*going.place))
        which = _exact(which, running)
        rows = messages_from_rows(await opened.read(messages_statement(which)))
        run = frozen.new_run()
        chosen = await choose(opened, rows, running, run)
        starts = await self._starts(running, chosen)
        plan = await plan_of(opened, chosen, starts, going.rate)
        self._show(run, plan, repeats=sum(row.repeats for row in rows))
        if going.dry_run or not chosen:
            return OK
        if not going.yes:
            agreed(f"replay {plan.count:,} messages?")
        head = Head(run=run, at=time.time(), what=_told(which), count=plan.count, rate=going.rate)
        frozen.freeze(self._folder, head, (each.item for each in chosen))
        await store.write(opened, "replay", f"{run}: {plan.count} messages, {head.what}")
        return await self.put(opened, head)

    async def _starts(self, running: Edition, chosen: Sequence[Chosen]) -> Starts:
        messages = [each.item.message for each in chosen]
        if self._going.offline:
            route = running.routes.upserting("order")
            orders = {str(each.resource) for each in messages if route and each.name == route.name}
            return Starts(unknown=len(orders), asked=False)
        async with studio(running.config) as reading:
            with Bar("asking", json=self._going.json) as bar:
                return await count_starts(reading, running, messages, bar.show)

    async def put(self, opened: Store, head: Head) -> int:
        """Put what is frozen, at the rate; return the exit code."""
        going = self._going
        stop = _Stop()
        with Bar("put", json=going.json) as bar, stop.on_signal():

            def on_progress(progress: Progress) -> bool:
                bar.show(progress.done, head.count)
                return not stop.asked and not frozen.is_cancelled(self._folder, head.run)

            items = frozen.items_of(self._folder, head.run)
            progress = await put_paced(opened, items, going.rate, on_progress, sleep=stop.sleep)
        left = head.count - progress.done
        await store.write(opened, "replay", f"{head.run}: {progress.put} put, {left} left")
        self._tell(head, progress, left)
        return INTERRUPTED if left else OK

    def _show(self, run: str, plan: Plan, *, repeats: int) -> None:
        if self._going.json:
            told: dict[str, Any] = msgspec.to_builtins(plan)
            json_line({"run": run, "plan": told, "rate": self._going.rate})
            return
        rows = [
            (f"{count:,}", route, state or "not ended")
            for route, states in plan.by_route.items()
            for state, count in states.items()
        ]
        if rows:
            table(_COLUMNS, rows)
        line(f"{plan.count:,} messages would be put, the newest of each resource")
        if repeats > plan.count:
            line(f"  {repeats - plan.count:,} older ones of the same resources are left out")
        line(f"  {_fulfilment(plan.starts)}")
        line(f"  about {plan.calls:,} calls, {plan.minutes:g} min at {self._going.rate:g} a second")

    def _tell(self, head: Head, progress: Progress, left: int) -> None:
        if self._going.json:
            told = {"run": head.run, "put": progress.put, "before": progress.before, "left": left}
            json_line(told)
            return
        line(f"put {progress.put:,} messages ({progress.before:,} before), {left:,} left")
        if left:
            note(f"go on: fluent-connect replay --resume {head.run}")


class _Stop:
    """Asked for by Ctrl-C: the batch in hand is finished, nothing more is put."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    @property
    def asked(self) -> bool:
        return self._event.is_set()

    @contextmanager
    def on_signal(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as the wish to stop, within this."""
        loop = asyncio.get_running_loop()
        taken: list[int] = []
        for number in (int(signal.SIGINT), int(signal.SIGTERM)):
            try:
                loop.add_signal_handler(number, self._event.set)
                taken.append(number)
            except (RuntimeError, ValueError):  # not the main thread: whoever runs it stops it
                break
        try:
            yield
        finally:
            for number in taken:
                loop.remove_signal_handler(number)

    async def sleep(self, seconds: float) -> None:
        """Wait, but no longer than until a stop is asked for."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return


def _exact(which: MessageFilter, running: Edition) -> MessageFilter:
    """Return the filter with the route's whole name; event handlers' messages count one by one."""
    if which.route is not None:
        which = msgspec.structs.replace(which, route=known_route(running, which.route))
    each = [route.name for route in running.routes if route.ordered]
    return msgspec.structs.replace(which, each=each)


def _told(which: MessageFilter) -> str:
    given = msgspec.structs.asdict(which)
    return ", ".join(f"{name}={value}" for name, value in given.items() if value and name != "each")


def _fulfilment(starts: Starts) -> str:
    if not starts.asked:
        return f"at most {starts.unknown:,} orders would start fulfilment (not asked: --offline)"
    unknown = f"; of {starts.unknown:,} it cannot be told now" if starts.unknown else ""
    return f"{starts.orders:,} orders would start fulfilment{unknown}"
