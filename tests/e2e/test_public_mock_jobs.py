"""Jobs against the public commercetools mock: paging, faults and a kill, and the end is exact."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import Books, Connector, configure, refs, until
from e2e.job_shop import JOBS, Shell, add, over, runs, writes
from e2e.mock import PROJECT, Mock, install
from fluent_connect.sandbox.servers import Options, Sandbox
from ports import free_port

pytestmark = [pytest.mark.node, pytest.mark.e2e, pytest.mark.timeout(240)]
PRODUCTS, ROOTS, LEAVES = 120, 5, 110


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(Options(seed=None)) as sandbox:
        yield sandbox


@pytest.fixture
async def mock() -> AsyncIterator[Mock]:
    mock = Mock(await install(), free_port())
    try:
        await mock.start()
        yield mock
    finally:
        await mock.stop()


@pytest.fixture
def told(environ: dict[str, str], mock: Mock) -> dict[str, str]:
    there = {"FC_PROJECT_KEY": PROJECT, "FC_CT_API_URL": mock.url, "FC_CT_AUTH_URL": mock.url}
    return {**environ, **there}


@pytest.fixture
def shell(
    told: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return Shell(tmp_path / "data", tmp_path / "config", capsys)


async def fill(mock: Mock) -> None:
    """Make a tree of categories of more than a page, and products of more than two."""
    roots = [await _category(mock, f"root-{number}") for number in range(ROOTS)]
    leaves = [
        await _category(mock, f"leaf-{number}", roots[number % ROOTS]) for number in range(LEAVES)
    ]
    kind = await mock.make("product-types", name="Shoe", key="shoe", description="", attributes=[])
    for number in range(PRODUCTS):
        price = {"value": {"currencyCode": "EUR", "centAmount": 1000 + number}}
        product = await mock.make(
            "products",
            key=f"p-{number}",
            name={"en": f"Shoe {number}"},
            slug={"en": f"p-{number}"},
            productType={"typeId": "product-type", "id": kind["id"]},
            categories=[{"typeId": "category", "id": leaves[number % LEAVES]["id"]}],
            masterVariant={"sku": f"S-{number}", "prices": [price]},
            publish=False,
        )
        publish = [{"action": "publish"}]
        await mock.make(f"products/{product['id']}", version=product["version"], actions=publish)


async def _category(mock: Mock, name: str, parent: Any = None) -> Any:
    above = {"parent": {"typeId": "category", "id": parent["id"]}} if parent else {}
    return await mock.make("categories", key=name, name={"en": name}, slug={"en": name}, **above)


async def test_a_sync_of_the_public_mock_ends_exact_through_faults_and_a_kill(
    sandbox: Sandbox,
    mock: Mock,
    tmp_path: Path,
    told: dict[str, str],
    shell: Shell,
) -> None:
    quick = {"waits": ", ".join(["200ms"] * 10), "park-waits": "300ms", "stale-waits": "100ms"}
    data = tmp_path / "data"
    folder = configure(tmp_path / "config", **JOBS, retry=quick)
    await fill(mock)
    await mock.fault("/categories", 503, retry_after=0, count=2)
    async with Connector(data, told, config=folder) as connector:
        assert await add(connector.url) == 202
        await until(lambda: runs(data)[0].step > 1)
    await mock.fault("/products", 502, retry_after=0, count=3)
    async with Connector(data, told, config=folder) as connector:
        run = await over(data)
        assert (run.state, run.messages) == ("SUCCESSFUL", ROOTS + LEAVES + PRODUCTS)
        listing = sandbox.fluent.entities.listing
        assert len(list(listing("category"))) == ROOTS + LEAVES
        assert refs(listing("variantProduct")) == {f"S-{number}" for number in range(PRODUCTS)}
        assert all(len(each["categories"]) == 1 for each in listing("standardProduct"))
        done = writes(sandbox)
        assert await add(connector.url) == 202
        assert (await over(data, 2)).state == "SUCCESSFUL"
        assert writes(sandbox) == done
        plan = await shell("load", "products", "--dry-run", "--json")
        assert plan.told["total"] == PRODUCTS
        loaded = await shell("load", "products", "--yes", "--rate", "0", "--json")
        assert (loaded.code, loaded.told["ended_as"]) == (0, {"superseded": PRODUCTS})
        assert writes(sandbox) == done
    assert Books(data).ledger().closes
    assert not Books(data).dead()
