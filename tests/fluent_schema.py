"""Judges inputs of Fluent's mutations by Fluent's own schema, lengths and all."""

import functools
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    is_scalar_type,
)
from graphql.utilities import validate_input_value

from fluent_connect.clients.fluent.model import Ref, Upsert

ROOT = pathlib.Path(__file__).parents[1]
_LENGTH = re.compile(r"max (\d+) chars")
_UNSTATED = 255


@functools.cache
def schema() -> GraphQLSchema:
    return build_schema((ROOT / "src/fluent_connect/model/fluent.graphql").read_text("utf-8"))


def faults(change: Upsert) -> list[str]:
    """Return what Fluent would not take of an upsert, each as a sentence."""
    name = change.entity[0].upper() + change.entity[1:]
    found = []
    for verb, body in (("Create", change.create), ("Update", change.update)):
        if body is not None:
            found += input_faults(f"{verb}{name}Input", body)
    return found


def input_faults(type_name: str, body: Mapping[str, object]) -> list[str]:
    kind = schema().type_map[type_name]
    assert isinstance(kind, GraphQLInputObjectType)
    plain = _plain(body)
    found: list[str] = []
    validate_input_value(plain, kind, lambda error, path: found.append(f"{path}: {error}"))
    _walk(plain, kind, type_name, found)
    return found


def _plain(value: Any) -> Any:
    """Return the value with each Ref as the id that it stands for; its own create is judged too."""
    if isinstance(value, Ref):
        if value.create is not None:
            name = value.entity[0].upper() + value.entity[1:]
            wrong = input_faults(f"Create{name}Input", value.create)
            return {"wrong": wrong} if wrong else "1"
        return "1"
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value


def _walk(value: Any, kind: GraphQLInputObjectType, at: str, found: list[str]) -> None:
    for name, field in kind.fields.items():
        if name not in value:
            continue
        inner, where = value[name], f"{at}.{name}"
        stated = _LENGTH.search(field.description or "")
        limit = int(stated[1]) if stated else _UNSTATED
        type_ = get_named_type(field.type)
        many = isinstance(inner, list) and is_list_type(get_nullable_type(field.type))
        for each in inner if many else [inner]:
            if each is None:
                found.append(f"{where} is null")
            elif is_input_object_type(type_):
                if stated and len(each.get("ref", "")) > limit:
                    found.append(f"{where}.ref is over {limit}")
                _walk(each, type_, where, found)
            elif is_scalar_type(type_) and type_.name == "String" and isinstance(each, str):
                if len(each.encode("utf-16-le")) // 2 > limit:
                    found.append(f"{where} is over {limit}")
                if not each:
                    found.append(f"{where} is empty")
