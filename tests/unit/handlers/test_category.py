from typing import Any

import msgspec
import pytest

from fluent_connect.clients.fluent.model import Parent, Upsert
from fluent_connect.handlers.category import in_fluent
from fluent_connect.handlers.category.upsert import CategoryState, CategoryUpsertHandler
from fluent_connect.handlers.message_handler import Refresh
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.errors import RetryableError, UnprocessableError
from fluent_connect.model.notification import Reference
from fluent_connect.testing import fake_fluent as testing_fluent
from fluent_connect.testing.bench import Bench
from fluent_connect.testing.deliver import message_for
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


def node(ref: str, source: str | None, **more: Any) -> dict[str, Any]:
    known = [{"name": "commercetoolsId", "value": source}] if source else []
    return {"node": {"ref": ref, "attributes": known}, **more}


def below(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"found": {"childCategories": {"edges": list(nodes)}}}


def holding(source: str | None = "cat-1", **more: Any) -> dict[str, Any]:
    return {"found": {"status": "ACTIVE", **node("", source)["node"], **more}}


DELETED = message("category", "cat-1", "ResourceDeleted", version=7)


async def test_a_deleted_category_goes_inactive_with_what_fluent_has_below() -> None:
    told = DELETED
    fluent = FakeFluent([holding(), below(node("cat-2", "cat-2"), node("x", None))])
    fetched = await HANDLER.fetch(told, context(fluent=fluent))
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
    shop = FakeCommercetools({"category/cat-2": category(id="cat-2")})
    fluent = FakeFluent([holding(), below(node("cat-2", "cat-2")), below(node("cat-3", "cat-3"))])
    fetched = await HANDLER.fetch(DELETED, context(shop, fluent))
    assert fetched.resource is not None
    assert [each.id for each in fetched.resource.gone] == ["cat-1"]


async def test_products_of_a_deleted_category_are_looked_at_again() -> None:
    page = {
        "edges": [node("P_1", "p-1", cursor="one"), node("P_2", "p-2", cursor="two")],
        "pageInfo": {"hasNextPage": True},
    }
    last = {"edges": [node("P_3", "p-3"), node("made-by-hand", None)]}
    fluent = FakeFluent([holding(), below(), {"found": page}, {"found": last}])
    fetched = await HANDLER.fetch(DELETED, context(fluent=fluent))
    assert fetched.resource is not None
    changes = HANDLER.map(fetched.resource, DELETED, map_context())
    refreshed = [str(each.resource) for each in changes if isinstance(each, Refresh)]
    assert refreshed == ["product/p-1", "product/p-2", "product/p-3"]
    assert fluent.asked[-1]["after"] == "two"


@pytest.mark.parametrize("held", [{"found": None}, holding("another")])
async def test_nothing_is_cleared_below_what_is_not_the_deleted_category(held: Any) -> None:
    fluent = FakeFluent([held, below(node("cat-2", "cat-2"))])
    fetched = await HANDLER.fetch(DELETED, context(fluent=fluent))
    assert fetched.resource is not None
    assert [each.id for each in fetched.resource.gone] == ["cat-1"]
    assert len(fluent.asked) == 1


# A key that is used again, and two sources of one ref.

BY_KEY = Settings(category_ref="key")


async def taken_over(held: dict[str, Any], *living: str) -> bool:
    """Return whether cat-1 takes over what Fluent holds under its key."""
    there = {f"category/{each}": category(id=each) for each in ("cat-1", *living)}
    told = message("category", "cat-1")
    shop = FakeCommercetools(there)
    fetched = await HANDLER.fetch(told, context(shop, FakeFluent([held]), settings=BY_KEY))
    assert fetched.resource is not None
    (change,) = HANDLER.map(fetched.resource, told, map_context(BY_KEY))
    assert isinstance(change, Upsert)
    assert faults(change) == []
    over = change.identity is None
    assert ((change.update or {}).get("status") == "ACTIVE") is over
    return over


