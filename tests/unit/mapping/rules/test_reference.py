"""The reference of the mapping language: each example is run, and no word is left out."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fluent_connect.clients.commercetools.order import Order
from fluent_connect.clients.fluent.schema.table import fields_of
from fluent_connect.handlers.order.create import OrderCreateHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.blocks import parsed
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Given, Mapper
from fluent_connect.mapping.rules.words import MODIFIERS, OPERATORS

PAGE = (Path(__file__).parents[4] / "docs" / "reference" / "mapping-language.md").read_text("utf-8")
_EXAMPLE = re.compile(r"^```yaml\n(.*?)^```\n\n```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = _EXAMPLE.findall(PAGE)
[ORDER] = re.findall(r'^```json title="order"\n(.*?)^```', PAGE, re.MULTILINE | re.DOTALL)


class Source(msgspec.Struct):
    order: Order


@pytest.mark.parametrize(("lines", "made"), EXAMPLES, ids=lambda text: text.partition(":")[0])
def test_an_example_makes_what_stands_below_it(lines: str, made: str) -> None:
    body = lines if lines.startswith("attributes:") else f"fields:\n{_indented(lines)}"
    rules = Rules(parsed(f"order:\n{_indented(body)}", "order.yml"), settings=Settings)
    mapper = Mapper(rules, Given(Settings()))
    found: Any = mapper.fill("order", Source(msgspec.json.decode(ORDER, type=Order)))
    assert found == json.loads(made)


def test_the_file_that_is_shown_compiles_for_orders() -> None:
    [text] = re.findall(
        r'^```yaml title="mapping/order.yml"\n(.*?)^```', PAGE, re.MULTILINE | re.DOTALL
    )
    blocks = parsed(text, "order.yml").over(packaged())
    rules = Rules(blocks, OrderCreateHandler.targets, settings=Settings, inputs=fields_of)
    assert not rules.faults()


def test_every_operator_and_modifier_has_an_example() -> None:
    shown = " ".join(lines for lines, _ in EXAMPLES)
    headings = re.findall(r"^### (.+)$", PAGE, re.MULTILINE)
    named = {word for heading in headings for word in heading.split(", ")}
    assert named == {*OPERATORS, *MODIFIERS}
    options = {option for several in OPERATORS.values() for option in several} - {"use", "except"}
    for word in (*OPERATORS, *MODIFIERS, *options):
        assert re.search(rf"\b{word}:", shown), word


def _indented(text: str) -> str:
    return "".join(f"  {line}" for line in text.splitlines(keepends=True))
