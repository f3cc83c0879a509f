"""`doctor` and `trigger` against a sandbox, `check`, `config`, `routes`, and a start that fails."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from e2e.harness import configure
from fluent_connect.app import logs
from fluent_connect.app.cli.trigger import _SANDBOX
from fluent_connect.app.discovery import discover
from fluent_connect.app.options import Options
from fluent_connect.app.playground import SECRET, configured, variables
from fluent_connect.app.service import Service
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Options as SandboxOptions
from fluent_connect.sandbox.servers import Sandbox
from unit.app.cli.shelf import ROUTE, Ran, Shell, fill

Found = dict[str, dict[str, Any]]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxOptions(customers=2, orders=2)) as sandbox:
        yield sandbox


@pytest.fixture
async def service(shell: Shell, sandbox: Sandbox) -> AsyncIterator[Service]:
    options = Options(data=shell.data, port=0, admin_port=0, host="127.0.0.1")
    config = configured(sandbox, options, {}, {"log.level": "error"})
    logs.configure("error", "text")
    service = Service(config, discover(config.packages, config.paths))
    await service.start()
    yield service
    await service.stop(0.0)
    structlog.reset_defaults()


@pytest.fixture
def environ(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, shell: Shell) -> dict[str, str]:
    """Set the variables of an account in the sandbox."""
    del shell  # it clears them first
    told = variables(sandbox)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return told


async def doctor(shell: Shell, *words: str) -> tuple[int, Found]:
    ran = await asyncio.to_thread(shell.there, "doctor", "--json", *words)
    return ran.code, {f"{row['group'].split()[0]} {row['name']}": row for row in ran.rows}


async def test_a_sound_installation_passes(shell: Shell, environ: dict[str, str]) -> None:
    assert environ["FC_PROJECT_KEY"] == "sandbox"
    await asyncio.to_thread(fill, shell.data)
    code, found = await doctor(shell, "--integrity")
    assert [row for row in found.values() if row["state"] == "fail"] == []
    assert code == 0
    assert found["store durability"]["measured"] == "journal_mode wal, synchronous 2"
    assert found["store integrity"]["measured"] == "ok"
    assert found["store ledger"]["state"] == "warn"
    assert "order" in found["commercetools scopes"]["measured"]
    assert found["fluent retailer"]["measured"] == "1 (RETAILER_1)"


@pytest.mark.parametrize(
    ("variable", "line", "words"),
    [
        (("FC_CT_CLIENT_SECRET", "wrong"), "commercetools token", "401"),
        (("FC_CT_API_URL", "http://127.0.0.1:1"), "commercetools order", "no connection"),
        (("FC_FLUENT_PASSWORD", "wrong"), "fluent token", "fluent"),
        (("FC_FLUENT_RETAILER", "99"), "fluent retailer", "there are: 1 (RETAILER_1)"),
        (("FC_FLUENT_CATALOGUE", "OTHER:1"), "fluent catalogue", "not found"),
    ],
)
async def test_what_is_wrong_is_named_with_its_fix(  # noqa: PLR0917 - fixtures and a case
    shell: Shell,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    variable: tuple[str, str],
    line: str,
    words: str,
) -> None:
    assert variable[0] in environ
    monkeypatch.setenv(*variable)
    code, found = await doctor(shell)
    assert code == 9
    assert found[line]["state"] == "fail"
    assert words in found[line]["measured"]
    assert found[line]["fix"]


async def test_what_the_watches_need_is_asked_for_where_they_are_on(
    shell: Shell, environ: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    assert environ
    _, found = await doctor(shell, "--only", "commercetools")
    assert "subscription" not in found["commercetools scopes"]["measured"]
    assert "commercetools messages" not in found
    section = {"destination": {"type": "IronMQ", "uri": "http://127.0.0.1:9/"}}
    folder = configure(tmp_path / "config", subscription=section)
    words = ("--only", "commercetools", "--config", str(folder))
    code, found = await doctor(shell, *words)
    assert (code, found["commercetools messages"]["state"]) == (0, "ok")
    assert "subscription" in found["commercetools scopes"]["measured"]
    denied = [
        Fault(kind="status", operation=each, status=403) for each in ("messages", "subscriptions")
    ]
    sandbox.commercetools.faults.set(denied)
    code, found = await doctor(shell, *words)
    assert code == 9
    assert "manage_subscriptions" in found["commercetools subscription"]["fix"]
    assert found["commercetools messages"]["state"] == "warn"
    assert "view_messages" in found["commercetools messages"]["fix"]


async def test_one_group_alone_is_looked_at(shell: Shell, environ: dict[str, str]) -> None:
    assert environ
    _, found = await doctor(shell, "--only", "store")
    assert list(found) == ["store file"]
    assert found["store file"]["state"] == "skip"
    _, found = await doctor(shell, "--only", "fluent")
    assert {name.split()[0] for name in found} == {"fluent"}
    ran = await asyncio.to_thread(shell.there, "doctor", "--only", "flunt")
    assert (ran.code, 'did you mean "fluent"?' in ran.err) == (2, True)


def test_without_any_variable_the_configuration_fails(shell: Shell) -> None:
    ran = shell.there("doctor")
    assert ran.code == 9
    assert "CFG020" in ran.out
    assert "do: " in ran.out
    assert "failed" in ran.err


async def trigger(shell: Shell, service: Service, *words: str) -> Ran:
    url = f"http://127.0.0.1:{service.server.port}"
    flags = ("--sandbox", "--url", url)
    return await asyncio.to_thread(shell.there, "trigger", *words, *flags)


async def test_a_triggered_order_is_followed_into_fluent(
    shell: Shell, service: Service, sandbox: Sandbox
) -> None:
    order = sandbox.build("order", range(500, 501))[0]
    ran = await trigger(shell, service, "OrderCreated", "--id", order)
    assert ran.code == 0, ran.err
    assert f"OrderCreated of order {order} v1" in ran.out
    assert "createOrder" in ran.out
    again = await trigger(shell, service, "OrderCreated", "--json")
    assert (again.code, again.rows[0]["state"]) == (0, "superseded")


@pytest.mark.parametrize("envelope", ["pubsub", "cloudevents"])
async def test_the_envelopes_go_through_the_door(
    shell: Shell, service: Service, envelope: str
) -> None:
    words = ("ResourceUpdated", "--id", "inventory-entry/i-1", "--envelope", envelope, "--json")
    ran = await trigger(shell, service, *words)
    assert ran.code == 0, ran.err
    assert ran.rows[0]["state"] == "skipped"


async def test_what_dies_exits_1(shell: Shell, service: Service) -> None:
    ran = await trigger(shell, service, "OrderCreated", "--set", "projectKey=other", "--json")
    state = ran.rows[0]["state"]
    assert (ran.code, state) in {(1, "dead"), (0, "skipped")}


async def test_what_still_waits_exits_8(shell: Shell, service: Service, sandbox: Sandbox) -> None:
    order = sandbox.build("order", range(600, 601))[0]
    await asyncio.to_thread(shell.there, "pause", "--all")
    await service.pulse.look_at_pauses()
    ran = await trigger(shell, service, "OrderCreated", "--id", order, "--timeout", "300ms")
    assert ran.code == 8
    assert "still waits" in ran.err


async def test_a_door_that_refuses_or_is_not_there(
    shell: Shell, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FC_DOOR_SECRET", "wrong")
    url = f"http://127.0.0.1:{service.server.port}"
    words = ("trigger", "OrderCreated", "--url")
    assert (await asyncio.to_thread(shell.there, *words, url)).code == 4
    assert (await asyncio.to_thread(shell.there, *words, "http://127.0.0.1:1")).code == 5
    no_door = f"{url}/api/v1/fluent-connect/external-system/webhook/none"
    assert (await asyncio.to_thread(shell.there, *words, no_door)).code == 1
    monkeypatch.delenv("FC_DOOR_SECRET")
    assert (await asyncio.to_thread(shell.there, *words, url)).code == 3


def test_a_dry_run_shows_what_would_be_sent(shell: Shell) -> None:
    fill(shell.data)
    words = ("ResourceUpdated", "--id", "product/p-1", "--set", "version=9", "--dry-run")
    told = shell.there("trigger", *words, "--sandbox").rows[0]
    assert told["notification"]["resource"] == {"typeId": "product", "id": "p-1"}
    assert json.loads(told["body"])["version"] == 9
    assert shell.there("trigger", "ResourceUpdated", "--dry-run", "--sandbox").code == 2


def test_the_sandbox_has_the_secret_that_trigger_knows() -> None:
    assert _SANDBOX == SECRET == SandboxOptions().client.project_key


def test_check_tells_all_mistakes_at_once(shell: Shell, tmp_path: Path) -> None:
    text = "fluent-connect:\n  prot: 8080\n  routes:\n    - { route: x, handler-name: Nobody }\n"
    (tmp_path / "application-connector.yml").write_text(text)
    ran = shell("check", "--config", str(tmp_path))
    assert ran.code == 3
    assert "application-connector.yml:2:3" in ran.out
    assert 'did you mean "port"?' in ran.out
    rows = shell("check", "--config", str(tmp_path), "--json").rows
    assert {"CFG003", "CFG020"} <= {row["code"] for row in rows}


def test_check_is_content_with_a_sound_environment(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound(monkeypatch)
    ran = shell("check")
    assert (ran.code, ran.out) == (0, "0 mistakes, 0 warnings in the packaged defaults alone\n")
    monkeypatch.setenv("FC_PROT", "1")
    assert shell("check").code == 9


def test_config_show_tells_where_each_value_comes_from(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound(monkeypatch)
    monkeypatch.setenv("FC_PORT", "9000")
    ran = shell("config", "show", "--origin", "fluent-connect.port")
    assert ran.out.split() == ["fluent-connect.port", "9000", "#", "env", "FC_PORT"]
    rows = {row["key"]: row["value"] for row in shell("config", "show", "--json").rows}
    assert rows["fluent-connect.accounts[0].fluent.password"] == "***"
    assert "hidden-value" not in str(rows)
    assert shell("config", "show", "nonsense").code == 6


def test_routes_are_listed_with_their_handlers(shell: Shell) -> None:
    rows = {row["route"]: row for row in shell("routes", "list", "--json").rows}
    assert rows[ROUTE]["handler"] == "OrderCreateHandler"
    assert rows[ROUTE]["class"].startswith("fluent_connect.handlers.order")
    assert ROUTE in shell("routes", "list").out
    mapped = shell("routes", "list", "--notifications", "--json").rows
    assert "OrderCreated" in next(row for row in mapped if row["type"] == "order")["kinds"]
    refresh = "commercetools.connect.product.refresh"
    assert rows[refresh]["class"].endswith(".ProductRefreshHandler")
    assert {"type": "standalone-price", "route": refresh, "skip": "", "kinds": []} in mapped
    assert "(skipped)" in shell("routes", "list", "--notifications").out


def test_a_route_to_nobody_exits_3(shell: Shell, tmp_path: Path) -> None:
    text = "fluent-connect:\n  routes:\n    - { route: x, handler-name: Nobody }\n"
    (tmp_path / "application-connector.yml").write_text(text)
    ran = shell("routes", "list", "--config", str(tmp_path), "--json")
    assert ran.code == 3
    assert ran.rows[0]["class"] == "(nobody)"


def test_run_without_an_account_exits_3_and_says_what_is_missing(shell: Shell) -> None:
    ran = shell.there("run")
    assert (ran.code, ran.out) == (3, "")
    assert "CFG020" in ran.err
    assert "FC_PROJECT_KEY" in ran.err


def process(*words: str) -> tuple[int, str]:
    """Run a command that serves, as a process of its own."""
    command = (sys.executable, "-m", "fluent_connect", *words)
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return ran.returncode, ran.stderr


def test_run_on_a_port_that_is_taken_exits_7(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    sound(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        flags = ("--port", port, "--admin-port", "0", "--host", "127.0.0.1")
        code, told = process("run", "--data", str(shell.data), *flags)
    assert code == 7
    assert port in told
    assert "Traceback" not in told


def test_a_sandbox_on_a_port_that_is_taken_exits_7() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, told = process("sandbox", "--commercetools-port", port, "--fluent-port", "0")
    assert code == 7
    assert told.startswith("CLI017")


def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the variables of an account that need not answer."""
    for name in ("CT_API_URL", "CT_AUTH_URL", "FLUENT_URL"):
        monkeypatch.setenv(f"FC_{name}", "https://example.com")
    for name in ("PROJECT_KEY", "CT_CLIENT_ID", "FLUENT_ACCOUNT", "FLUENT_USERNAME"):
        monkeypatch.setenv(f"FC_{name}", "name")
    for name in ("CT_CLIENT_SECRET", "FLUENT_PASSWORD", "FLUENT_CLIENT_SECRET", "DOOR_SECRET"):
        monkeypatch.setenv(f"FC_{name}", "hidden-value")
    monkeypatch.setenv("FC_FLUENT_CLIENT_ID", "name")
    monkeypatch.setenv("FC_FLUENT_RETAILER", "1")
