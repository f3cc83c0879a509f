"""The command line. It imports what the command asked for needs, and `--help` nothing at all."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "run": ("running", "start the connector"),
    "demo": ("demonstration", "carry a fixed set through a sandbox, and prove it"),
    "sandbox": ("sandbox", "start a commercetools and a Fluent OMS on this machine"),
    "check": ("check", "check configuration, handlers and routes without starting"),
    "config": ("settings", "show the configuration, and where each value comes from"),
    "doctor": ("doctor", "look at runtime, store, configuration and both platforms"),
    "queues": ("queues", "make or check the queues at their brokers"),
    "routes": ("routes", "list which handler takes which messages"),
    "setup": ("setup", "give commercetools the custom types that we need"),
    "subscription": ("subscription", "plan, apply and watch what commercetools sends"),
    "door": ("doors", "try a door of the running service with a signed sample"),
    "trigger": ("trigger", "send a signed notification, and follow it to its end"),
    "map": ("mapping", "try a mapping; replay messages through a new one"),
    "explain": ("explain", "where is order 1234? what happened, what is next, what mends it"),
    "jobs": ("jobs", "list, run, stop jobs; show their history"),
    "load": ("load", "go live with history: customers, categories, products, orders"),
    "events": ("events", "find notifications; tell what became of one"),
    "dead": ("dead", "look at dead letters; retry or drop them"),
    "replay": ("replay", "put messages of the journal once more: plan first, at a rate"),
    "reconcile": ("reconcile", "hold both systems against each other; mend what differs"),
    "pause": ("pausing:pause", "stop writes: of a route, of an account, all"),
    "resume": ("pausing:resume", "let writes go on"),
    "ledger": ("ledger", "count what was accepted, and what became of it"),
    "erase": ("erasing", "clear what is stored of a customer"),
    "backup": ("backups:backup", "copy the live store to a file"),
    "restore": ("backups:restore", "put it into an empty folder"),
    "migrate": ("migrating", "bring the store's schema up to date; move it to PostgreSQL"),
    "version": ("version", "tell the versions"),
}
"""Each command: the module (and the name in it) that holds it, and what it does."""

_USAGE = """\
Examples:
  fluent-connect run --sandbox         see it work: no account, no network needed
  fluent-connect explain order 1234    where is order 1234, and why?

Usage: fluent-connect COMMAND [OPTIONS]     (COMMAND --help: examples, options)
fluent-connect carries every change in commercetools to Fluent OMS.

Commands:
"""
_REST = """
Everywhere: --debug (tracebacks), --no-color, and --json on whatever prints results.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    words = [word for word in given if word not in {"--debug", "--no-color"}]
    if "--no-color" in given:
        os.environ["NO_COLOR"] = "1"
    first = words[0] if words else "--help"
    if first == "help" and len(words) > 1:
        words = [*words[1:], "--help"]
        first = words[0]
    if first in {"--help", "-h", "help"}:
        sys.stdout.write(overview())
        return 0
    if first == "--version":
        words, first = ["version"], "version"
    run = import_module(f"{__name__}.process").run
    return int(run(words, COMMANDS, debug="--debug" in given))


def overview() -> str:
    """Return what `--help` says: all commands on one screen, those of one module on one line."""
    shared: dict[str, list[str]] = {}
    for name, (place, _) in COMMANDS.items():
        shared.setdefault(place.partition(":")[0], []).append(name)
    told = (
        (", ".join(names), "; ".join(COMMANDS[name][1] for name in names))
        for names in shared.values()
    )
    lines = (f"  {names:<16}{what}" for names, what in told)
    return "\n".join([_USAGE.rstrip("\n"), *lines, _REST.rstrip("\n"), ""])
