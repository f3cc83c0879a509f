"""Accounts whose schema is not ours: an older one is worked with, one that demands more is not."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from e2e.harness import Books, Connector, Inside, change, configure, settled, told, until
from e2e.test_life import command
from fluent_connect.app.clients import SchemaMistake
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.fluent.editions import NEW_SINCE_2022
from fluent_connect.sandbox.servers import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

REQUIRED = "CreateOrderItemWithOrderInput.taxRegion"


async def tell_all(sandbox: Sandbox, connector: Inside, *types: str) -> int:
    """Tell of everything of these types that the shop holds; return of how many."""
    count = 0
    for type_ in types:
        for each in sandbox.commercetools.project.scan(type_):
            body = change(type_, each["id"], each["version"])
            if type_ == "order":
                body = told("OrderCreated", type_, each["id"], version=each["version"])
            assert await connector.post(body) == 202
            count += 1
    return count


async def test_an_older_schema_is_worked_with_after_one_warning(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.fluent.knobs.schema = "2022"
    with capture_logs() as logs:
        async with Inside(sandbox, tmp_path) as connector:
            count = await tell_all(sandbox, connector, "category", "product", "customer", "order")
            ledger = await settled(tmp_path, count)
            _, health = await connector.get("/actuator/health")
    assert ledger.dead == 0, Books(tmp_path).told()
    assert sandbox.fluent.entities.creations("order")
    warned = [each for each in logs if "older than ours" in each["event"]]
    assert len(warned) == 1
    (report,) = health["schemas"]
    assert report["state"] == "older"
    assert report["lacks"] == warned[0]["lacks"]
    assert "CreateOrderInput.billingAddress" in report["lacks"]
    for order in sandbox.fluent.entities.listing("order"):
        assert not any(order.get(name) for name in NEW_SINCE_2022["CreateOrderInput"])
    assert not any("not defined by type" in each["error"] for each in Books(tmp_path).attempts())


async def test_a_customer_that_an_older_account_cannot_update_is_left_alone(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.fluent.knobs.schema = "2022"
    async with Inside(sandbox, tmp_path) as connector:
        count = await tell_all(sandbox, connector, "customer")
        await settled(tmp_path, count)
        before = list(sandbox.fluent.entities.listing("customer"))
        (customer, *_) = sandbox.commercetools.project.scan("customer")
        again = change("customer", customer["id"], customer["version"] + 1, "ResourceUpdated")
        renamed = {"action": "setFirstName", "firstName": "Zoë"}
        sandbox.commercetools.update("customers", customer["id"], renamed)
        assert await connector.post(again) == 202
        ledger = await settled(tmp_path, count + 1)
    assert ledger.dead == 0, Books(tmp_path).told()
    assert list(sandbox.fluent.entities.listing("customer")) == before


async def test_an_unknown_required_field_stops_the_start_and_is_named(
    sandbox: Sandbox, environ: dict[str, str], tmp_path: Path
) -> None:
    sandbox.fluent.knobs.requires = REQUIRED
    config = configure(tmp_path / "config")
    connector = Connector(tmp_path, environ, command=command(tmp_path, config))
    await connector.start()
    code = await connector.ended()
    await connector.session.close()
    assert code == 7
    assert REQUIRED in connector.text
    assert "Traceback" not in connector.text


async def test_a_start_that_was_refused_leaves_the_store_to_others(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.fluent.knobs.requires = REQUIRED
    refused = Inside(sandbox, tmp_path)
    with pytest.raises(SchemaMistake, match=REQUIRED):
        await refused.service.start()
    await refused.session.close()
    sandbox.fluent.knobs.requires = ""
    async with Inside(sandbox, tmp_path) as connector:
        assert await connector.post(change("cart", "x")) == 202


async def test_an_outage_does_not_stop_the_start_and_the_schema_is_learnt_after_it(
    sandbox: Sandbox, quick: Path, tmp_path: Path
) -> None:
    sandbox.fluent.knobs.schema = "2022"
    sandbox.fluent.faults.add(Fault(kind="status", status=503))
    async with Inside(sandbox, tmp_path, folder=quick) as connector:
        assert connector.service.clients.schemas()[0].state == "not asked"
        count = await tell_all(sandbox, connector, "category")
        await until(lambda: Books(tmp_path).ledger().by_state.get("retrying"))
        sandbox.fluent.faults.clear()
        ledger = await settled(tmp_path, count)
        assert connector.service.clients.schemas()[0].state == "older"
    assert ledger.done + ledger.superseded == count, Books(tmp_path).told()


async def test_what_is_learnt_later_to_be_demanded_holds_the_account_and_loses_nothing(
    sandbox: Sandbox, quick: Path, tmp_path: Path
) -> None:
    sandbox.fluent.knobs.requires = REQUIRED
    sandbox.fluent.faults.add(Fault(kind="status", status=503))
    async with Inside(sandbox, tmp_path, folder=quick) as connector:
        sandbox.fluent.faults.clear()
        count = await tell_all(sandbox, connector, "category")
        await until(lambda: connector.service.clients.schemas()[0].state == "unfit")
        ledger = Books(tmp_path).ledger()
        assert ledger.dead == 0
        assert ledger.waiting == count
        breakers = connector.service.clients.breakers.all()
        (reason,) = [each.reason for each in breakers if each.system == "fluent"]
        assert REQUIRED in reason
        assert not sandbox.fluent.entities.creations("category")


async def test_an_account_that_does_not_tell_its_schema_is_served(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.fluent.knobs.introspection = False
    async with Inside(sandbox, tmp_path) as connector:
        count = await tell_all(sandbox, connector, "category")
        ledger = await settled(tmp_path, count)
        (report,) = connector.service.clients.schemas()
    assert report.state == "silent"
    assert "disabled" in report.note
    assert ledger.done + ledger.superseded == count
