"""Versions of handlers and mapping that can be held against each other in one process."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import get_args

import msgspec

from fluent_connect.app.build import route_table
from fluent_connect.app.config.mistakes import ConfigMistakes, errors
from fluent_connect.app.config.result import Config
from fluent_connect.app.discovery import discover
from fluent_connect.app.handlers import Handlers
from fluent_connect.app.lints import check
from fluent_connect.app.mapping_checks import mapping_mistakes
from fluent_connect.app.shadow.unset import mapped_by
from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.router.belongs import Belonging
from fluent_connect.router.desk import Desks
from fluent_connect.router.routes import RouteTable

CONNECTOR = "application-connector"
"""What the name of a configuration file begins with."""


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """One version: its configuration, the routes it knows, the desks at which messages are mapped.

    name: how it is called on the screen.
    """

    name: str
    config: Config
    handlers: Handlers
    routes: RouteTable
    desks: Desks
    belongs: Belonging


def edition(
    name: str,
    config: Config,
    handlers: Handlers | None = None,
    accounts: Sequence[Account] | None = None,
) -> Edition:
    """Return the version that a configuration makes, with the handlers found by its own paths.

    `accounts`: those that are read, where they are another configuration's. Raise ConfigMistakes
    if the mapping cannot be compiled.
    """
    found = handlers or discover(config.packages, config.paths)
    routes = route_table(config.routes, found)

    def settings(account: Account) -> Settings:
        key = (account.name, account.retailer)
        if key not in config.settings:
            raise UnprocessableError(f"{name} has no account {account.name}/{account.retailer}")
        return config.settings[key]

    if wrong := errors([*config.mapping.mistakes, *mapping_mistakes(config, found)]):
        raise ConfigMistakes(wrong)
    whose = Accounts(config.accounts if accounts is None else accounts)
    desks = Desks(routes, whose, settings, config.mapping.blocks)
    return Edition(
        name=name,
        config=config,
        handlers=found,
        routes=routes,
        desks=desks,
        belongs=Belonging(whose),
    )


def is_configuration(folder: Path) -> bool:
    """Say whether a folder holds a configuration, not only mapping files."""
    return any(folder.glob(f"{CONNECTOR}*.y*ml"))


def other(folder: Path, running: Config, profiles: Sequence[str] = ()) -> Edition:
    """Return the version of another configuration folder. Raise ConfigMistakes if it is wrong.

    Handlers are imported anew from its own paths, whatever those that run are called. Its secrets
    need not be set: both systems are read by the running version's accounts.
    """
    config, _ = mapped_by(folder, profiles)
    with apart((*config.packages, *running.packages), running.paths):
        handlers = discover(config.packages, config.paths)
        found = check(config, handlers)
        if wrong := errors(found):
            raise ConfigMistakes(wrong)
        for one in handlers.handlers:
            _settle(one)
        return edition(str(folder), config, handlers, running.accounts)


@contextmanager
def apart(packages: Sequence[str], without: Sequence[Path] = ()) -> Iterator[None]:
    """Within it modules of these packages are imported anew, and not from the folders `without`.

    After it those of before are back.
    """
    path = list(sys.path)
    before = _taken(packages)
    hidden = {str(folder.expanduser().absolute()) for folder in without}
    sys.path[:] = [each for each in path if each not in hidden]
    try:
        yield
    finally:
        _taken(packages)
        sys.modules.update(before)
        sys.path[:] = path


def _taken(packages: Sequence[str]) -> dict[str, ModuleType]:
    """Take the modules of packages, and the folders that hold them, out of what is imported."""
    roots = {package.partition(".")[0] for package in packages}
    names = [name for name in sys.modules if name.partition(".")[0] in roots]
    return {name: sys.modules.pop(name) for name in names if not name.startswith("fluent_connect")}


def _settle(handler: type) -> None:
    """Read the annotations of a handler's resource while its own modules are the imported ones."""
    for base in getattr(handler, "__orig_bases__", ()):
        for resource in get_args(base):
            with suppress(TypeError, NameError):
                # Whatever cannot be read now fails in its own run, where it is told.
                msgspec.json.Decoder(resource)
