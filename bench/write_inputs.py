"""Write `clients/fluent/schema/inputs.json`: what inputs of mutations may hold, as plain data.

Run it after a change of `model/fluent.graphql`: `.venv/bin/python bench/write_inputs.py`.
"""

import json
import re
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    build_schema,
    get_named_type,
)

PACKAGE = Path(__file__).parents[1] / "src" / "fluent_connect"
TARGET = PACKAGE / "clients" / "fluent" / "schema" / "inputs.json"
STATED = re.compile(r"max (\d+) chars")


def table(schema: GraphQLSchema) -> str:
    """Return the table, a line for each type."""
    mutations = schema.mutation_type
    assert mutations is not None
    taken = {
        name: get_named_type(field.args["input"].type) for name, field in mutations.fields.items()
    }
    reached: dict[str, GraphQLNamedType] = {}
    for type_ in taken.values():
        reach(type_, reached)
    inputs = {
        name: {key: written(field) for key, field in type_.fields.items()}
        for name, type_ in sorted(reached.items())
        if isinstance(type_, GraphQLInputObjectType)
    }
    enums = {
        name: sorted(type_.values)
        for name, type_ in sorted(reached.items())
        if isinstance(type_, GraphQLEnumType)
    }
    blocks = {
        "mutations": {name: type_.name for name, type_ in taken.items()},
        "inputs": inputs,
        "enums": enums,
    }
    return "{\n" + ",\n".join(block(name, rows) for name, rows in blocks.items()) + "\n}\n"


def reach(type_: GraphQLNamedType, reached: dict[str, GraphQLNamedType]) -> None:
    if type_.name in reached:
        return
    reached[type_.name] = type_
    if isinstance(type_, GraphQLInputObjectType):
        for field in type_.fields.values():
            reach(get_named_type(field.type), reached)


def written(field: object) -> str:
    stated = STATED.search(getattr(field, "description", None) or "")
    return f"{field.type} <= {stated[1]}" if stated else str(field.type)  # type: ignore[attr-defined]


def block(name: str, rows: dict[str, object]) -> str:
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in rows.items()]
    return f'"{name}": {{\n' + ",\n".join(lines) + "\n}"


def main() -> None:
    schema = build_schema((PACKAGE / "model" / "fluent.graphql").read_text("utf-8"))
    TARGET.write_text(table(schema), "utf-8")


if __name__ == "__main__":
    main()
