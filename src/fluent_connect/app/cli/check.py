"""`check`: everything that is wrong or doubtful about configuration and handlers."""

from collections.abc import Sequence

import msgspec

from fluent_connect.app.cli.configuration import examined
from fluent_connect.app.cli.errors import INVALID, OK, PROBLEMS
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    Json,
    Profiles,
    application,
    command,
)
from fluent_connect.app.cli.output import json_line, line, note
from fluent_connect.app.config.mistakes import Mistake, errors, in_order, render_mistakes
from fluent_connect.app.discovery import discover
from fluent_connect.app.lints import check

app = application()


@command(app, "check", "check --config conf --profile prod", "check --config conf --json")
def look(
    *,
    config: ConfigFolder = None,
    profile: Profiles = None,
    data: DataFolder = None,
    json: Json = False,
) -> int:
    """Check files, handlers and routes without starting. Exit 3: it would not start; 9: doubts."""
    found = examined(config, profile, data)
    handlers = discover(found.config.packages, found.config.paths)
    mistakes = in_order([*found.mistakes, *check(found.config, handlers)])
    for notice in found.config.notices:
        note(notice)
    if json:
        for one in mistakes:
            json_line(msgspec.to_builtins(one))
    else:
        _show(mistakes, [str(one) for one in found.config.files])
    if errors(mistakes):
        return INVALID
    return PROBLEMS if mistakes else OK


def _show(mistakes: Sequence[Mistake], files: Sequence[str]) -> None:
    if mistakes:
        line(render_mistakes(mistakes))
        line()
    wrong = len(errors(mistakes))
    doubts = len(mistakes) - wrong
    read = ", ".join(files) or "the packaged defaults alone"
    line(f"{_counted(wrong, 'mistake')}, {_counted(doubts, 'warning')} in {read}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
