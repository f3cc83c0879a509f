"""`demo`: a fixed set through two systems made up here, with faults, and the proof."""

from pathlib import Path
from typing import Annotated

import typer

from fluent_connect.app.cli.framework import Json, application, command

app = application()


@command(app, "demo", "demo", "demo --json --seed 7")
def show(
    *,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, other faults.")] = 1,
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders made while it runs.")] = 60,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Keep the store there.")
    ] = None,
    json: Json = False,
) -> int:
    """Carry at least 200 notifications of all kinds to Fluent: duplicated, reordered, with faults.

    Exit 0 only if the ledger closes, nothing waits and Fluent holds what it should.
    """
    from fluent_connect.app.demo import Wishes, run  # noqa: PLC0415 - the whole house, not for --help

    return run(Wishes(json=json, seed=seed, keep=keep, orders=orders))
