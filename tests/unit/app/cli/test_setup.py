"""`setup types` against a sandbox: shown, made, made whole, and what stands in the way named."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fluent_connect.app.playground import variables
from fluent_connect.sandbox.servers import Options, Sandbox
from unit.app.cli.shelf import Ran, Shell

KEYS = {"flOrder", "flFulfilment", "flConsignment", "flArticle", "flStoreDetails"}


@pytest.fixture
async def sandbox(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    del shell  # it clears the environment first
    async with Sandbox(Options(customers=1, orders=0)) as sandbox:
        for name, value in variables(sandbox).items():
            monkeypatch.setenv(name, value)
        yield sandbox


class Desk:
    """Runs `setup types` with a configuration of its own."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        self._shell = shell
        self._folder = folder
        folder.mkdir()

    def write(self, **sections: Any) -> None:
        body = {"fluent-connect": {name.replace("_", "-"): each for name, each in sections.items()}}
        (self._folder / "application-connector.yml").write_text(json.dumps(body))

    async def __call__(self, *words: str) -> Ran:
        given = (*words, "--config", str(self._folder))
        return await asyncio.to_thread(self._shell, "setup", "types", *given)


@pytest.fixture
def desk(shell: Shell, tmp_path: Path) -> Desk:
    return Desk(shell, tmp_path / "config")


def held(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    return {each["key"]: each for each in sandbox.commercetools.project.scan("type")}


def fields(type_: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["type"]["name"] for each in type_["fieldDefinitions"]}


def make(sandbox: Sandbox, key: str, resource: str, **types: str) -> dict[str, Any]:
    """Make a type with fields of these types; a name that ends in `_` is required."""
    definitions = [
        {
            "name": name.rstrip("_"),
            "type": {"name": kind},
            "label": {"en": name},
            "required": name.endswith("_"),
        }
        for name, kind in types.items()
    ]
    draft = {"key": key, "name": {"en": key}, "resourceTypeIds": [resource]}
    return sandbox.commercetools.create("types", {**draft, "fieldDefinitions": definitions})


async def test_what_is_missing_is_shown_then_made_and_not_made_again(
    sandbox: Sandbox, desk: Desk
) -> None:
    before = held(sandbox)
    shown = await desk("--dry-run")
    assert shown.code == 9
    assert "+ type flOrder: pickupLocationRef (for order)" in shown.out
    assert "`custom-types: { order: click-and-collect }`" in shown.out
    assert held(sandbox) == before

    unasked = await desk()
    assert (unasked.code, held(sandbox)) == (2, before)

    made = await desk("--yes")
    assert made.code == 0, made.err
    assert "flConsignment created" in made.out
    there = held(sandbox)
    assert set(there) >= KEYS
    assert fields(there["flOrder"]) == {"pickupLocationRef": "String"}
    assert fields(there["flConsignment"]) == {
        "flConsignmentRef": "String",
        "flConsignmentStatus": "String",
    }
    assert fields(there["flStoreDetails"])["flStoreLatitude"] == "Number"
    assert there["flArticle"]["resourceTypeIds"] == ["order-parcel"]

    again = await desk("--json")
    assert again.code == 0
    assert {row["key"]: row["differences"] for row in again.rows} == {key: [] for key in KEYS}
    assert held(sandbox) == there


async def test_a_type_of_the_shop_is_given_the_fields_that_it_lacks(
    sandbox: Sandbox, desk: Desk
) -> None:
    make(sandbox, "checkout", "order", giftNote="String")
    desk.write(
        custom_types={"order": "checkout", "parcel": "off", "channel": "off"},
        settings={"pickup-field": "collectFrom"},
    )
    made = await desk("--yes", "--json")
    assert made.code == 0, made.err
    (order,) = [row for row in made.rows if row["key"] == "checkout"]
    assert order["differences"] == [
        {"sign": "+", "what": "field checkout.collectFrom", "told": "String", "fix": ""}
    ]
    assert (order["version"], order["left"]) == (2, 0)
    there = held(sandbox)
    assert fields(there["checkout"]) == {"giftNote": "String", "collectFrom": "String"}
    assert not {"flArticle", "flStoreDetails", "flOrder"} & set(there)


async def test_a_project_whose_orders_name_no_pickup_location_gets_no_order_type(
    sandbox: Sandbox, desk: Desk
) -> None:
    desk.write(settings={"pickup-from": ["channel"]})
    assert (await desk("--yes")).code == 0
    assert "flOrder" not in held(sandbox)


async def test_conflicts_are_named_and_the_rest_is_made(sandbox: Sandbox, desk: Desk) -> None:
    make(sandbox, "flConsignment", "order-delivery", flConsignmentRef="Number")
    make(sandbox, "flArticle", "order-parcel", weighedBy_="String")
    make(sandbox, "flFulfilment", "customer", flFulfilmentMetadata="String")
    make(sandbox, "other", "category", flStoreEmail="Number")
    before = held(sandbox)
    shown = await desk("--dry-run")
    assert shown.code == 9
    told = (
        "! field flConsignment.flConsignmentRef is Number, and has to be String",
        "! field flArticle.weighedBy is required, and the connector does not know what to put",
        "! type flFulfilment is for customer, not for line-item",
        "! field other.flStoreEmail is Number: in a project all fields of one name have one type",
    )
    assert [each for each in told if each not in shown.out] == []

    made = await desk("--yes")
    assert made.code == 8
    after = held(sandbox)
    assert set(after) - set(before) == {"flOrder"}
    assert {key: after[key] for key in before} == before

    left = await desk("--yes", "--json")
    assert left.code == 9
    assert {row["key"] for row in left.rows if row["left"]} == KEYS - {"flOrder"}


async def test_without_the_scope_it_says_which_one(
    sandbox: Sandbox, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    del sandbox
    monkeypatch.setenv("FC_PROJECT_KEY", "another")
    refused = await desk("--dry-run")
    assert refused.code == 5
    assert "manage_types" in refused.err