async def test_a_key_used_again_takes_over_what_the_deleted_category_left() -> None:
    assert await taken_over(holding("cat-0", status="INACTIVE"))
    project = {"name": "commercetoolsProject", "value": "shop"}
    ours = holding("cat-0")
    ours["found"]["attributes"].append(project)
    assert await taken_over(ours)


async def test_two_categories_of_one_key_are_never_merged() -> None:
    assert not await taken_over(holding("cat-0"))
    assert not await taken_over(holding("cat-0", status="INACTIVE"), "cat-0")
    theirs = holding("cat-0", status="INACTIVE")
    theirs["found"]["attributes"].append({"name": "commercetoolsProject", "value": "another"})
    assert not await taken_over(theirs)
    assert not await taken_over(holding("cat-1"))


# Moves.


def test_a_category_without_parent_may_stand_below_one_of_the_account() -> None:
    settings = Settings(category_root="TOP")
    change = mapped(category(), settings)
    assert change.update is not None
    assert change.update["parentCategory"] == {"ref": "TOP", "catalogue": {"ref": "DEFAULT:1"}}
    assert change.parents[0] == Parent("category", "TOP")
    child = mapped(category(parent={"typeId": "category", "id": "cat-0"}), settings)
    assert child.parents[0].ref == "cat-0"


async def test_a_move_to_the_root_that_no_update_can_express_is_told() -> None:
    shop = FakeCommercetools({"category/cat-1": category()})
    told = message("category", "cat-1")
    below_another = holding(parentCategory={"ref": "cat-0"})
    fetched = await HANDLER.fetch(told, context(shop, FakeFluent([below_another])))
    assert fetched.resource is not None
    (change,) = HANDLER.map(fetched.resource, told, map_context())
    assert isinstance(change, Upsert)
    assert change.notes == ("drift: category cat-1 is at the root, in Fluent still below cat-0",)
    assert change.update is not None
    assert "parentCategory" not in change.update
    assert mapped(category()).notes == ()


async def test_fluent_is_asked_only_where_its_answer_can_matter() -> None:
    parent = {"typeId": "category", "id": "cat-0"}
    shop = FakeCommercetools({"category/cat-1": category(parent=parent), "category/x": category()})
    for id_, settings, asked in (
        ("cat-1", Settings(), 0),
        ("x", Settings(category_root="TOP"), 0),
        ("x", Settings(), 1),
        ("cat-1", BY_KEY, 1),
    ):
        fluent = FakeFluent()
        await HANDLER.fetch(message("category", id_), context(shop, fluent, settings=settings))
        assert len(fluent.asked) == asked, (id_, settings)


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


# Gone without a word: deleted with a category above it.


async def test_a_category_that_is_gone_untold_goes_inactive_once_it_is_no_stale_read() -> None:
    answers = {
        in_fluent._HELD: holding(),
        in_fluent._CHILDREN: below(),
        in_fluent._SOLD: {"found": None},
    }
    held = {"attributes": {"commercetoolsId": "cat-1"}}
    fluent = testing_fluent.FakeFluent({("category", "cat-1"): held}, answers=answers)
    bench = Bench(HANDLER, fluent=fluent)
    reference = Reference("category", "cat-1")
    await bench.put(message_for(HANDLER, reference, version=3))
    first, *_, last = await bench.drain()
    assert isinstance(first.error, RetryableError)
    assert "stale read" in str(first.error)
    assert first.pushed == []
    (change,) = last.pushed
    assert isinstance(change, Upsert)
    assert change.update is not None
    assert change.update["status"] == "INACTIVE"
    assert change.identity == ("commercetoolsId", "cat-1")


async def test_a_category_that_fluent_never_had_and_that_is_gone_is_skipped() -> None:
    fetched = await HANDLER.fetch(message("category", "cat-1"), context(fluent=FakeFluent([])))
    assert fetched.resource is None
    theirs = FakeFluent([holding("another")])
    fetched = await HANDLER.fetch(message("category", "cat-1"), context(fluent=theirs))
    assert fetched.resource is None
