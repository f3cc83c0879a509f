"""From words to an exit code: finds the command, runs it, and words what went wrong."""

import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from typer.main import get_command

from fluent_connect.app.cli.errors import BUG, INTERRUPTED, INVALID, CliError, render
from fluent_connect.app.config.mistakes import ConfigMistakes, did_you_mean
from fluent_connect.model.errors import ConfigError
from fluent_connect.queues.store import StoreError

_HOME = "fluent_connect.app.cli"
_PROGRAM = "fluent-connect"


def run(words: Sequence[str], commands: Mapping[str, tuple[str, str]], *, debug: bool) -> int:
    """Run a command to its end, and return its exit code. Whatever goes wrong is on stderr.

    `debug`: what went wrong is raised instead, so that its traceback is seen.
    """
    try:
        return _command(words, commands)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except BrokenPipeError:
        return _deaf()
    except Exception as error:
        if debug:
            raise
        return _told(error)


def _command(words: Sequence[str], commands: Mapping[str, tuple[str, str]]) -> int:
    name = words[0] if words else ""
    if name not in commands:
        do = did_you_mean(name, commands, "see `fluent-connect --help`")
        raise CliError("CLI001", f"there is no command {name!r}", do=do)
    module, _, attribute = commands[name][0].partition(":")
    made = getattr(import_module(f"{_HOME}.{module}"), attribute or "app")
    command = get_command(made)
    rest = list(words[1:])
    below: Mapping[str, object] | None = getattr(command, "commands", None)
    if below is not None:
        rest = rest or ["--help"]
        if not rest[0].startswith("-") and rest[0] not in below:
            do = did_you_mean(rest[0], below, f"there are: {', '.join(below)}")
            raise CliError("CLI001", f"there is no command {f'{name} {rest[0]}'!r}", do=do)
    answer = command.main(args=rest, prog_name=f"{_PROGRAM} {name}", standalone_mode=False)
    sys.stdout.flush()
    return int(answer or 0)


def _told(error: Exception) -> int:
    """Write what went wrong, and return the exit code for it."""
    told = _worded(error)
    if told is not None:
        sys.stderr.write(render(told) + "\n")
        return told.exit
    if isinstance(error, ConfigMistakes):
        sys.stderr.write(f"{error}\n")
        return INVALID
    traceback.print_exception(error)
    bug = CliError("CLI070", f"a bug of ours: {type(error).__name__}", do="report the traceback")
    sys.stderr.write(render(bug) + "\n")
    return BUG


def _worded(error: Exception) -> CliError | None:
    if isinstance(error, CliError):
        return error
    if isinstance(error, ConfigMistakes):
        return None
    if isinstance(error, ConfigError):
        return CliError("CLI008", str(error))
    if isinstance(error, StoreError):
        return CliError("CLI010", str(error), do="look at the disk, and try again")
    return _usage(error)


def _usage(error: Any) -> CliError | None:
    """Return what the reader of options says, whichever library it comes from."""
    if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
        return None
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", _PROGRAM)
    near = list(getattr(error, "possibilities", None) or ())
    known = [one for each in _parameters(context) for one in getattr(each, "opts", ())]
    option = str(getattr(error, "option_name", "") or "")
    do = did_you_mean(option, [*near, *known], "") if option else ""
    what = str(error.message or error.format_message()).partition(" Did you mean")[0]
    return CliError("CLI002", _one_line(what, error), do=do or f"see `{path} --help`")


def _parameters(context: Any) -> Sequence[Any]:
    return getattr(getattr(context, "command", None), "params", ())


def _one_line(what: str, error: Any) -> str:
    """Return the message; of a parameter that is missing or wrong, with the parameter's name."""
    if getattr(error, "param", None) is not None:
        what = error.format_message()
    return " ".join(what.split()).rstrip(".")


def _deaf() -> int:
    """Whoever read our output has left: end quietly, and let nothing be flushed to nobody."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
