"""The table of inputs: that it is the schema, and what it says of a field."""

import importlib.util
import pathlib
from types import ModuleType

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from fluent_connect.clients.fluent.schema.table import (
    FILE,
    SCALARS,
    Field,
    field,
    fields_of,
    shipped,
)
from fluent_schema import schema

WRITER = pathlib.Path(__file__).parents[4] / "bench" / "write_inputs.py"


def test_the_file_is_what_the_schema_says() -> None:
    assert FILE.read_text("utf-8") == writer().table(schema()), "run bench/write_inputs.py"


def test_every_field_of_the_table_stands_in_the_schema_with_its_type() -> None:
    for name, fields in shipped().inputs.items():
        kind = schema().type_map[name]
        assert isinstance(kind, GraphQLInputObjectType)
        told = {key: get_named_type(each.type).name for key, each in kind.fields.items()}
        assert {key: each.type for key, each in fields.items()} == told


def test_every_type_that_a_field_names_is_known() -> None:
    table = shipped()
    known = {*SCALARS, *table.inputs, *table.enums}
    named = {each.type for fields in table.inputs.values() for each in fields.values()}
    assert named | set(table.mutations.values()) <= known


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("String", Field(type="String")),
        ("String! <= 100", Field(type="String", required=True, most=100)),
        ("[PriceInput]", Field(type="PriceInput", depth=1)),
        ("[PriceInput!]", Field(type="PriceInput", depth=1)),
        ("[PriceInput]!", Field(type="PriceInput", depth=1, required=True)),
        ("[PriceInput!]!", Field(type="PriceInput", depth=1, required=True)),
        ("[[Int!]!]!", Field(type="Int", depth=2, required=True)),
    ],
)
def test_a_field_is_read_as_it_is_written(text: str, meant: Field) -> None:
    assert field(text) == meant


def test_what_is_no_type_is_refused() -> None:
    with pytest.raises(ValueError, match="no type of an input"):
        field("String <= many")


def test_a_mapping_can_ask_for_the_fields_of_an_input() -> None:
    found = fields_of("CreateCategoryInput")
    assert found is not None
    assert found["name"] == "String"
    assert found["parentCategory"] == "CategoryKey"
    assert fields_of("CreateCategoryIput") is None


def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_inputs", WRITER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
