"""A catalogue in random order: complete, in few calls, and only read the second time."""

from pathlib import Path
from typing import Any

import pytest

from e2e.benched import ran

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

CATEGORIES, PRODUCTS = 26, 200
CALLS_PER_ENTITY = 1.2


def benched(folder: Path, *flags: str) -> dict[str, Any]:
    """Return what the benchmark says of 200 products with 800 variants."""
    return ran(folder, "catalogue.py", "--products", str(PRODUCTS), "--within", "100", *flags)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return benched(tmp_path_factory.mktemp("catalogue"))


@pytest.mark.parametrize("run", ["first", "second"])
def test_the_catalogue_ends_complete(measured: dict[str, Any], run: str) -> None:
    assert measured["entities"] == CATEGORIES + 5 * PRODUCTS
    assert measured[run]["complete"], measured[run]
    assert set(measured[run]["fates"]) <= {"done", "superseded"}


@pytest.mark.parametrize("run", ["first", "second"])
def test_an_entity_costs_few_calls(measured: dict[str, Any], run: str) -> None:
    assert measured[run]["calls_per_entity"] <= CALLS_PER_ENTITY, measured[run]


def test_beyond_one_create_for_each_entity_only_refused_ones_are_sent(
    measured: dict[str, Any],
) -> None:
    first = measured["first"]
    refused = sum(first["failed"].values())
    assert measured["entities"] <= first["writes"] <= measured["entities"] + refused


def test_the_second_run_only_reads(measured: dict[str, Any]) -> None:
    second = measured["second"]
    assert second["attempts"] >= CATEGORIES + PRODUCTS
    assert (second["writes"], second["mutation_calls"]) == (0, 0)


def test_a_missing_parent_is_not_asked_for_again_and_again(measured: dict[str, Any]) -> None:
    assert measured["first"]["messages"].get("repair", 0) <= CATEGORIES
    assert measured["second"]["messages"].get("repair", 0) == 0


def test_a_fluent_that_fails_in_many_ways_ends_with_the_same(tmp_path: Path) -> None:
    found = benched(tmp_path, "--faulty")

    for run in ("first", "second"):
        assert found[run]["complete"], found[run]
        assert set(found[run]["fates"]) <= {"done", "superseded"}
    assert found["first"]["attempts"] > found["second"]["attempts"] > CATEGORIES + PRODUCTS
    assert found["second"]["writes"] == 0
