"""`config show`: each key's effective value, and with --origin where it comes from."""

from typing import Annotated

import msgspec
import typer

from fluent_connect.app.cli.configuration import examined
from fluent_connect.app.cli.errors import INVALID, OK, CliError
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    Json,
    Profiles,
    command,
    group,
)
from fluent_connect.app.cli.output import json_line, line, note
from fluent_connect.app.config.mistakes import errors
from fluent_connect.app.config.result import render_origins

app = group(
    "Show the configuration, and where each value comes from.",
    "config show --origin",
    "config show --config conf --profile prod retry",
)


@command(app, "show", "config show --origin", "config show --config conf --json http.timeouts")
def show(
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="Only keys that contain this.")
    ] = None,
    *,
    origin: Annotated[
        bool, typer.Option("--origin", help="The file and line, variable, flag or default.")
    ] = False,
    config: ConfigFolder = None,
    profile: Profiles = None,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Print each key and its effective value, secrets masked: flag, variable, file, default."""
    found = examined(config, profile, data)
    told = [one for one in found.config.origins() if key is None or key in one.key]
    if not told:
        raise CliError("CLI007", f"no key contains {key!r}", do="see `fluent-connect config show`")
    if json:
        for one in told:
            json_line(msgspec.to_builtins(one))
    else:
        line(render_origins(told, origin=origin))
    wrong = errors(found.mistakes)
    if wrong:
        note(f"{len(wrong)} mistakes keep it from starting: see `fluent-connect check`")
    return INVALID if wrong else OK
