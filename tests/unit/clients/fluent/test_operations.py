from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

import fluent_connect
from fluent_connect.clients.fluent.graphql import FOLDER, operations
from fluent_connect.clients.fluent.lookup import KINDS

SCHEMA = build_schema(
    (Path(fluent_connect.__file__).with_name("model") / "fluent.graphql").read_text("utf-8")
)


@pytest.mark.parametrize("name", sorted(operations()))
def test_each_operation_is_valid_against_the_schema(name: str) -> None:
    operation = operations()[name]

    assert validate(SCHEMA, parse(operation.text)) == []


def test_no_operation_is_lost_on_the_way_from_the_files() -> None:
    text = "".join(file.read_text("utf-8") for file in FOLDER.glob("*.graphql"))
    document = parse(text)

    assert len(document.definitions) == len(operations())


def test_there_is_an_operation_for_each_mutation_of_the_schema() -> None:
    mutations = SCHEMA.mutation_type
    assert mutations is not None

    assert set(mutations.fields) <= set(operations())


def test_all_that_an_upsert_sends_is_there() -> None:
    for kind in KINDS.values():
        removal = kind.uncategorise[0] if kind.uncategorise else kind.create
        assert {kind.find, kind.create, kind.update, removal} <= set(operations())
