"""`subscription` against a sandbox: planned, applied, changed in place, moved, deleted."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from e2e.harness import until
from fluent_connect.app.playground import variables
from fluent_connect.sandbox.servers import Options, Sandbox
from unit.app.cli.shelf import Ran, Shell


class Destination:
    """An endpoint that takes notifications, or refuses them."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.status = 202
        self.url = ""

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/", self._take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        return runner

    async def _take(self, request: web.Request) -> web.Response:
        self.taken.append(await request.json())
        return web.Response(status=self.status)


@pytest.fixture
async def destination() -> AsyncIterator[Destination]:
    destination = Destination()
    runner = await destination.start()
    yield destination
    await runner.cleanup()


@pytest.fixture
async def sandbox(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    del shell  # it clears the environment first
    async with Sandbox(Options(customers=1, orders=1)) as sandbox:
        for name, value in variables(sandbox).items():
            monkeypatch.setenv(name, value)
        yield sandbox


class Desk:
    """Runs `subscription` commands with a configuration of its own."""

    def __init__(self, shell: Shell, folder: Path, destination: Mapping[str, Any]) -> None:
        self._shell = shell
        self._folder = folder
        folder.mkdir()
        self.write({"destination": destination})

    def write(self, section: Mapping[str, Any]) -> None:
        body = {"fluent-connect": {"subscription": section}}
        (self._folder / "application-connector.yml").write_text(json.dumps(body))

    async def __call__(self, *words: str) -> Ran:
        return await asyncio.to_thread(
            self._shell, "subscription", *words, "--config", str(self._folder)
        )


@pytest.fixture
def desk(shell: Shell, tmp_path: Path, destination: Destination) -> Desk:
    return Desk(shell, tmp_path / "config", {"type": "IronMQ", "uri": destination.url})


def held(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.commercetools.project.scan("subscription"))


async def test_it_is_planned_made_and_then_as_it_shall_be(
    sandbox: Sandbox, desk: Desk, destination: Destination
) -> None:
    planned = await desk("plan")
    assert planned.code == 9
    assert "+ subscription fluent-connect" in planned.out
    assert "+ changes category" in planned.out
    assert held(sandbox) == []

    dry = await desk("apply", "--dry-run", "--json")
    assert (dry.code, held(sandbox)) == (0, [])
    assert {"sign": "+", "what": "changes customer", "told": ""} in dry.rows[0]["differences"]

    made = await desk("apply", "--yes")
    assert made.code == 0, made.err
    assert "is Healthy" in made.out
    (one,) = held(sandbox)
    sent = {each["resourceTypeId"]: each["types"] for each in one["messages"]}
    assert "OrderCreated" in sent["order"]
    assert sent["standalone-price"] == []
    assert "inventory-entry" not in sent
    assert destination.taken[0]["resource"]["typeId"] == "subscription"

    again = await desk("plan", "--json")
    assert (again.code, again.rows[0]["differences"]) == (0, [])
    status = await desk("status", "--json")
    assert (status.code, status.rows[0]["status"]) == (0, "Healthy")


async def test_it_is_changed_in_place(
    sandbox: Sandbox, desk: Desk, destination: Destination
) -> None:
    await desk("apply", "--yes")
    (before,) = held(sandbox)
    sandbox.commercetools.project.change(
        "subscription", before | {"changes": [{"resourceTypeId": "cart"}]}
    )
    planned = await desk("plan")
    assert "- changes cart" in planned.out
    assert "+ changes category" in planned.out
    assert (await desk("apply", "--yes")).code == 0
    (after,) = held(sandbox)
    assert after["id"] == before["id"]
    assert after["changes"] == before["changes"]
    sandbox.build("customer", range(90, 91))
    await until(lambda: any(each["resource"]["typeId"] == "customer" for each in destination.taken))


async def test_another_format_takes_its_place_beside_it(
    sandbox: Sandbox, desk: Desk, destination: Destination
) -> None:
    await desk("apply", "--yes")
    (before,) = held(sandbox)
    section = {"destination": {"type": "IronMQ", "uri": destination.url}, "format": "CloudEvents"}
    desk.write(section)
    moved = await desk("apply", "--yes")
    assert moved.code == 0, moved.err
    (after,) = held(sandbox)
    assert after["id"] != before["id"]
    assert (after["key"], after["format"]["type"]) == ("fluent-connect", "CloudEvents")
    assert (await desk("plan")).code == 0


async def test_a_destination_that_takes_no_test_message_changes_nothing(
    sandbox: Sandbox, desk: Desk, destination: Destination
) -> None:
    await desk("apply", "--yes")
    before = held(sandbox)
    destination.status = 500
    desk.write({"destination": {"type": "IronMQ", "uri": destination.url + "?other"}})
    refused = await desk("apply", "--yes")
    assert refused.code == 5
    assert "test message could not be delivered" in refused.err
    assert held(sandbox) == before


async def test_it_is_deleted_and_asked_for_first(sandbox: Sandbox, desk: Desk) -> None:
    assert (await desk("status")).code == 9
    await desk("apply", "--yes")
    unasked = await desk("delete")
    assert unasked.code == 2
    assert len(held(sandbox)) == 1
    dry = await desk("delete", "--dry-run")
    assert "would delete" in dry.out
    assert len(held(sandbox)) == 1
    gone = await desk("delete", "--yes", "--json")
    assert gone.rows[0]["deleted"] is True
    assert held(sandbox) == []


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ({"destination": {"type": "Pigeon"}}, "destination.type is 'Pigeon'"),
        ({"destination": {"type": "SQS"}}, "needs queueUrl, region"),
        (
            {"destination": {"type": "EventGrid", "uri": "https://a", "accessKey": "k"}},
            "needs `format: CloudEvents`",
        ),
        ({"destination": {"type": "IronMQ", "uri": "u"}, "key": "a b"}, "subscription.key"),
    ],
)
async def test_what_commercetools_would_refuse_is_a_mistake_of_the_configuration(
    sandbox: Sandbox, desk: Desk, section: dict[str, Any], told: str
) -> None:
    del sandbox
    desk.write(section)
    ran = await desk("plan")
    assert ran.code == 3
    assert told in ran.err


async def test_without_a_section_it_says_what_to_write(sandbox: Sandbox, shell: Shell) -> None:
    del sandbox
    ran = await asyncio.to_thread(shell, "subscription", "plan")
    assert ran.code == 7
    assert "subscription: { destination:" in ran.err
