"""Which dead letters an operator means, and the care that is taken before anything happens."""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
import typer

from fluent_connect.app.cli import store
from fluent_connect.app.cli.errors import OK, PARTLY, CliError
from fluent_connect.app.cli.output import json_line, line
from fluent_connect.app.cli.prompts import agreed, typed
from fluent_connect.journal.dead import DeadFilter, dead_ids_statement, dead_one_statement
from fluent_connect.model.fact import Dropped, Revived
from fluent_connect.queues.store import Store, StoreError

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Ids of dead letters.")]
Route = Annotated[str | None, typer.Option("--route", help="Name of a route.")]
Type = Annotated[str | None, typer.Option("--type", help="commercetools' typeId.")]
Reason = Annotated[str | None, typer.Option("--reason", help="A part of the reason.")]
Queue = Annotated[str | None, typer.Option("--queue", help="ct-queue or event-queue.")]
Every = Annotated[bool, typer.Option("--all", help="All dead letters.")]

_MOST = 2**31
_AT_ONCE = 500


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The dead letters that are meant; `narrowed`: by ids or a filter, not all there are."""

    ids: Sequence[str]
    absent: Sequence[str] = ()
    narrowed: bool = True

    def ask(self, verb: str, *, yes: bool, dry_run: bool) -> None:
        """Return if a person agrees. Raise CliError if nobody can be asked."""
        if self.ids and not (yes or dry_run):
            agreed(f"{verb} {_counted(len(self.ids))}?")

    def type_number(self, verb: str, *, yes: bool, dry_run: bool) -> None:
        """Return if a person types the number, or said --yes to ids or a filter."""
        if not self.ids or dry_run or (yes and self.narrowed):
            return
        if yes:
            do = "give ids or a filter, or type the number when asked"
            raise CliError("CLI005", f"--yes alone does not {verb} all dead letters", do=do)
        typed(f"type {len(self.ids)} to {verb} {_counted(len(self.ids))}:", str(len(self.ids)))


def which_dead(
    route: str | None,
    account: str | None,
    type_: str | None,
    reason: str | None,
    queue: str | None,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> DeadFilter:
    """Return the filter that the flags make."""
    return DeadFilter(
        route=route,
        account=account,
        type=type_,
        reason=reason,
        queue=queue,
        after=after,
        limit=limit or _MOST,
    )


async def chosen(opened: Store, ids: Sequence[str], which: DeadFilter, *, every: bool) -> Chosen:
    """Return the dead letters that ids, a filter or --all mean. Raise CliError for none of them."""
    filtered = which != DeadFilter(limit=which.limit)
    if ids:
        if filtered or every:
            raise CliError("CLI002", "give ids or a filter, not both")
        return await _named(opened, ids)
    if not (filtered or every):
        do = "give ids, a filter such as --route, or --all"
        raise CliError("CLI005", "no dead letter is chosen", do=do)
    rows = await opened.read(dead_ids_statement(which))
    return Chosen(ids=[str(row["id"]) for row in rows], narrowed=filtered)


async def carry_out(
    opened: Store,
    verb: str,
    found: Chosen,
    fact: Callable[[Sequence[str]], Revived | Dropped],
    *,
    dry_run: bool,
    json: bool,
) -> int:
    """Commit the fact for all that was chosen, some at a time; tell how many; return the exit."""
    done = 0
    try:
        for start in range(0, 0 if dry_run else len(found.ids), _AT_ONCE):
            part = found.ids[start : start + _AT_ONCE]
            await store.write(opened, f"dead {verb}", ", ".join(part), fact(tuple(part)))
            done += len(part)
    except (StoreError, KeyboardInterrupt):
        sys.stderr.write(f"{done} done, {len(found.ids) - done} left: the same command goes on\n")
        if not done:
            raise
    left = 0 if dry_run else len(found.ids) - done
    if json:
        told = {"verb": verb, "dry_run": dry_run, "chosen": len(found.ids), "done": done}
        json_line({**told, "left": left, "absent": found.absent})
    else:
        _tell(verb, found, done, dry_run=dry_run)
    return PARTLY if left or found.absent else OK


def _tell(verb: str, found: Chosen, done: int, *, dry_run: bool) -> None:
    if dry_run:
        line(f"would {verb} {_counted(len(found.ids))}")
        for id_ in found.ids:
            line(f"  {id_}")
    else:
        line(f"{'retried' if verb == 'retry' else 'dropped'} {_counted(done)}")
    for id_ in found.absent:
        line(f"not dead: {id_}")


async def _named(opened: Store, ids: Sequence[str]) -> Chosen:
    """Return those of the ids that are dead: reviving anything else would undo its fate."""
    dead = [id_ for id_ in dict.fromkeys(ids) if await opened.read(dead_one_statement(id_))]
    absent = [id_ for id_ in dict.fromkeys(ids) if id_ not in dead]
    if not dead:
        names = ", ".join(absent)
        do = "see `fluent-connect dead list`"
        raise CliError("CLI007", f"no dead letter has the id {names}", do=do)
    return Chosen(ids=dead, absent=absent)


def _counted(number: int) -> str:
    return "1 dead letter" if number == 1 else f"{number:,} dead letters"
