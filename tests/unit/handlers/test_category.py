from typing import Any

import msgspec
import pytest

from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.category import CategoryState, CategoryUpsertHandler
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import UnprocessableError
from fluent_schema import faults
from unit.handlers.stage import (
    FakeCommercetools,
    FakeFluent,
    context,
    map_context,
    message,
)

HANDLER = CategoryUpsertHandler()


def category(**more: Any) -> dict[str, Any]:
    return {
        "id": "cat-1",
        "version": 2,
        "key": "hats",
        "name": {"de": "Hüte", "en": "Hats"},
        "slug": {"en": "hats"},
        **more,
    }


def mapped(raw: dict[str, Any], settings: Settings | None = None) -> Upsert:
    resource = msgspec.convert(raw, CategoryState)
    (change,) = HANDLER.map(resource, message("category", raw["id"]), map_context(settings))
    assert isinstance(change, Upsert)
    assert faults(change) == []
    return change


def test_a_category_is_called_by_its_id_and_named_in_the_accounts_language() -> None:
    change = mapped(category())
    assert change.ref == "cat-1"
    assert change.create is not None
    assert change.create["name"] == "Hats"
    assert change.identity == ("commercetoolsId", "cat-1")
    german = mapped(category(), Settings(locales=("de-AT",)))
    assert german.create is not None
    assert german.create["name"] == "Hüte"


def test_a_parent_is_named_with_its_source() -> None:
    change = mapped(category(parent={"typeId": "category", "id": "cat-0"}))
    assert change.create is not None
    assert change.create["parentCategory"] == {
        "ref": "cat-0",
        "catalogue": {"ref": "DEFAULT:1"},
    }
    assert str(change.parents[0].source) == "category/cat-0"


def test_a_category_may_be_called_by_its_key() -> None:
    by_key = Settings(category_ref="key")
    parent = {"typeId": "category", "id": "cat-0", "obj": {"id": "cat-0", "key": "all"}}
    change = mapped(category(parent=parent), by_key)
    assert (change.ref, change.parents[0].ref) == ("hats", "all")
    with pytest.raises(UnprocessableError, match="key of category"):
        mapped(category(key=None), by_key)
    parent["obj"] = {"id": "cat-0", "key": "k" * 37}
    with pytest.raises(UnprocessableError, match="36"):
        mapped(category(parent=parent), by_key)


def test_a_category_without_a_name_takes_what_there_is() -> None:
    create = mapped(category(name={}, key=None, slug={})).create
    assert create is not None
    assert create["name"] == "cat-1"


def test_long_texts_are_cut() -> None:
    create = mapped(category(name={"en": "N" * 300}, description={"en": "D" * 300})).create
    assert create is not None
    assert (create["name"], create["summary"]) == ("N" * 255, "D" * 255)


async def test_a_deleted_category_goes_inactive_with_what_fluent_has_below() -> None:
    def child(ref: str, source: str | None) -> dict[str, Any]:
        known = [{"name": "commercetoolsId", "value": source}] if source else []
        return {"node": {"ref": ref, "attributes": known}}

    below = {"found": {"childCategories": {"edges": [child("cat-2", "cat-2"), child("x", None)]}}}
    told = message("category", "cat-1", "ResourceDeleted", version=7)
    fetched = await HANDLER.fetch(told, context(fluent=FakeFluent([below])))
    assert fetched.deleted
    assert fetched.resource is not None
    changes = list(HANDLER.map(fetched.resource, told, map_context()))
    assert [each.ref for each in changes if isinstance(each, Upsert)] == ["cat-1", "cat-2"]
    for each in changes:
        assert isinstance(each, Upsert)
        assert faults(each) == []
        assert each.create is None
        assert each.update is not None
        assert each.update["status"] == "INACTIVE"
        assert each.identity == ("commercetoolsId", each.ref)


async def test_a_category_that_left_a_deleted_one_in_time_stays_with_all_below_it() -> None:
    known = [{"name": "commercetoolsId", "value": "cat-2"}]
    below = {"childCategories": {"edges": [{"node": {"ref": "cat-2", "attributes": known}}]}}
    shop = FakeCommercetools({"category/cat-2": category(id="cat-2")})
    told = message("category", "cat-1", "ResourceDeleted", version=7)
    fluent = FakeFluent([{"found": below}])
    fetched = await HANDLER.fetch(told, context(shop, fluent))
    assert fetched.resource is not None
    assert [each.id for each in fetched.resource.gone] == ["cat-1"]
    assert len(fluent.asked) == 1


async def test_a_category_that_is_merely_not_there_is_left_alone() -> None:
    fetched = await HANDLER.fetch(message("category", "cat-1"), context())
    assert fetched.resource is None


async def test_a_deletion_that_does_not_tell_the_key_is_refused() -> None:
    told = message("category", "cat-1", "ResourceDeleted")
    with pytest.raises(UnprocessableError, match="nobody tells its key"):
        await HANDLER.fetch(told, context(settings=Settings(category_ref="key")))


async def test_the_parent_is_expanded_only_where_its_key_is_wanted() -> None:
    shop = FakeCommercetools({"category/cat-1": category()})
    await HANDLER.fetch(message("category", "cat-1"), context(shop))
    settings = Settings(category_ref="key")
    await HANDLER.fetch(message("category", "cat-1"), context(shop, settings=settings))
    assert [expand for _, expand in shop.asked] == [(), ("parent",)]
