"""Operators that choose: value, first, choose, when."""

from typing import Any

from fluent_connect.mapping.rules import options
from fluent_connect.mapping.rules.compiling import Compiling
from fluent_connect.mapping.rules.conditions import condition
from fluent_connect.mapping.rules.paths import Scope
from fluent_connect.mapping.rules.rule import NOTHING, Frame, MistakenError, Rule
from fluent_connect.mapping.rules.values import as_text, says
from fluent_connect.model.yaml import Listing, Table


def value(compiling: Compiling, table: Table, frame: Frame) -> Rule:  # noqa: ARG001
    """Return a constant; a list or table anew each time."""
    node = table.entries["value"]
    told = options.constant(node)
    if isinstance(told, list | dict):
        return Rule(lambda _: options.constant(node))
    return Rule(lambda _: told)


def first(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return the first of several rules that says something."""
    node = table.entries["first"]
    if not isinstance(node, Listing) or not node.items:
        fix = "write first: [a.b, a.c]"
        raise MistakenError(table.keys["first"], "`first` takes a list of rules", fix)
    rules = compiling.rules(node.items, frame.deeper())
    runs = tuple(each.run for each in rules)

    def run(scope: Scope) -> Any:
        for each in runs:
            found = each(scope)
            if says(found):
                return found
        return None

    return Rule(run, tuple(path for each in rules for path in each.reads))


def choose(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return the rule of the case that a value names; "*" is any other."""
    switch = compiling.option(table, "choose", frame)
    cases = options.tabled(table, "cases")
    made = {key: compiling.option(cases, key, frame) for key in cases.entries}
    runs = {key: each.run for key, each in made.items()}
    other = runs.get("*", NOTHING.run)

    def run(scope: Scope) -> Any:
        return runs.get(as_text(switch.run(scope)) or "", other)(scope)

    return Rule(run, (*switch.reads, *(path for each in made.values() for path in each.reads)))


def when(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return one rule where a condition holds, and another where it does not."""
    holds = condition(compiling, table.entries["when"], frame.deeper())
    if "then" not in table.entries:
        raise MistakenError(table.keys["when"], "`when` has no `then`", "add `then:`")
    then = compiling.option(table, "then", frame)
    other = compiling.option(table, "else", frame) if "else" in table.entries else NOTHING
    yes, no = then.run, other.run

    def run(scope: Scope) -> Any:
        return yes(scope) if holds(scope) else no(scope)

    return Rule(run, (*then.reads, *other.reads))


MAKERS = {"value": value, "first": first, "choose": choose, "when": when}
