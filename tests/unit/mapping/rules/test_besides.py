"""A second target filled into an object: what was there stays, and all knows its rule."""

from typing import Any

import msgspec
import pytest

from fluent_connect.mapping.rules.blocks import parsed
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Mapper


class Thing(msgspec.Struct):
    name: str = "Ada"
    colour: str = "red"


RULES = Rules(
    parsed(
        """\
always:
  fields: { ref: name, kind: { value: USUAL } }
  attributes: { colour: colour }
once:
  fields:
    kind: { value: NEW }
    owner: { fields: { id: name } }
  attributes: { colour: name, first: name, second: colour }
plain:
  fields: { owner: name }
""",
        "own.yml",
    )
)


def both(mapper: Mapper, first: str = "always", second: str = "once") -> dict[str, Any]:
    return mapper.added(mapper.fill(first, Thing()), second, Thing())


def values(made: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each["value"] for each in made["attributes"]}


def test_what_is_there_stays_and_what_is_not_is_added() -> None:
    made = both(Mapper(RULES))
    assert (made["ref"], made["kind"], made["owner"]) == ("Ada", "USUAL", {"id": "Ada"})
    assert values(made) == {"colour": "red", "first": "Ada", "second": "red"}


@pytest.mark.parametrize("pair", [("plain", "once"), ("always", "plain"), ("plain", "plain")])
def test_either_may_have_no_attributes(pair: tuple[str, str]) -> None:
    made = both(Mapper(RULES), *pair)
    assert ("attributes" in made) == (pair != ("plain", "plain"))
    again = both(Mapper(RULES), *pair)
    assert made == again


def test_a_copy_that_is_added_to_leaves_the_first_alone() -> None:
    mapper = Mapper(RULES)
    first = mapper.fill("always", Thing())
    mapper.added(mapper.copied(first), "once", Thing())
    assert list(values(first)) == ["colour"]
    assert "owner" not in first


def test_all_that_was_added_knows_its_rule() -> None:
    traced = Mapper(RULES).traced()
    made = both(traced)
    assert made == both(Mapper(RULES))
    lines = {each.path: each.at.rsplit(":", 1)[0] for each in traced.origins(made)}
    assert lines["kind"] == "own.yml:2"
    assert lines["owner"].startswith("own.yml:7")
    assert [lines[f"attributes[{number}]"] for number in range(3)] == [
        "own.yml:3",
        "own.yml:8",
        "own.yml:8",
    ]
