"""The choices of an account about its mappings: kebab-case keys of `handlers.settings.Settings`."""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import msgspec
from pydantic_core import PydanticCustomError

from fluent_connect.app.config.mistakes import Mistake, did_you_mean
from fluent_connect.app.config.sections import kebab
from fluent_connect.app.config.validate import Path, descend, written
from fluent_connect.app.config.values import duration, words
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.yaml import Leaf, Place, Table

KEYS = {kebab(field.name): field for field in msgspec.structs.fields(Settings)}


def checked(
    values: Mapping[str, Any], path: Path, table: Table, mistakes: list[Mistake]
) -> dict[str, Any]:
    """Return the settings by field name, each of the type that `Settings` gives it."""
    good: dict[str, Any] = {}
    for key, value in values.items():
        node, place = descend(table, (*path, key))
        field = KEYS.get(key)
        if field is None:
            mistakes.append(_unknown(key, place))
            continue
        try:
            good[field.name] = msgspec.convert(_shaped(value, field.type), field.type, strict=False)
        except (msgspec.ValidationError, PydanticCustomError):
            where = node.place if isinstance(node, Leaf) else place
            mistakes.append(_misfit((*path, key), field.type, value, where))
    return good


def _shaped(value: Any, kind: Any) -> Any:
    if kind is float:
        return duration(value)
    return words(value) if _is_list(kind) else value


def _unknown(key: str, place: Place) -> Mistake:
    respelt = kebab(key) in KEYS
    return Mistake(
        code="CFG004" if respelt else "CFG003",
        place=place,
        what=f"the setting {key!r} is not known",
        why=f"known: {', '.join(KEYS)}",
        fix=f"write `{kebab(key)}:`" if respelt else did_you_mean(key, KEYS, "remove it"),
        shown=f"{key}:",
    )


def _misfit(path: Path, kind: Any, value: Any, place: Place) -> Mistake:
    options = [str(one) for one in get_args(kind)] if get_origin(kind) is Literal else []
    expected = f"one of {', '.join(options)}" if options else _expected(kind)
    fix = f"write {expected}"
    text = str(value) if isinstance(value, str) else ""
    return Mistake(
        code="CFG008" if options else "CFG006",
        place=place,
        what=f"{written(path)} takes {expected}",
        why=f"expected {expected}",
        fix=did_you_mean(text, options, fix) if options else fix,
        shown=f"{path[-1]}: {text}".rstrip(),
    )


def _expected(kind: Any) -> str:
    names = {float: "a duration such as 60s or 3d", bool: "true or false", int: "a whole number"}
    if kind in names:
        return names[kind]
    if _is_list(kind):
        return "a list of texts"
    return "a table" if get_origin(kind) is not None else "a single text"


def _is_list(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and origin.__name__ == "Sequence"
