"""Mapping files beside the configuration: read by profile, and checked against the handlers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from fluent_connect.app.config.load import examine, load
from fluent_connect.app.config.mistakes import ConfigMistakes, render_mistakes
from fluent_connect.app.discovery import discover
from fluent_connect.app.handlers import Handlers
from fluent_connect.app.lints import check
from fluent_connect.app.options import Options
from fluent_connect.app.start import serve
from fluent_connect.clients.commercetools.category import Category
from fluent_connect.handlers.category.upsert import CategoryUpsertHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Given, Mapper
from fluent_connect.mapping.rules.target import Target

Write = Callable[..., Path]
OURS = discover(packages=())


@pytest.fixture
def mapping(write: Write) -> Write:
    """Write files into the folder `mapping`, as `write` does; return the folder above."""
    folder = write() / "mapping"
    folder.mkdir()

    def files(**texts: str) -> Path:
        for name, text in texts.items():
            (folder / f"{name.replace('__', '-')}.yml").write_text(text, encoding="utf-8")
        return folder.parent

    return files


def summary(folder: Path, environ: dict[str, str], *profiles: str) -> Any:
    blocks = load(folder, profiles, environ).mapping.blocks
    source: Any = CategoryUpsertHandler.targets["category"].source
    resource = Category(id="c1", version=1, key="shirts", name={"en": "Shirts"})
    named: dict[str, Any] = dict.fromkeys(source.__struct_fields__)
    mapper = Mapper(Rules(blocks, settings=Settings), Given(Settings()))
    made = mapper.fill("category", source(**{**named, "category": resource}))
    return made.get("summary")


def test_a_file_is_laid_over_ours_and_the_last_profile_wins(
    mapping: Write, environ: dict[str, str]
) -> None:
    folder = mapping(
        category="category: { fields: { summary: { value: base } } }",
        category__dev="category: { fields: { summary: { value: dev } } }",
        category__late="category: { fields: { summary: category.key } }",
    )
    assert summary(folder, environ) == "base"
    assert summary(folder, environ, "dev") == "dev"
    assert summary(folder, environ, "dev", "late") == "shirts"
    assert summary(folder, environ, "late", "dev") == "dev"
    read = load(folder, ["dev"], environ).files
    assert [each.name for each in read] == ["category.yml", "category-dev.yml"]


def test_a_file_of_a_profile_that_is_not_asked_for_is_told_of(
    mapping: Write, environ: dict[str, str]
) -> None:
    folder = mapping(
        category="category: { fields: { summary: { value: base } } }",
        category__dev="category: { fields: { summary: { value: dev } } }",
        category__our__own="category: { fields: { summary: { value: typo } } }",
    )
    told = [each for each in load(folder, ["dev"], environ).notices if "left alone" in each]
    name = "mapping/category-our-own.yml"
    assert told == [f"{name} is left alone: it is of the profile 'our-own', which is not asked for"]
    assert summary(folder, environ) == "base"


def test_placeholders_are_replaced_in_mapping_files_too(
    mapping: Write, environ: dict[str, str]
) -> None:
    folder = mapping(category='category: { fields: { summary: { value: "${SHOP:none} $${x}" } } }')
    assert summary(folder, environ) == "none ${x}"
    assert summary(folder, {**environ, "SHOP": "north"}) == "north ${x}"


def test_a_placeholder_that_is_not_set_is_a_mistake_with_its_place(
    mapping: Write, environ: dict[str, str]
) -> None:
    folder = mapping(category="category:\n  fields:\n    summary: { value: '${SHOP}' }\n")
    with pytest.raises(ConfigMistakes) as raised:
        load(folder, (), environ)
    (found,) = raised.value.mistakes
    assert (found.code, found.place.line, found.place.column) == ("CFG005", 3, 23)
    assert found.why == "a value for category.fields.summary.value"


def test_a_profile_that_no_file_has_is_still_a_mistake(
    mapping: Write, environ: dict[str, str]
) -> None:
    folder = mapping(category__dev="category: { fields: { summary: ~ } }")
    with pytest.raises(ConfigMistakes, match="no file of the profile 'prod'"):
        load(folder, ["prod"], environ)


def test_mistakes_of_all_files_are_told_together(mapping: Write, environ: dict[str, str]) -> None:
    folder = mapping(
        category="""\
category:
  fields:
    name: category.nam
    nmae: { value: x }
catgory: { fields: { name: { value: x } } }
""",
        order="order:\n  fields:\n    ref: a\n    ref: b\n",
    )
    (folder / "application-connector.yml").write_text("fluent-connect: { prot: 1 }")
    found = examine(folder, (), environ)
    told = render_mistakes([*found.mistakes, *check(found.config, OURS)])
    for expected in (
        "the key 'prot' is not known",
        "category has no 'nam'\n  where  {}/mapping/category.yml:3:11",
        'did you mean "name"?',
        "UpdateCategoryInput of Fluent has no field 'nmae'",
        "no handler fills the target 'catgory'",
        'did you mean "category"?',
        "the key 'ref' stands here twice",
    ):
        assert expected.format(folder) in told


def test_a_start_tells_them_together_too(
    mapping: Write, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    folder = mapping(order="order: { fields: { type: order.typo } }")
    (folder / "application-connector.yml").write_text("fluent-connect: { prot: 1 }")
    with pytest.raises(ConfigMistakes) as raised:
        serve(Options(config=folder))
    assert [each.code for each in raised.value.mistakes] == ["CFG003", "CFG040"]


def test_a_file_that_is_no_text_is_a_mistake(mapping: Write, environ: dict[str, str]) -> None:
    folder = mapping()
    (folder / "mapping" / "order.yml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigMistakes, match=r"not UTF-8(.|\n)*order\.yml:1:1"):
        load(folder, (), environ)


def test_a_target_without_rules_is_a_mistake(mapping: Write, environ: dict[str, str]) -> None:
    class Source(msgspec.Struct):
        category: Category

    class Handler(CategoryUpsertHandler):
        priority: ClassVar = 9
        targets: ClassVar = {**CategoryUpsertHandler.targets, "stock": Target(Source)}

    handlers = Handlers(handlers=(*OURS.handlers, Handler))
    config = load(mapping(), (), environ)
    [lint] = check(config, handlers)
    assert lint.code == "CFG041"
    assert "fills the target 'stock', and no mapping file has rules" in lint.what
    config = load(mapping(stock="stock: { fields: { ref: category.id } }"), (), environ)
    assert not check(config, handlers)
