"""Operators that make text: join, text, localized."""

import re
from typing import Any

from fluent_connect.mapping.localized import localized as of_locale
from fluent_connect.mapping.rules import options, shapes
from fluent_connect.mapping.rules.compiling import Compiling
from fluent_connect.mapping.rules.paths import Scope
from fluent_connect.mapping.rules.rule import Frame, MistakenError, Rule
from fluent_connect.mapping.rules.shapes import TEXT
from fluent_connect.mapping.rules.values import as_text
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.yaml import Listing, Place, Table

_PART = re.compile(r"\{\{|\}\}|\{(?P<path>[^{}]*)\}|(?P<wrong>[{}])")


def join(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return the parts that say something, as one text."""
    node = table.entries["join"]
    between = options.text(table, "with") if "with" in table.entries else " "
    several = node.items if isinstance(node, Listing) else (node,)
    rules = compiling.rules(several, frame.deeper())
    runs = tuple(each.run for each in rules)
    with_ = between or ""

    def run(scope: Scope) -> Any:
        parts: list[str | None] = []
        for each in runs:
            found = each(scope)
            if found.__class__ is list or isinstance(found, tuple | set):
                parts += [as_text(one) for one in found]
            else:
                parts.append(as_text(found))
        return with_.join([part for part in parts if part]) or None

    return Rule(run, tuple(path for each in rules for path in each.reads), TEXT)


def text(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return a pattern filled in; nothing if any part of it says nothing."""
    pattern = options.text(table, "text") or ""
    pairs, end = _parts(compiling, pattern, table.entries["text"].place, frame)
    runs = tuple((before, rule.run) for before, rule in pairs)

    def run(scope: Scope) -> Any:
        made: list[str] = []
        for before, each in runs:
            part = as_text(each(scope))
            if part is None:
                return None
            made += (before, part)
        return "".join(made) + end

    return Rule(run, tuple(path for _, rule in pairs for path in rule.reads), TEXT)


def _parts(
    compiling: Compiling, pattern: str, place: Place, frame: Frame
) -> tuple[list[tuple[str, Rule]], str]:
    """Return the paths of a pattern, each with the text before it, and the text after all."""
    pairs: list[tuple[str, Rule]] = []
    before, end = "", 0
    for match in _PART.finditer(pattern):
        before += pattern[end : match.start()]
        end = match.end()
        if match["wrong"] is not None:
            what = f"the text {pattern!r} has a single {match['wrong']}"
            raise MistakenError(place, what, "write {path}, or {{ and }} for braces")
        if match["path"] is None:
            before += match[0][0]
        else:
            pairs.append((before, compiling.path(match["path"].strip(), place, frame)))
            before = ""
    return pairs, before + pattern[end:]


def localized(compiling: Compiling, table: Table, frame: Frame) -> Rule:
    """Return the text of the first locale that has one: of the rule, else of the settings."""
    found = compiling.option(table, "localized", frame)
    if shapes.entry(found.shape) is None:
        what = f"`localized` takes texts by locale, and this is {shapes.told(found.shape)}"
        raise MistakenError(table.entries["localized"].place, what, "leave `localized` out")
    chosen = options.words(table, "locales")
    inner = found.run

    def run(scope: Scope) -> Any:
        texts = inner(scope)
        if not texts:
            return None
        if isinstance(texts, str):
            return texts
        if not hasattr(texts, "items") or not all(isinstance(each, str) for each in texts.values()):
            raise UnprocessableError("no texts by locale")
        return of_locale(texts, chosen or scope[0].locales)

    return Rule(run, found.reads, TEXT)


MAKERS = {"join": join, "text": text, "localized": localized}
