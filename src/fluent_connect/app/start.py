"""Starts what `fluent-connect run` asks for: the service alone, or between two sandboxes."""

import uvloop

from fluent_connect.app.config.load import load
from fluent_connect.app.playground import play
from fluent_connect.app.service import Options, run


def serve(options: Options) -> int:
    """Run until SIGTERM or SIGINT; return the exit code. Raise ConfigError if it cannot start."""
    return uvloop.run(_serve(options))


async def _serve(options: Options) -> int:
    if options.sandbox:
        return await play(options)
    config = load(options.config, options.profiles, None, options.overrides())
    return await run(config, options.drain)
