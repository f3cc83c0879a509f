"""The how-to about mappings: its files compile for its handlers, and do what it says."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fluent_connect.clients.commercetools.category import Category
from fluent_connect.clients.fluent.schema.table import fields_of
from fluent_connect.handlers.category.upsert import CategoryUpsertHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.blocks import parsed
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Given, Mapper

PAGE = (Path(__file__).parents[4] / "docs" / "how-to" / "change-a-mapping.md").read_text("utf-8")
FILES = re.findall(r'^```yaml title="mapping/\w+\.yml"\n(.*?)^```', PAGE, re.MULTILINE | re.DOTALL)
CODE = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def partner(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = ModuleType("acme.mapping")
    monkeypatch.setitem(sys.modules, "acme", ModuleType("acme"))
    monkeypatch.setitem(sys.modules, "acme.mapping", module)
    for code in CODE:
        exec(code, vars(module))
    return module


def mapper(handler: Any, *texts: str) -> Mapper:
    blocks = packaged()
    for text in texts:
        blocks = parsed(text, "partner.yml").over(blocks)
    rules = Rules(blocks, handler.targets, settings=Settings, inputs=fields_of)
    assert not rules.faults()
    return Mapper(rules, Given(Settings(), "ACME", "5"))


def test_the_categorys_lines_do_what_they_say(partner: Any) -> None:
    del partner
    source: Any = CategoryUpsertHandler.targets["category"].source
    category = Category(
        id="c1",
        version=1,
        name={"en": "x" * 120},
        slug={"en": "shirts-ss26"},
        meta_description={"en": "All shirts"},
        order_hint="0.5",
    )
    values = dict.fromkeys(source.__struct_fields__) | {"category": category}
    made: Any = mapper(CategoryUpsertHandler, *FILES[:2]).fill("category", source(**values))
    named = {each["name"]: each["value"] for each in made["attributes"]}
    assert (made["summary"], len(made["name"])) == ("All shirts", 100)
    assert named["season"] == "SS26"
    assert "orderHint" not in named


def test_the_partners_handler_fills_its_target(partner: Any) -> None:
    source = partner.StoreSource(partner.Store("s1", 1, "berlin", {"en": "Berlin"}), "store.berlin")
    assert mapper(partner.StoreHandler, FILES[2]).fill("setting", source) == {
        "name": "store.berlin",
        "valueType": "STRING",
        "value": "Berlin",
        "context": "RETAILER",
        "contextId": 5,
    }
