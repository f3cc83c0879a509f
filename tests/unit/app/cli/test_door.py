"""`door test` against a door that is really served."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fluent_connect.app.build import doors
from fluent_connect.app.config.load import examine
from fluent_connect.app.server import Server
from fluent_connect.ingest.verify.published import Published
from fluent_connect.listener.parse import parse
from unit.app.cli.shelf import Ran, Shell
from unit.app.conftest import ENVIRON
from unit.ingest.signers import key_set, public, rsa_key, token
from unit.ingest.webhook_client import Client

KEYED = (
    "schemes: [api-key, basic, query-key, standard-webhooks, hmac], keys: [k], secrets: [s]"
    ", users: { u: p }, query-parameter: code"
    ", hmac: { header: x-sig, prefix: v1=, timestamp-header: x-at }"
)
ISSUED = (
    "schemes: [google-pubsub, sns]"
    ", google-pubsub: { audience: us, service-account: a@b, subscriptions: [p/s] }"
    ', sns: { topics: ["arn:aws:sns:eu-central-1:123456789012:t"] }'
)


class Served:
    """One door, served on a port of its own."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        self._shell = shell
        self._folder = folder
        self.client: Client | None = None
        self.server: Server | None = None
        self.published = Published()

    async def open(self, text: str) -> None:
        """Serve the door as it is written."""
        self._write(text)
        found = examine(self._folder, (), ENVIRON).config
        made = doors(found.doors, self.published)["default"]
        self.client = Client(made, now=time.time())
        self.server = Server(self.client.app, "127.0.0.1", 0, webhook=self.client.app)
        await self.server.start()

    def _write(self, text: str) -> None:
        body = f"fluent-connect:\n  doors:\n    default: {{ {text} }}\n"
        (self._folder / "application-connector.yml").write_text(body)

    async def try_(self, *words: str, text: str | None = None) -> Ran:
        """Run `door test` with this configuration, else with the server's own."""
        if text is not None:
            self._write(text)
        port = self.server.port if self.server is not None else 9
        where = ("--url", f"http://127.0.0.1:{port}", "--config", str(self._folder))
        return await asyncio.to_thread(self._shell, "door", "test", *words, *where)


@pytest.fixture
async def served(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "config"
    folder.mkdir()
    made = Served(shell, folder)
    yield made
    if made.server is not None:
        await made.server.stop()


async def test_each_scheme_lets_its_proof_in_and_nothing_else(served: Served) -> None:
    await served.open(KEYED)
    assert served.client is not None
    ran = await served.try_("default", "--json")
    assert ran.code == 0, ran.out + ran.err
    assert [(row["scheme"], row["status"]) for row in ran.rows] == [
        ("api-key", 202),
        ("basic", 202),
        ("query-key", 202),
        ("standard-webhooks", 202),
        ("hmac", 202),
        ("-", 401),
    ]
    bodies = [write.outcome.puts[0].parcel.body for write in served.client.store.writes]
    assert len(bodies) == 5
    assert all(parse(body).is_test for body in bodies)


async def test_a_wrong_secret_is_told_and_fails(served: Served) -> None:
    await served.open(KEYED)
    ran = await served.try_("default", text=KEYED.replace("[s]", "[other]"))
    assert ran.code == 1
    assert "fail  hmac" in ran.out
    assert "ok    api-key" in ran.out
    assert "signature or key missing or wrong" in ran.out


async def test_what_only_others_can_sign_is_said(served: Served) -> None:
    await served.open(ISSUED)
    ran = await served.try_("default")
    assert ran.code == 0
    assert "give --token" in ran.out
    assert "aws sns publish" in ran.out
    (keys,) = served.published.key_sets.values()
    now = time.time()
    keys.take(key_set(public(rsa_key(), "a")), now)
    claims = {"iss": "accounts.google.com", "aud": "us", "exp": now + 60, "email": "a@b"}
    given = token({**claims, "email_verified": True})
    ran = await served.try_("default", "--token", given, "--json")
    assert ran.code == 0, ran.out
    assert {"scheme": "google-pubsub", "status": 202}.items() <= ran.rows[1].items()
    assert served.client is not None
    body = served.client.store.writes[-1].outcome.puts[0].parcel.body
    assert json.loads(body)["subscription"] == "p/s"


async def test_a_door_of_another_system_wants_a_sample(served: Served, tmp_path: Path) -> None:
    await served.open("kind: external, scheme: api-key, keys: [k]")
    ran = await served.try_("default")
    assert ran.code == 0
    assert "give --body" in ran.out
    sample = tmp_path / "sample.json"
    sample.write_text('{"name":"x"}')
    ran = await served.try_("default", "--body", str(sample))
    assert "ok    api-key" in ran.out


async def test_a_door_that_is_not_there_is_an_error(served: Served) -> None:
    served._write("scheme: api-key, keys: [k]")
    unknown = await served.try_("defualt")
    assert unknown.code != 0
    assert 'did you mean "default"?' in unknown.err
    away = await served.try_("default")
    assert away.code != 0
    assert "cannot be reached" in away.err
