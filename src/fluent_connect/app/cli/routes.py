"""`routes list`: which handler takes which messages, and what becomes them."""

from typing import Annotated

import typer

from fluent_connect.app.build import is_of_a_job
from fluent_connect.app.cli.configuration import examined
from fluent_connect.app.cli.errors import INVALID, OK
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    Json,
    Profiles,
    Wide,
    command,
    group,
)
from fluent_connect.app.cli.output import Column, json_line, note, table
from fluent_connect.app.config.result import Config
from fluent_connect.app.discovery import discover
from fluent_connect.app.handlers import Handlers, UnresolvedError, dotted

app = group(
    "List which handler takes which messages.",
    "routes list",
    "routes list --notifications",
)
_COLUMNS = (
    Column("ROUTE"),
    Column("PRIORITY", wide=True),
    Column("CLASS", wide=True),
    Column("HANDLER"),
)
_MAPPED = (Column("TYPE"), Column("ROUTE"), Column("KINDS"))
_NOBODY = "(nobody)"


@command(app, "list", "routes list", "routes list --notifications --config conf")
def listing(
    *,
    notifications: Annotated[
        bool, typer.Option("--notifications", help="Which notifications become which route.")
    ] = False,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
    wide: Wide = False,
) -> int:
    """List routes with handler, priority and class. Exit 3 if a route leads to nobody."""
    found = examined(config, profile).config
    if notifications:
        _mapped(found, json=json, wide=wide)
        return OK
    rows = _rows(found, discover(found.packages, found.paths))
    if json:
        for row in rows:
            json_line(row)
    else:
        names = ("route", "priority", "class", "handler")
        table(_COLUMNS, [[str(row[name]) for name in names] for row in rows], wide=wide)
    lost = [row for row in rows if row["class"] == _NOBODY]
    if lost:
        note("a route leads to nobody: see `fluent-connect check`")
    return INVALID if lost else OK


def _rows(config: Config, handlers: Handlers) -> list[dict[str, object]]:
    rows = []
    for route in config.routes:
        if is_of_a_job(route, handlers):
            continue
        row: dict[str, object] = {
            "route": route.route,
            "handler": route.target,
            "priority": "",
            "class": _NOBODY,
            "props": route.props,
        }
        try:
            handler = handlers.resolve(route.target)
        except UnresolvedError as error:
            row["problem"] = str(error)
        else:
            row |= {"priority": handler.priority, "class": dotted(handler)}
        rows.append(row)
    return rows


def _mapped(config: Config, *, json: bool, wide: bool) -> None:
    entries = [
        (each.type_id, each.route or "", each.skip or "", sorted(each.kinds))
        for each in config.route_mapping
    ]
    if json:
        for type_id, route, skip, kinds in entries:
            json_line({"type": type_id, "route": route, "skip": skip, "kinds": kinds})
        return
    rows = [
        [type_id, route or "(skipped)", skip or ", ".join(kinds) or "all"]
        for type_id, route, skip, kinds in entries
    ]
    table(_MAPPED, rows, wide=wide)
