"""What `reconcile` does: sweeps both systems, tells what differs, plans and puts the repairs."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import msgspec

from fluent_connect.app import logs
from fluent_connect.app.cli import masking, store
from fluent_connect.app.cli.bar import Bar
from fluent_connect.app.cli.configuration import loaded
from fluent_connect.app.cli.errors import INTERRUPTED, OK, PARTLY, PROBLEMS, CliError
from fluent_connect.app.cli.explained import comparison_json
from fluent_connect.app.cli.mapping_trying import Place
from fluent_connect.app.cli.output import Column, json_line, line, note, table
from fluent_connect.app.cli.prompts import agreed
from fluent_connect.app.cli.replaying import Going, Replaying
from fluent_connect.app.config.mistakes import did_you_mean
from fluent_connect.app.explain.subjects import KINDS, is_id
from fluent_connect.app.reconcile.finding import Finding
from fluent_connect.app.reconcile.forward import Which
from fluent_connect.app.reconcile.mending import mended_by
from fluent_connect.app.reconcile.sweep import Sweep, calls_of
from fluent_connect.app.reconcile.tally import Spool, Tally
from fluent_connect.app.replay import frozen
from fluent_connect.app.replay.frozen import Head
from fluent_connect.app.shadow.editions import Edition, edition
from fluent_connect.app.shadow.studio import studio
from fluent_connect.clients.accounts import Account
from fluent_connect.queues.store import Store

TYPES = {
    "orders": "order",
    "customers": "customer",
    "products": "product",
    "categories": "category",
}
_SHOWN = 50
"""Findings that are told in the table one by one; all of them are counted, and in JSON."""
_COLUMNS = (Column("CLASS"), Column("RESOURCE"), Column("IN FLUENT"), Column("WHAT"))


class Reconciling(msgspec.Struct, frozen=True, kw_only=True):
    """One `reconcile`."""

    type_id: str
    since: float | None
    keys: Sequence[str]
    sample: int | None
    seed: int | None
    account: str | None
    settle: float
    repair: bool
    rate: float
    yes: bool
    dry_run: bool
    json: bool
    place: Place

    def run(self) -> int:
        """Tell what differs, mend it if that is wanted, and return the exit code."""
        logs.configure("error", "text")
        config, profiles, data = self.place
        return store.ask(store.place_of(data, config, profiles), self._reconcile)

    async def _reconcile(self, opened: Store) -> int:
        running = edition("the configuration", loaded(*self.place))
        accounts = self._accounts(running)
        tally, run = Tally(), frozen.new_run()
        shown: list[Finding] = []
        with Spool() as spool:
            try:
                with Bar("compared", json=self.json) as bar:
                    async for found in self._findings(opened, running, accounts):
                        item = None
                        if self.repair:
                            item = mended_by(found, running, run, spool.count)
                        if item is not None:
                            spool.add(item)
                        tally.count(found, mended=item is not None)
                        self._note(found, shown)
                        bar.show(tally.seen, 0)
            except asyncio.CancelledError:
                note(f"interrupted: {tally.seen:,} compared; nothing was put")
                self._tell(tally, shown)
                return INTERRUPTED
            if self.keys and not tally.seen:
                names = ", ".join(self.keys)
                do = "look with `fluent-connect explain`: it says what is known of it"
                raise CliError("CLI007", f"commercetools has no {self.type_id} {names}", do=do)
            self._tell(tally, shown)
            if self.repair:
                await self._mend(opened, tally, spool, run)
        if tally.drift:
            return PROBLEMS
        return PARTLY if tally.unknown else OK

    def _accounts(self, running: Edition) -> Sequence[Account]:
        known = {f"{each.name}/{each.retailer}": each for each in running.config.accounts}
        if self.account is None:
            return list(known.values())
        found = [each for name, each in known.items() if self.account in {name, each.name}]
        if not found:
            do = did_you_mean(self.account, known, f"there are: {', '.join(known)}")
            raise CliError("CLI014", f"no account is called {self.account!r}", do=do)
        return found

    async def _findings(
        self, opened: Store, running: Edition, accounts: Sequence[Account]
    ) -> AsyncIterator[Finding]:
        which = Which(
            type_id=self.type_id,
            since=self.since,
            keys=_predicates(self.type_id, self.keys),
            sample=self.sample,
            seed=self.seed,
        )
        async with studio(running.config, together=True) as reading:
            sweep = Sweep(opened, reading, running, settle=self.settle)
            for account in accounts:
                async for page in sweep.findings(account, which):
                    for found in page:
                        yield found

    def _note(self, found: Finding, shown: list[Finding]) -> None:
        """Tell a finding at once, or keep it for the table."""
        if not (found.drifted or found.class_ == "unknown"):
            return
        if self.json:
            json_line(_as_json(found))
        elif len(shown) < _SHOWN:
            shown.append(found)

    def _tell(self, tally: Tally, shown: Sequence[Finding]) -> None:
        if self.json:
            told = {"seen": tally.seen, "drift": tally.drift, "unknown": tally.unknown}
            classes = dict(tally.classes.most_common())
            fields = dict(tally.fields.most_common(100))
            json_line({"summary": {**told, "classes": classes, "fields": fields}})
            return
        if shown:
            table(_COLUMNS, [_cells(each) for each in shown])
            more = tally.drift + tally.unknown - len(shown)
            line(f"... and {more:,} more: --json tells all\n" if more > 0 else "")
        counts = ", ".join(f"{count:,} {name}" for name, count in tally.classes.most_common())
        line(f"{tally.seen:,} compared: {counts or 'nothing is there'}")
        line(f"drift: {tally.drift:,}")
        if tally.unknown:
            note(f"{tally.unknown:,} could not be read: neither drift nor agreement; run it again")

    async def _mend(self, opened: Store, tally: Tally, spool: Spool, run: str) -> None:
        """Show the plan, ask, and put the repairs."""
        plan = {
            "count": spool.count,
            "creates": tally.creates,
            "updates": tally.updates,
            "deactivations": tally.deactivations,
            "not_mendable": tally.drift - spool.count,
            "orders_that_start_fulfilment": tally.starts,
            "calls": spool.count * calls_of(self.type_id),
            "minutes": round(spool.count / self.rate / 60, 1),
        }
        if self.json:
            json_line({"run": run, "plan": plan})
        else:
            line("\nrepair")
            for name, value in plan.items():
                line(f"  {name.replace('_', ' '):<30}{value:>10,}")
        if self.dry_run or not spool.count:
            return
        if not self.yes:
            agreed(f"put {spool.count:,} repairs?")
        folder = store.folder_of(store.place_of(self.place[2], *self.place[:2]), self.place[2])
        what = f"repair of {self.type_id}"
        head = Head(run=run, at=time.time(), what=what, count=spool.count, rate=self.rate)
        frozen.freeze(folder, head, spool)
        await store.write(opened, "reconcile --repair", f"{run}: {spool.count} of {self.type_id}")
        going = Going(
            rate=self.rate,
            offline=True,
            yes=True,
            dry_run=False,
            json=self.json,
            place=self.place,
        )
        await Replaying(going).put(opened, head)


def _predicates(type_id: str, keys: Sequence[str]) -> Sequence[tuple[str, str]]:
    """Return how commercetools is asked for what these texts may name."""
    asked = [each.query for each in KINDS.values() if type_id in each.types and each.query]
    named = [(query, key) for key in keys for query in asked]
    return [*named, *(("id = :text", key) for key in keys if is_id(key))]


def _cells(found: Finding) -> list[str]:
    fields = Counter(
        f"{each.entity} {one.field}" for each in found.held for one in each.differences
    )
    missing = [f"no {each.entity} {each.ref}" for each in found.held if each.how == "missing"]
    lacks = [f"{missing[0]} and {len(missing) - 1} more"] if len(missing) > 1 else missing
    told = [f"{field} ({count}x)" if count > 1 else field for field, count in fields.items()]
    what = ", ".join([*lacks, *told]) or masking.text(found.reason)
    where = f"{found.account}/{found.retailer} {found.ref}".rstrip()
    return [found.class_, f"{found.type_id}/{found.id}", where, what]


def _as_json(found: Finding) -> dict[str, object]:
    return {
        "class": found.class_,
        "resource": f"{found.type_id}/{found.id}",
        "account": found.account,
        "retailer": found.retailer,
        "ref": found.ref,
        "version": found.version,
        "reason": masking.text(found.reason),
        "mendable": found.mendable,
        "entities": [comparison_json(each, unmasked=False) for each in found.held],
    }
