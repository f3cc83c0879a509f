"""`${NAME:default}` in a value: replaced by what the environment, or a credential manager, says."""

import re
from collections.abc import Callable, Mapping

import msgspec

from fluent_connect.model.yaml import Leaf

Lookup = Callable[[str], tuple[str, str] | None]
"""Takes a name; returns its value and where it came from ("env NAME"), or None."""

_WORD = r"[A-Za-z_][A-Za-z0-9_.\-/]*(?:#[A-Za-z0-9_.\-]+)?"
_NAME = re.compile(_WORD)
_ASKED = re.compile(rf"(?<!\$)\$\{{({_WORD})")


class PlaceholderError(ValueError):
    """A placeholder that cannot be replaced: `name` is unset, or (None) it is malformed."""

    def __init__(self, what: str, name: str | None = None) -> None:
        super().__init__(what)
        self.name = name


class Resolved(msgspec.Struct, frozen=True):
    """A text without placeholders, and where its parts came from."""

    text: str
    sources: tuple[str, ...] = ()


def from_environment(
    environ: Mapping[str, str], secrets: Mapping[str, tuple[str, str]] = {}
) -> Lookup:
    """Return a look-up in the environment, then among `secrets`: per name its value and source.

    `fluent.user-name` is also looked for as FLUENT_USER_NAME.
    """

    def look(name: str) -> tuple[str, str] | None:
        for known in (name, re.sub(r"[^A-Z0-9]", "_", name.upper())):
            if known in environ:
                return environ[known], f"env {known}"
        return secrets.get(name)

    return look


def resolve(leaf: Leaf, lookup: Lookup) -> Leaf:
    """Return the leaf with its placeholders replaced. Raise PlaceholderError."""
    if leaf.text is None or "${" not in leaf.text:
        return leaf
    resolved = _replace(leaf.text, lookup)
    source = ", ".join(dict.fromkeys(resolved.sources))
    return Leaf(resolved.text, leaf.place, source or leaf.source)


def names(text: str) -> list[str]:
    """Return the names that the placeholders of a text ask for; those of defaults too."""
    return _ASKED.findall(text)


def _replace(text: str, lookup: Lookup) -> Resolved:
    out: list[str] = []
    sources: list[str] = []
    at = 0
    while (start := text.find("${", at)) >= 0:
        if start > at and text[start - 1] == "$":
            out.append(text[at : start - 1] + "${")
            at = start + 2
            continue
        out.append(text[at:start])
        end = _closing(text, start + 2)
        part = _one(text[start + 2 : end], lookup)
        out.append(part.text)
        sources.extend(part.sources)
        at = end + 1
    out.append(text[at:])
    return Resolved("".join(out), tuple(sources))


def _one(inside: str, lookup: Lookup) -> Resolved:
    name, colon, default = inside.partition(":")
    if not _NAME.fullmatch(name):
        raise PlaceholderError(f"${{{inside}}} has no name that a variable could have")
    found = lookup(name)
    if found is not None:
        return Resolved(found[0], (found[1],))
    if not colon:
        raise PlaceholderError(f"${{{name}}} is not set, and has no default", name)
    return _replace(default, lookup)


def _closing(text: str, start: int) -> int:
    depth = 1
    at = start
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
            at += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise PlaceholderError(f"{text!r} opens a placeholder that nothing closes")
