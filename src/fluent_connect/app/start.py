"""Starts what `fluent-connect run` asks for: the service alone, or between two sandboxes."""

import sys

import uvloop

from fluent_connect.app.config.load import examine
from fluent_connect.app.config.mistakes import ConfigMistakes, errors
from fluent_connect.app.config.result import Config
from fluent_connect.app.discovery import discover
from fluent_connect.app.dryrun.folder import claim
from fluent_connect.app.dryrun.rehearsal import Rehearsal
from fluent_connect.app.lifetime import run
from fluent_connect.app.lints import check
from fluent_connect.app.options import Options
from fluent_connect.app.workers import Workers, arguments, refuse


def serve(options: Options) -> int:
    """Run until SIGTERM or SIGINT; return the exit code. Raise ConfigError if it cannot start."""
    return uvloop.run(_serve(options))


async def _serve(options: Options) -> int:
    return await _rehearse(options) if options.dry_run else await _start(options, None)


async def _start(options: Options, rehearsal: Rehearsal | None) -> int:
    if options.sandbox:
        from fluent_connect.app.playground import play  # noqa: PLC0415 - the sandbox takes 6 MB

        return await play(options, rehearsal)
    config = _loaded(options)
    refuse(config, options.role, options.workers)
    if options.workers > 1:
        return await Workers(options, config, arguments(options)).run()
    return await run(config, options.drain, rehearsal=rehearsal, role=options.role)


def _loaded(options: Options) -> Config:
    """Return the configuration.

    Raise ConfigMistakes with all that is wrong, with handlers and mapping files too.
    """
    found = examine(options.config, options.profiles, None, options.overrides())
    if errors(found.mistakes):
        handlers = discover(found.config.packages, found.config.paths)
        raise ConfigMistakes(errors([*found.mistakes, *check(found.config, handlers)]))
    return found.config


async def _rehearse(options: Options) -> int:
    """Run without writing, on a data folder of its own; tell at the end what it came to."""
    assert options.data is not None  # noqa: S101 - whoever asks for a dry run makes a folder
    claim(options.data)
    rehearsal = Rehearsal(json=options.json)
    print(f"dry run: nothing is written; its store is {options.data}", file=sys.stderr)  # noqa: T201
    try:
        return await _start(options, rehearsal)
    finally:
        rehearsal.finish()
