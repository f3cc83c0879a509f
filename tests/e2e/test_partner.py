"""A partner's handlers in the real service: from a folder, and from a distribution of their own."""

import asyncio
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from e2e.conftest import QUICK
from e2e.harness import Books, Connector, configure, told
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
PARTNER = Path(__file__).parents[1] / "partner"
ORDERS = "commercetools.connect.order.create"
_PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "acme-connect"
version = "1.0"
{points}
[tool.hatch.build.targets.wheel]
packages = ["{package}"]
"""
_POINTS = """
[project.entry-points."fluent_connect.handlers"]
acme = "acme.my_order_handler:MyOrderHandler"
"""


async def test_a_folder_on_a_configured_path_overrides_by_priority(
    sandbox: Sandbox, environ: dict[str, str], tmp_path: Path
) -> None:
    route = {"route": ORDERS, "handler-name": "OrderCreateHandler", "props": {"channel": "app"}}
    folder = configure(tmp_path / "config", **QUICK, paths=[str(PARTNER)], routes=[route])
    async with Connector(tmp_path / "data", environ, config=folder) as connector:
        await carry(sandbox, connector, channel="app")
        _, handlers = await connector.get("/actuator/handlers")
        message = handlers["message"]
        used = {each["className"]: each["priority"] for each in message["active"]}
        assert used["com.fluentcommerce.connect.custom.my_order_handler.MyOrderHandler"] == 10
        shadowed = {each["className"] for each in message["inactive"]}
        assert "fluent_connect.handlers.order.create.OrderCreateHandler" in shadowed
        assert await connector.stop() == 0


async def test_a_dotted_path_overrides_one_route(
    sandbox: Sandbox, environ: dict[str, str], tmp_path: Path
) -> None:
    path = "com.fluentcommerce.connect.custom.my_order_handler.MarketplaceOrderHandler"
    route = {"route": ORDERS, "handler": path}
    folder = configure(tmp_path / "config", **QUICK, paths=[str(PARTNER)], routes=[route])
    order = next(sandbox.commercetools.project.scan("order"))
    async with Connector(tmp_path / "data", environ, config=folder) as connector:
        assert await connector.post(told("OrderCreated", "order", order["id"])) == 202
        await connector.settled()
        (event,) = Books(connector.data).events()
        assert (event.state, event.reason) == ("skipped", "not from the marketplace")
        assert await connector.stop() == 0


@pytest.mark.parametrize("way", ["namespace package", "entry point"])
async def test_an_installed_distribution_overrides_without_a_line_of_configuration(
    sandbox: Sandbox, environ: dict[str, str], quick: Path, tmp_path: Path, way: str
) -> None:
    installed = await install(tmp_path, entry_point=way == "entry point")
    async with Connector(tmp_path / "data", environ, config=quick, path=[installed]) as connector:
        await carry(sandbox, connector, channel="web")
        assert await connector.stop() == 0


async def carry(sandbox: Sandbox, connector: Connector, channel: str) -> None:
    """Have an order carried, and check that the partner's handler mapped it."""
    order = next(sandbox.commercetools.project.scan("order"))
    assert await connector.post(told("OrderCreated", "order", order["id"])) == 202
    ledger = await connector.settled()
    assert ledger.done == 1, Books(connector.data).told()
    (made,) = sandbox.fluent.entities.listing("order")
    assert {"name": "channel", "type": "STRING", "value": channel} in made["attributes"]


async def install(folder: Path, *, entry_point: bool) -> Path:
    """Build a wheel of the partner's handlers and install it into a folder of its own."""
    project, target = folder / "project", folder / "installed"
    package = project / ("acme" if entry_point else "com/fluentcommerce/connect/custom")
    package.mkdir(parents=True)
    source = PARTNER / "com/fluentcommerce/connect/custom/my_order_handler.py"
    shutil.copy(source, package)
    points = _POINTS if entry_point else ""
    top = "acme" if entry_point else "com"
    text = _PROJECT.format(points=points, package=top)
    (project / "pyproject.toml").write_text(text)
    await ran([sys.executable, "-m", "hatchling", "build", "-t", "wheel"], project)
    (wheel,) = (project / "dist").glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    await ran([*pip, "--target", str(target), str(wheel)], project)
    return target


async def ran(command: Sequence[str], folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=-1, stderr=-1)
    out, error = await process.communicate()
    assert process.returncode == 0, (out + error).decode()


async def test_a_carriers_webhook_reaches_a_partners_handler(
    sandbox: Sandbox, environ: dict[str, str], tmp_path: Path
) -> None:
    given = {**environ, "CARRIER_KEY": "swift-and-secret"}
    door = {
        "kind": "external",
        "scheme": "api-key",
        "keys": ["${CARRIER_KEY}"],
        "name-from": "constant:carrier.parcel",
        "key-from": "/parcel/reference",
        "id-from": "header:x-carrier-delivery",
    }
    route = {"route": "carrier.parcel", "handler-name": "CarrierHandler"}
    folder = configure(
        tmp_path / "config",
        **QUICK,
        paths=[str(PARTNER)],
        doors={"carrier": door},
        routes=[{**route, "props": {"carrier": "Swift"}}],
    )
    body = {"status": "DELIVERED", "parcel": {"reference": "F-7"}, "at": "2026-01-01T10:00:00Z"}
    async with Connector(tmp_path / "data", given, config=folder) as connector:
        assert await connector.post(body, door="carrier", key="wrong") == 401
        for _ in range(2):
            key = "swift-and-secret"
            status = await connector.post(body, door="carrier", key=key, x_carrier_delivery="d-1")
            assert status == 202
        ledger = await connector.settled(accepted=2)
        assert (ledger.done, ledger.repeats) == (1, 1), Books(connector.data).told()
        (event,) = told_of(sandbox, "FULFILMENT")
        assert (event["name"], event["context"]["entityRef"]) == ("CarrierDelivered", "F-7")
        assert event["attributes"]["carrier"] == "Swift"
        assert await connector.stop() == 0


def told_of(sandbox: Sandbox, entity: str) -> list[Mapping[str, Any]]:
    """Return the events that Fluent got about entities of a type."""
    rows = sandbox._database.execute("SELECT data FROM event WHERE entity = ?", (entity,))
    return [msgspec.json.decode(data) for (data,) in rows]
