"""Going live with orders that were there before: the plan, the gate, kills, what comes later."""

from pathlib import Path
from typing import Any

import pytest

from e2e.harness import Books, Connector, Inside, configure, told, until
from e2e.job_shop import Shell, over, runs
from fluent_connect.app.playground import variables
from fluent_connect.sandbox.servers import Options, Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
ORDERS, OPEN = 40, 14
GATE = {
    "orderState": ["Open", "Confirmed"],
    "shipmentState": ["", "Pending", "Ready"],
    "paymentState": ["Paid"],
}
SETTINGS = {"export-when": GATE, "inert-order-types": ["HISTORY"]}
_OTHERS: tuple[dict[str, str], ...] = (
    {"orderState": "Cancelled"},
    {"orderState": "Complete"},
    {"paymentState": "BalanceDue"},
    {"shipmentState": "Shipped"},
)


@pytest.fixture
async def sandbox() -> Any:
    async with Sandbox(Options(customers=2, orders=0)) as sandbox:
        for number in range(100, 100 + ORDERS):
            states = {} if number < 100 + OPEN else _OTHERS[number % len(_OTHERS)]
            sandbox.commercetools.create("payments", sandbox.shop.payment(number))
            draft = sandbox.shop.order(number, guest=True)
            paid = {"orderState": "Open", "paymentState": "Paid", **states}
            sandbox.commercetools.create("orders", {**draft, **paid})
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return configure(tmp_path / "config", settings=SETTINGS, retry={"park-waits": "0.3s, 0.5s"})


@pytest.fixture
def shell(
    sandbox: Sandbox,
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    for name, value in variables(sandbox).items():
        monkeypatch.setenv(name, value)
    return Shell(tmp_path / "data", folder, capsys)


def created(sandbox: Sandbox) -> dict[str, int]:
    made = sandbox.fluent.entities.creations("order")
    return {each["ref"]: each["created"] for each in made if each["created"]}


def unpaid(sandbox: Sandbox) -> dict[str, Any]:
    return next(
        each
        for each in sandbox.commercetools.project.scan("order")
        if each["paymentState"] == "BalanceDue"
    )


async def test_orders_pass_the_gate_once_however_often_the_load_is_killed(
    sandbox: Sandbox, tmp_path: Path, folder: Path, shell: Shell
) -> None:
    data = tmp_path / "data"
    plan = await shell("load", "orders", "--dry-run")
    assert f"{OPEN} orders would start fulfilment" in plan.out
    assert "orderState=Cancelled" in plan.out
    asked = await shell("load", "orders")
    assert asked.code == 2, "nobody is there to agree"
    refused = await shell("load", "orders", "--yes")
    assert (refused.code, "no service runs" in refused.err) == (5, True)
    environ = variables(sandbox)
    seen = 0

    def further() -> bool:
        return len(created(sandbox)) > min(seen, OPEN - 1)

    for kill in range(3):
        async with Connector(data, environ, config=folder):
            if kill == 0:
                queued = await shell("load", "orders", "--yes", "--no-wait", "--rate", "2")
                assert queued.code == 0
            elif kill == 1:
                assert (await shell("load", "orders", "--yes")).code == 7
            if kill < 2:
                await until(further)
                seen = len(created(sandbox))
            else:
                await over(data)
    again = await shell("load", "orders", "--dry-run", "--json")
    assert (again.told["would_start_fulfilment"], again.told["in_fluent"]) == (0, OPEN)
    async with Inside(sandbox, data, folder=folder) as connector:
        assert (await shell("load", "orders", "--yes", "--rate", "0")).code == 0
        late = unpaid(sandbox)
        assert len(created(sandbox)) == OPEN
        paid = {"action": "changePaymentState", "paymentState": "Paid"}
        sandbox.commercetools.update("orders", late["id"], paid, version=late["version"])
        changed = told("OrderPaymentStateChanged", "order", late["id"], version=2)
        assert await connector.post(changed) == 202
        await until(lambda: len(created(sandbox)) == OPEN + 1)
        assert (await shell("load", "orders", "--yes", "--rate", "0")).code == 0
    assert len(created(sandbox)) == OPEN + 1
    assert set(created(sandbox).values()) == {1}
    assert Books(data).ledger().closes
    assert not Books(data).dead()
    assert [each.state for each in runs(data)] == ["SUCCESSFUL"] * 3


async def test_history_is_loaded_as_an_inert_type_and_only_what_is_over(
    sandbox: Sandbox, tmp_path: Path, folder: Path, shell: Shell
) -> None:
    refused = await shell("load", "orders", "--as-type", "HD", "--yes")
    assert (refused.code, "CLI031" in refused.err) == (7, True)
    assert (await shell("load", "products", "--as-type", "HISTORY", "--yes")).code == 2
    plan = await shell("load", "orders", "--as-type", "HISTORY", "--dry-run", "--json")
    states = [
        (each["orderState"], each.get("shipmentState"))
        for each in sandbox.commercetools.project.scan("order")
    ]
    over_ = sum(state == "Complete" or sent == "Shipped" for state, sent in states)
    assert (plan.told["would_be_inert"], plan.told["would_start_fulfilment"]) == (over_, 0)
    async with Inside(sandbox, tmp_path / "data", folder=folder):
        words = ("load", "orders", "--as-type", "HISTORY", "--yes", "--rate", "0", "--json")
        done = await shell(*words)
        assert done.code == 0, done
    orders = list(sandbox.fluent.entities.listing("order"))
    assert len(orders) == over_
    assert {each["type"] for each in orders} == {"HISTORY"}
    assert not Books(tmp_path / "data").dead()


async def test_the_rest_is_loaded_by_where_and_since(
    sandbox: Sandbox, tmp_path: Path, folder: Path, shell: Shell
) -> None:
    assert (await shell("load", "customers", "--dry-run", "--json")).told["total"] == 2
    assert (await shell("load", "customer", "--dry-run")).code == 2
    nothing = await shell("load", "customers", "--since", "2100-01-01", "--dry-run", "--json")
    assert nothing.told["total"] == 0
    wrong = await shell("load", "customers", "--where", "firstName =", "--dry-run")
    assert (wrong.code, "CLI020" in wrong.err) == (5, True)
    async with Inside(sandbox, tmp_path / "data", folder=folder):
        for what in ("categories", "products"):
            done = await shell("load", what, "--yes", "--rate", "0", "--json")
            assert done.told["state"] == "SUCCESSFUL"
        some = next(sandbox.commercetools.project.scan("customer"))
        where = f'id = "{some["id"]}"'
        assert (await shell("load", "customers", "--where", where, "--yes")).code == 0
    listing = sandbox.fluent.entities.listing
    count = sandbox.commercetools.project.count
    assert len(list(listing("category"))) == count("category")
    assert len(list(listing("standardProduct"))) == count("product")
    assert [each["ref"] for each in listing("customer")] == [some["id"]]
