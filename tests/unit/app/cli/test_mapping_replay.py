"""`map try` and `map replay` on the journal of a service between the sandboxes."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from e2e.harness import Inside, change, settled, told
from fluent_connect.app.playground import variables
from fluent_connect.sandbox.servers import Options as SandboxOptions
from fluent_connect.sandbox.servers import Sandbox
from unit.app.cli.shelf import Ran, Shell
from unit.app.conftest import ENVIRON

ORDERS = "commercetools.connect.order.create"
SUMMER = """\
category:
  fields:
    name: { value: SUMMER }
  attributes:
    season: { value: summer }
    orderHint: ~
"""


class Played:
    """A shop whose categories and orders a service has carried to Fluent; and its command line."""

    def __init__(self, shell: Shell, sandbox: Sandbox, root: Path) -> None:
        self._shell = shell
        self.sandbox = sandbox
        self.root = root

    async def map(self, *words: str) -> Ran:
        return await asyncio.to_thread(self._shell.there, "map", *words)

    def folder(self, name: str, **files: str) -> str:
        """Write mapping files into a folder of their own."""
        folder = self.root / name
        folder.mkdir()
        for entity, text in files.items():
            (folder / f"{entity}.yml").write_text(text)
        return str(folder)

    def one(self, kind: str) -> dict[str, Any]:
        return next(iter(self.sandbox.commercetools.project.scan(kind)))


@pytest.fixture
async def played(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Played]:
    async with Sandbox(SandboxOptions(customers=2, orders=2)) as sandbox:
        scan = sandbox.commercetools.project.scan
        bodies = [change("category", each["id"]) for each in scan("category")]
        for sequence in (1, 2):
            bodies += [
                told("OrderCreated", "order", each["id"], sequence=sequence)
                for each in scan("order")
            ]
        async with Inside(sandbox, shell.data) as service:
            for body in bodies:
                assert await service.post(body) == 202
            await settled(shell.data, len(bodies))
        for name, value in variables(sandbox).items():
            monkeypatch.setenv(name, value)
        yield Played(shell, sandbox, tmp_path)
        structlog.reset_defaults()


def writes(sandbox: Sandbox) -> int:
    return len(sandbox.fluent.entities.writes(limit=10_000))


async def test_a_recorded_message_is_shown_by_any_of_its_ids(played: Played) -> None:
    order, before = played.one("order"), writes(played.sandbox)
    ran = await played.map("try", order["orderNumber"], "--json")
    assert ran.code == 0, ran.err
    (row,) = ran.rows
    assert (row["route"], row["resource"]) == (ORDERS, f"order/{order['id']}")
    assert row["changes"][0]["what"] == f"order {order['orderNumber']}"
    again = (await played.map("try", order["id"], "--json")).rows[0]
    assert again["changes"] == row["changes"]
    assert writes(played.sandbox) == before


async def test_personal_data_of_the_shop_is_masked_unless_asked_for(played: Played) -> None:
    number = played.one("order")["orderNumber"]
    for words in (("try", number), ("try", number, "--json"), ("try", number, "--source")):
        assert "@example.com" not in (await played.map(*words)).out
    assert "@example.com" in (await played.map("try", number, "--unmasked")).out


async def test_a_notification_in_a_file_is_read_from_commercetools(played: Played) -> None:
    category = played.one("category")
    file = played.root / "told.json"
    file.write_text(json.dumps([change("category", category["id"], category["version"])]))
    (row,) = (await played.map("try", str(file), "--json")).rows
    assert (row["kind"], row["outcome"]) == ("ResourceCreated", "mapped")
    assert row["source"]["id"] == category["id"]


async def test_offline_nothing_is_asked_of_fluent(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FC_FLUENT_URL", "http://127.0.0.1:1")
    product = played.one("product")
    file = played.root / "told.json"
    file.write_text(json.dumps(told("ProductPublished", "product", product["id"])))
    ran = await played.map("try", str(file))
    assert ran.code == 5
    assert "CLI020" in ran.err
    assert (await played.map("try", str(file), "--offline")).code == 0


async def test_a_difference_exits_9_and_names_both_rules(played: Played) -> None:
    category = played.one("category")
    old = played.folder("old", category=SUMMER)
    ran = await played.map("try", category["id"], "--diff", old, "--json")
    assert ran.code == 9
    found = {each["path"]: each for each in ran.rows[0]["differences"]}
    name = found["name"]
    assert (name["old"], name["how"]) == ("SUMMER", "changed")
    assert name["on"] == ["create", "update"]
    assert name["old_rule"].endswith("old/category.yml:3:5")
    assert "defaults/category.yml:" in name["new_rule"]
    assert found["attributes[season].value"]["how"] == "removed"
    out = (await played.map("try", category["id"], "--diff", old)).out
    assert f'{old} -> the configuration\n  category {category["id"]}\n    name: "SUMMER" -> ' in out


async def test_what_does_not_differ_exits_0(played: Played) -> None:
    ran = await played.map("try", played.one("category")["id"], "--diff", "defaults")
    assert ran.code == 0
    assert ran.out.endswith("defaults -> the configuration\n  no difference\n")


async def test_a_replay_tells_what_differs_message_by_message_and_in_sum(played: Played) -> None:
    before = writes(played.sandbox)
    new = played.folder("new", category=SUMMER)
    categories = [each["id"] for each in played.sandbox.commercetools.project.scan("category")]
    ran = await played.map("replay", "--since", "2h", "--mapping", new, "--json")
    assert ran.code == 9, ran.err
    *rows, last = ran.rows
    total = last["summary"]
    differing = [row for row in rows if row["differs"]]
    assert total["messages"] == len(rows) > len(differing)
    assert {row["resource"] for row in differing} == {f"category/{each}" for each in categories}
    assert (total["differ"], total["same"], total["unread"]) == (
        len(differing),
        len(rows) - len(differing),
        0,
    )
    assert total["standing_for"] >= total["messages"] + 2
    assert total["fields"]["category: name"] == len(differing)
    assert total["fields"]["category: attributes[season].value"] == len(differing)
    assert writes(played.sandbox) == before


async def test_a_replay_for_people_ends_with_the_sum(played: Played) -> None:
    new = played.folder("new", category=SUMMER)
    ran = await played.map("replay", "--since", "2h", "--mapping", new, "--limit", "3")
    assert ran.code in {0, 9}
    assert ran.out.splitlines()[-1].startswith("3 messages: ")
    assert "nothing was sent" in ran.err


async def test_a_replay_through_the_same_exits_0(played: Played) -> None:
    route = ("--route", "order.create")
    ran = await played.map("replay", "--since", "2h", "--mapping", "defaults", *route)
    assert ran.code == 0
    assert ran.out == "2 messages: 2 same (2 mapped)\n"
    none = await played.map("replay", "--since", "2h", "--until", "1h", "--mapping", "defaults")
    assert none.out == "0 messages: none\n"
    assert "no message was recorded" in none.err


async def test_what_cannot_be_read_exits_8(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FC_CT_API_URL", "http://127.0.0.1:1")
    ran = await played.map("replay", "--since", "2h", "--mapping", "defaults", "--limit", "2")
    assert ran.code == 8
    assert "not compared: " in ran.out
    assert "2 messages: 2 unread" in ran.out


async def test_a_handler_of_another_version_is_compared(played: Played) -> None:
    code = played.root / "conf" / "code" / "com" / "fluentcommerce" / "connect"
    code.mkdir(parents=True)
    (code / "shouting.py").write_text(
        "from fluent_connect.handlers.category.upsert import CategoryUpsertHandler\n"
        "from fluent_connect import Skip\n\n\n"
        "class Shouting(CategoryUpsertHandler):\n"
        "    name = 'CategoryUpsertHandler'\n"
        "    priority = 9\n\n"
        "    def map(self, resource, message, context):\n"
        "        raise Skip('not in summer')\n"
    )
    conf = played.root / "conf"
    text = f"fluent-connect:\n  paths: ['{conf / 'code'}']\n"
    (conf / "application-connector.yml").write_text(text)
    words = ("--route", "category.upsert", "--limit", "1")
    ran = await played.map("replay", "--since", "2h", "--mapping", str(conf), *words, "--json")
    assert ran.code == 9, ran.err
    assert ran.rows[0]["new"] == {"outcome": "skipped", "reason": "not in summer"}
    assert ran.rows[0]["old"]["outcome"] == "mapped"
    assert ran.rows[-1]["summary"]["fields"]["mapped -> skipped"] == 1


@pytest.fixture
def configured(full: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Return a command line on a filled store, with an account that need not answer."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    return full


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("try", "nobody"), 6, "CLI007"),
        (("try", "nobody", "--diff", "nowhere"), 6, "'nowhere' is no folder"),
        (("replay", "--since", "2h", "--mapping", "nowhere"), 6, "CLI007"),
        (("replay", "--since", "soon", "--mapping", "defaults"), 2, "CLI004"),
        (("replay", "--since", "2h", "--mapping", "defaults", "--route", "x"), 6, "CLI014"),
        (("replay", "--mapping", "defaults"), 2, "--since"),
    ],
)
def test_what_is_not_there_is_told(
    configured: Shell, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = configured.there("map", *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_mapping_that_cannot_be_compiled_is_refused_with_its_place(
    configured: Shell, tmp_path: Path
) -> None:
    (tmp_path / "category.yml").write_text("category:\n  fields:\n    name: category.nmae\n")
    words = ("map", "replay", "--since", "2h", "--mapping", str(tmp_path))
    ran = configured.there(*words)
    assert ran.code == 3
    assert "category.yml:3:11" in ran.err
