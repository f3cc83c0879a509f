"""`queues ensure | check`: the queues at their brokers, made and looked at."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from fluent_connect.app.cli.configuration import examined
from fluent_connect.app.cli.errors import OK, PROBLEMS, CliError
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DryRun,
    Json,
    Profiles,
    command,
    group,
)
from fluent_connect.app.cli.output import json_line, line, note, paint
from fluent_connect.app.config.mistakes import ConfigMistakes, errors
from fluent_connect.app.config.result import Config
from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.address import SQL, engine, shown
from fluent_connect.queues.open import brokers_of, connect
from fluent_connect.queues.store import Setting, StoreError

app = group(
    "Make the queues at their brokers, or look at how they stand.",
    "queues check --config conf",
    "queues ensure --dry-run",
)
_TONES = {"ok": "good", "made": "good", "missing": "bad", "differs": "bad", "doubt": "doubt"}
_NO_ACCOUNT = "CFG020"
_WRONG = frozenset({"missing", "differs", "doubt"})


@command(app, "ensure", "queues ensure --config conf", "queues ensure --dry-run --json")
def ensure(
    *,
    dry_run: DryRun = False,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Make what the queues need at their brokers, and set right what can be. Again: nothing.

    Exit 9 if something stays wrong or doubtful.
    """
    return _told(_configured(config, profile), change=not dry_run, json=json)


@command(app, "check", "queues check --config conf", "queues check --json")
def check(
    *,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Show what the queues need at their brokers, what is there, and what could be lost.

    It changes nothing. Exit 9 if something is missing, wrong or doubtful.
    """
    return _told(_configured(config, profile), change=False, json=json)


async def settled(config: Config, *, change: bool) -> Sequence[tuple[str, Setting]]:
    """Return the engine and the state of everything that queues need at their brokers.

    Raise StoreError or OSError if a broker cannot be reached.
    """
    urls = {name: queue.url for name, queue in config.queues.items()}
    found: list[tuple[str, Setting]] = []
    for scheme in brokers_of(urls):
        broker = await connect(scheme, urls)
        try:
            found += ((scheme, each) for each in await broker.settle(change=change))
        finally:
            await broker.close()
    return found


def _configured(config: Path | None, profiles: Sequence[str] | None) -> Config:
    """Return the configuration; the account of the environment is not needed for queues."""
    found = examined(config, profiles)
    if wrong := [one for one in errors(found.mistakes) if one.code != _NO_ACCOUNT]:
        raise ConfigMistakes(wrong)
    return found.config


def _told(config: Config, *, change: bool, json: bool) -> int:
    try:
        found = asyncio.run(settled(config, change=change))
    except ConfigError as error:
        raise CliError("CLI022", str(error), do="correct the URL, or install the engine") from error
    except (StoreError, OSError) as error:
        do = "see that the broker runs, and that this host and user may reach it"
        raise CliError("CLI023", f"a broker cannot be reached: {error}", do=do) from error
    if json:
        for scheme, each in found:
            json_line({"engine": scheme, **msgspec.to_builtins(each)})
    else:
        _show(config, found)
    return PROBLEMS if any(each.state in _WRONG for _, each in found) else OK


def _show(config: Config, found: Sequence[tuple[str, Setting]]) -> None:
    for name, queue in config.queues.items():
        line(f"{name}  {shown(queue.url)}")
        if engine(queue.url) in SQL:
            line("  in SQL, with the journal: nothing to make")
        for each in (one for _, one in found if one.queue == name):
            line(f"  {paint(f'{each.state:<7}', _TONES.get(each.state, ''))}  {each.what}")
            if each.state != "ok":
                _explain(each)
    counts = {state: sum(each.state == state for _, each in found) for state in ("made", *_WRONG)}
    note(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))


def _explain(each: Setting) -> None:
    rows = (
        ("found", each.found),
        ("wanted", each.wanted),
        ("at risk", each.lost),
        ("do", each.fix),
    )
    for name, text in rows:
        if text:
            line(f"             {name}: {text}")
