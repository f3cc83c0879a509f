"""What the older edition of the schema lacks is what the reference marks as new."""

import re
from pathlib import Path

import pytest

from fluent_connect.sandbox.fluent.editions import NEW_SINCE_2022, schema

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "fluent-api.md"
_ROW = re.compile(r"^\| (?P<what>[^|]+) \| `(?P<type>\w+)` \| (?P<fields>[^|]+) \|$", re.MULTILINE)
_NEW = re.compile(r"`(\w+):[^`]*`(?:\*\*)?(?: ≤\d+)? °")


def test_the_fields_marked_as_new_are_those_that_the_old_edition_lacks() -> None:
    if not REFERENCE.exists():
        pytest.skip("the reference is not there")
    text = REFERENCE.read_text("utf-8")
    marked = {row["type"]: set(_NEW.findall(row["fields"])) for row in _ROW.finditer(text)}
    told = {type_: set(fields) for type_, fields in NEW_SINCE_2022.items() if type_ != "Mutation"}
    assert {type_: fields for type_, fields in marked.items() if fields} == told
    mutations = {
        row["what"].removesuffix(" °").split()[0]
        for row in _ROW.finditer(text)
        if row["what"].endswith("°") and row["what"].split()[0].startswith(("create", "update"))
    }
    assert mutations == NEW_SINCE_2022["Mutation"]


def test_an_edition_is_the_schema_without_what_is_new() -> None:
    whole, old = schema(), schema("2022")
    for type_, names in NEW_SINCE_2022.items():
        before = set(whole.type_map[type_].fields)  # type: ignore[attr-defined]
        after = set(old.type_map[type_].fields)  # type: ignore[attr-defined]
        assert before - after == names


def test_a_field_can_be_required_beside_all_others() -> None:
    fields = schema(requires="CreateOrderInput.region").type_map["CreateOrderInput"].fields  # type: ignore[attr-defined]
    assert str(fields["region"].type) == "String!"
    assert "region" not in schema().type_map["CreateOrderInput"].fields  # type: ignore[attr-defined]
