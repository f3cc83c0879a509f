"""What commands do with each commercetools project of the configuration, one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import typer

from fluent_connect.app import subscriptions
from fluent_connect.app.cli.errors import CliError
from fluent_connect.app.clients import Clients
from fluent_connect.app.config.result import Config
from fluent_connect.clients.accounts import Account
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.trace import Trace
from fluent_connect.model.errors import ConnectError

T = TypeVar("T")
Project = Annotated[
    str | None, typer.Option("--project", metavar="KEY", help="Only this commercetools project.")
]


def chosen(config: Config, project: str | None) -> Sequence[Account]:
    """Return one account for each project, or for the one named. Raise CliError if none has it."""
    accounts = subscriptions.projects(config.accounts)
    found = [each for each in accounts if project in {None, each.commercetools.project_key}]
    if not found:
        there = ", ".join(each.commercetools.project_key for each in accounts)
        raise CliError("CLI014", f"no account has project {project!r}", do=f"there are: {there}")
    return found


def each_project(
    config: Config,
    project: str | None,
    ask: Callable[[Commercetools, Account], Awaitable[T]],
    *,
    scope: str,
) -> list[T]:
    """Ask each project in turn. Raise CliError if one cannot be reached or lets us not do it.

    `scope`: what an API client has to be granted for it.
    """
    accounts = chosen(config, project)

    async def all_of_them() -> list[T]:
        clients = Clients(accounts, config.http)
        try:
            return [await ask(clients(each, Trace())[0], each) for each in accounts]
        finally:
            await clients.close()

    try:
        return asyncio.run(all_of_them())
    except ConnectError as error:
        do = f"grant the API client the scope {scope}; see `fluent-connect doctor`"
        raise CliError("CLI020", str(error), do=do) from error
