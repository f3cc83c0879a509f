"""How a command is made: examples first in its help, and the options that many share."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

F = TypeVar("F", bound=Callable[..., Any])

DataFolder = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Where the store is kept.")
]
ConfigFolder = Annotated[
    Path | None,
    typer.Option("--config", metavar="DIR", help="Folder of application-connector.yml."),
]
Profiles = Annotated[
    list[str] | None, typer.Option("--profile", metavar="P", help="Profile; the last one wins.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON; of a list, one line each.")]
Wide = Annotated[bool, typer.Option("--wide", help="All columns, nothing cut off.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")]
AccountName = Annotated[str | None, typer.Option("--account", help="Fluent account.")]
RetailerName = Annotated[str | None, typer.Option("--retailer", help="Fluent retailer.")]
AccountOrRetailer = Annotated[
    str | None, typer.Option("--account", help="Account, or account/retailer.")
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow it to its end.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]


class _Shown:
    """Writes the examples of a command before everything else."""

    examples: tuple[str, ...] = ()

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write examples, then usage and options."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"  fluent-connect {example}\n")
            formatter.write_paragraph()
        super().format_help(ctx, formatter)  # type: ignore[misc]


class _Command(_Shown, TyperCommand):
    """A command that shows its examples."""


class _Group(_Shown, TyperGroup):
    """A group of commands that shows its examples."""


def group(help: str, *examples: str) -> typer.Typer:
    """Return an empty group of commands."""
    app = application()
    cls = type("Group", (_Group,), {"examples": examples})

    @app.callback(cls=cls, help=help)
    def _nothing() -> None:
        """Let each command do its own."""

    return app


def application() -> typer.Typer:
    """Return what a single command is put into."""
    return typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def command(app: typer.Typer, name: str, *examples: str) -> Callable[[F], F]:
    """Put a function into `app` as a command. Its docstring is the help, what it returns the exit.

    Nothing returned means 0.
    """
    cls = type("Command", (_Command,), {"examples": examples})

    def put(function: F) -> F:
        app.command(name, cls=cls)(function)
        return function

    return put
