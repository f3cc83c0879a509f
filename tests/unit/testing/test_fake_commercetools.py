import pytest

from fluent_connect.clients.commercetools.model import Update
from fluent_connect.clients.statuses import VersionConflictError
from fluent_connect.model.errors import RefusedError
from fluent_connect.model.notification import Reference
from fluent_connect.testing.fake_commercetools import FakeCommercetools

O1, P1 = Reference("order", "o1"), Reference("payment", "p1")


def project() -> FakeCommercetools:
    payment = {"typeId": "payment", "id": "p1"}
    order = {"id": "o1", "version": 2, "key": "b", "paymentInfo": {"payments": [payment]}}
    other = {"id": "o2", "version": 1, "key": "a", "tags": ["x"], "open": True}
    return FakeCommercetools({"order": [order, other], "payment": [{"id": "p1", "version": 1}]})


async def test_a_resource_is_read_as_it_stands() -> None:
    found = await project().get(P1, dict[str, object])
    assert found == {"id": "p1", "version": 1}


async def test_what_is_not_there_is_none() -> None:
    shop = project()
    shop.drop(P1)
    assert await shop.get(P1, dict) is None
    assert shop.asked == ["payment/p1"]


async def test_references_are_expanded_on_demand() -> None:
    found = await project().get(O1, dict, expand=["paymentInfo.payments[*]", "store"])
    assert found is not None
    assert found["paymentInfo"]["payments"][0]["obj"] == {"id": "p1", "version": 1}


async def test_a_reference_to_nowhere_stays_as_it_is() -> None:
    shop = project()
    shop.drop(P1)
    found = await shop.get(O1, dict, expand=["paymentInfo.payments[*]"])
    assert found is not None
    assert "obj" not in found["paymentInfo"]["payments"][0]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ('key = "a"', ["o2"]),
        ("key = :key", ["o1"]),
        ("key in :keys", ["o2", "o1"]),
        ('key in ("a", "z")', ["o2"]),
        ('tags contains any ("x")', ["o2"]),
        ("version = 2 and open = true", []),
        ("open = true", ["o2"]),
        ('paymentInfo.x = "1"', []),
    ],
)
async def test_simple_predicates_are_understood(where: str, ids: list[str]) -> None:
    variables = {"key": "b", "keys": ["a", "b"]}
    found = await project().query("order", dict, where=[where], sort=["key"], variables=variables)
    assert [each["id"] for each in found] == ids


async def test_sorting_may_fall() -> None:
    found = await project().query("order", dict, sort=["key desc"], limit=1)
    assert [each["id"] for each in found] == ["o1"]


@pytest.mark.parametrize("where", ["masterData(published=true)", 'key = ("a")', "nonsense"])
async def test_any_other_predicate_is_refused_rather_than_guessed(where: str) -> None:
    with pytest.raises(NotImplementedError, match="does not understand"):
        await project().query("order", dict, where=[where])


async def test_all_yields_by_id() -> None:
    assert [each["id"] async for each in project().all("order", dict)] == ["o1", "o2"]


async def test_an_update_raises_the_version_and_is_recorded() -> None:
    shop = project()
    update = Update(O1, [{"action": "setOrderNumber"}], 2)
    assert await shop.update(update) == 3
    assert shop.updates == [update]


async def test_an_update_at_another_version_is_a_conflict() -> None:
    with pytest.raises(VersionConflictError):
        await project().update(Update(O1, (), 1))


async def test_an_update_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(RefusedError):
        await project().update(Update(Reference("order", "o9"), ()))


async def test_resources_are_created_and_deleted() -> None:
    shop = project()
    made = await shop.create("order", {"key": "new"}, dict)
    reference = Reference("order", made["id"])
    with pytest.raises(VersionConflictError):
        await shop.delete(reference, 9)
    assert await shop.delete(reference, 1)
    assert not await shop.delete(reference, 1)
