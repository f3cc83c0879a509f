"""`explain`: the whole story of an order, a customer, a product, in one command."""

from typing import Annotated

import typer

from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.cli.explaining import Question
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    Json,
    Profiles,
    application,
    command,
)
from fluent_connect.app.config.mistakes import did_you_mean
from fluent_connect.app.explain.subjects import KINDS

app = application()


@command(app, "explain", "explain order 1234", "explain 1234 --offline --json")
def explain(
    what: Annotated[
        str, typer.Argument(metavar="KIND|ID", help=f"{', '.join(KINDS)}; or an id alone.")
    ],
    text: Annotated[
        str | None, typer.Argument(metavar="ID", help="Number, key, SKU, id or ref; exact.")
    ] = None,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask neither commercetools nor Fluent.")
    ] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Tell so many notifications in full.")
    ] = 5,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Personal data too; the audit notes who looked.")
    ] = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Tell where something stands, why, what happens next, and the command that mends it.

    Then what told of it, each attempt with its calls, and both sides as they are now. Nothing is
    written. Exit 6: neither the journal nor commercetools knows it.
    """
    question = Question(
        kind=None if text is None else _kind(what),
        text=what if text is None else text,
        offline=offline,
        limit=limit,
        unmasked=unmasked,
        json=json,
        place=(config, tuple(profile or ()), data),
    )
    return question.run()


def _kind(word: str) -> str:
    if word in KINDS:
        return word
    do = did_you_mean(word, KINDS, f"write one of {', '.join(KINDS)}, or the id alone")
    raise CliError("CLI004", f"{word!r} is no kind of thing that is known", do=do)
