"""The operator that calls a pure function by its dotted path: ours, or a partner's."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from fluent_connect.mapping.rules import options
from fluent_connect.mapping.rules.compiling import Compiling
from fluent_connect.mapping.rules.mistakes import hint
from fluent_connect.mapping.rules.paths import Scope
from fluent_connect.mapping.rules.placed import RuleError
from fluent_connect.mapping.rules.rule import Frame, MistakenError, Rule
from fluent_connect.model.errors import ConnectError
from fluent_connect.model.yaml import Table

_LONGEST = 200


def call(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return what a function makes of its arguments; what it raises names the place."""
    path = options.text(table, "call") or ""
    function = _found(path, table)
    given = options.tabled(table, "with") if "with" in table.entries else None
    made = {} if given is None else _arguments(compiling, given, frame)
    _fits(function, path, list(made), table)
    runs = tuple((name, rule.run) for name, rule in made.items())
    at = table.entries["call"].place

    def run(scope: Scope) -> Any:
        arguments = {name: each(scope) for name, each in runs}
        try:
            return function(**arguments)
        except ConnectError:
            raise
        except Exception as error:
            told = f"{type(error).__name__}: {error}"[:_LONGEST]
            raise RuleError(f"{at}: {path} raised {told}") from error

    return Rule(run, tuple(read for rule in made.values() for read in rule.reads))


def _arguments(compiling: Compiling, given: Table, frame: Frame) -> dict[str, Rule]:
    return {name: compiling.option(given, name, frame, raw=True) for name in given.entries}


def _found(path: str, table: Table) -> Callable[..., Any]:
    place = table.entries["call"].place
    if "." not in path:
        fix = "write package.module.function"
        raise MistakenError(place, f"{path!r} is no dotted path to a function", fix)
    found, rest = _imported(path, table)
    for name in rest:
        if not hasattr(found, name):
            known = [each for each in dir(found) if not each.startswith("_")]
            fix = hint(name, known, "look at how it is spelt")
            raise MistakenError(place, f"{path}: there is no {name!r}", fix)
        found = getattr(found, name)
    if not callable(found) or inspect.iscoroutinefunction(found):
        fix = "name a plain function: mapping waits for nothing"
        raise MistakenError(place, f"{path} cannot be called", fix)
    made: Callable[..., Any] = found
    return made


def _imported(path: str, table: Table) -> tuple[Any, list[str]]:
    """Return the module that the path begins with, and the names after it."""
    words = path.split(".")
    for end in range(len(words) - 1, 0, -1):
        name = ".".join(words[:end])
        try:
            return importlib.import_module(name), words[end:]
        except ModuleNotFoundError as error:
            if error.name is not None and not f"{name}.".startswith(f"{error.name}."):
                raise _broken(path, table, error) from error
        except Exception as error:
            raise _broken(path, table, error) from error
    fix = "install the package, or add its folder to `paths:`"
    what = f"{path}: no module {words[0]!r} can be imported"
    raise MistakenError(table.entries["call"].place, what, fix)


def _broken(path: str, table: Table, error: Exception) -> MistakenError:
    what = f"{path} cannot be imported: {type(error).__name__}: {error}"
    return MistakenError(table.entries["call"].place, what, "correct that module")


def _fits(function: Callable[..., Any], path: str, names: list[str], table: Table) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(**dict.fromkeys(names))
    except TypeError as error:
        place = table.keys.get("with", table.keys["call"])
        takes = ", ".join(signature.parameters) or "nothing"
        what = f"{path} does not take these arguments: {error}"
        raise MistakenError(place, what, f"it takes {takes}") from error


MAKERS = {"call": call}
