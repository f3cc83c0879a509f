"""One service from its start to its end by a signal."""

import asyncio
import gc
import os
import resource
import signal
import sys
import time

import structlog

from fluent_connect.app import logs
from fluent_connect.app.config.mistakes import ConfigMistakes, errors
from fluent_connect.app.config.result import Config
from fluent_connect.app.discovery import discover
from fluent_connect.app.dryrun.folder import refuse
from fluent_connect.app.dryrun.rehearsal import Rehearsal
from fluent_connect.app.handlers import Handlers
from fluent_connect.app.lints import check
from fluent_connect.app.service import Service
from fluent_connect.app.workers import Inherited
from fluent_connect.queues.open import sqlite_path

_ASKED_TWICE = 0.5
_FILES = 65_536
_TURN = 0.0001
"""Seconds after which a thread lets another one have the interpreter. The store's thread asks for
it at each statement; with the default, 0.005, the event loop made it wait, and waited for it next.
"""


async def run(
    config: Config,
    drain: float,
    ready: asyncio.Event | None = None,
    rehearsal: Rehearsal | None = None,
    role: str = "all",
) -> int:
    """Run one service from its start to its end by a signal.

    Raise ConfigError if its store is a dry run's, and this is none.
    """
    inherited = Inherited.of(os.environ)
    place = config.store
    if rehearsal is None and place.startswith("sqlite:"):
        refuse(sqlite_path(place))
    form = config.log.format
    text = form == "text" or (form == "auto" and sys.stderr.isatty())
    logs.configure(config.log.level, "text" if text else "json")
    _allow_connections()
    handlers = discover(config.packages, config.paths)
    _judge(config, handlers)
    sockets = inherited.webhook, inherited.admin
    service = Service(config, handlers, rehearsal=rehearsal, role=role, sockets=sockets)
    stop = _stop_signals()
    began = time.monotonic()
    await service.start()
    where = f"http://{config.host}:{service.server.port}" if service.ingests else f"({role})"
    admin = f"http://{config.admin.host}:{service.admin_server.port}"
    _calm_collector()
    sys.setswitchinterval(_TURN)
    seconds = time.monotonic() - began
    told = f"ready {where} admin {admin} after {seconds:.2f} s"
    if not inherited.serving():
        print(told, file=sys.stderr, flush=True)  # noqa: T201
    if ready is not None:
        ready.set()
    await stop.wait()
    await service.stop(drain)
    return 0


def _judge(config: Config, handlers: Handlers) -> None:
    """Tell what is doubtful. Raise ConfigMistakes with all that could not be run with."""
    found = check(config, handlers)
    if wrong := errors(found):
        raise ConfigMistakes(wrong)
    log = structlog.get_logger("fluent_connect")
    for notice in config.notices:
        log.info("configuration", what=notice)
    for doubt in found:
        log.warning(
            "configuration", code=doubt.code, where=str(doubt.place), what=doubt.what, fix=doubt.fix
        )


def _allow_connections() -> None:
    """Take as many open files as we may have: each connection is one, and 1,024 is the usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _calm_collector() -> None:
    """Have the cycle collector leave alone what stays, and look less often at what passes.

    Under load thousands of objects are alive for a moment; the default looks at them after every
    700 new ones, which cost a seventh of the processor's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _stop_signals() -> asyncio.Event:
    """Return an event that a first SIGTERM or SIGINT sets; one more, a second later, ends at once.

    A supervisor and a terminal may both pass on what was asked once.
    """
    stop = asyncio.Event()
    first = 0.0

    def asked() -> None:
        nonlocal first
        now = time.monotonic()
        if not stop.is_set():
            first = now
            stop.set()
        elif now - first > _ASKED_TWICE:
            signal.raise_signal(signal.SIGKILL)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked)
    return stop
