"""The hardening rules around the doors, by their numbers, as far as there is what they rule."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from fluent_connect.app.config.doors import DoorEntry
from fluent_connect.app.config.load import examine
from fluent_connect.app.config.sections import AdminSection
from fluent_connect.app.server import Server
from fluent_connect.ingest.verify.door import Door, schemes
from fluent_connect.ingest.webhook import PATH
from fluent_connect.queues.store import StoreError
from unit.app.conftest import ENVIRON
from unit.ingest.webhook_client import Client

ROOT = Path(__file__).parents[2]
CANARY = "canary-4711"
_HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "\r\nset-cookie: a=b",
)


def door() -> Door:
    entry = DoorEntry(
        schemes=("api-key", "basic", "query-key", "standard-webhooks", "hmac"),
        keys=(f"{CANARY}-1",),
        secrets=(f"{CANARY}-2",),
        users={"u": f"{CANARY}-3"},
    )
    return Door(name="default", schemes=schemes(entry.all_schemes, entry.given))


async def test_s11_no_secret_is_told_in_a_log_an_answer_or_the_store(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = Client(door())
    headers = {
        "authorization": f"Bearer {CANARY}-4",
        "cookie": f"session={CANARY}-5",
        "webhook-signature": f"v1,{CANARY}-6",
        "x-signature": f"{CANARY}-7",
        "proxy-authorization": f"{CANARY}-8",
    }
    seen: list[object] = []
    with capture_logs() as logs:
        for key in (f"{CANARY}-1", f"{CANARY}-9"):
            for error in (None, StoreError("disk full"), RuntimeError("a bug")):
                client.store.error = error
                answer = await client.post(b"{}", headers, key=key, query=f"key={CANARY}-10")
                seen += [answer.body, answer.headers]
    stored = [write.outcome for write in client.store.writes]
    assert len(stored) == 1
    assert CANARY not in repr((logs, seen, stored, capsys.readouterr()))


def test_s11_no_secret_is_shown_by_the_configuration(tmp_path: Path) -> None:
    text = "fluent-connect:\n  doors:\n    default:\n      schemes: [hmac, basic, api-key]\n"
    text += f"      secrets: [{CANARY}]\n      keys: [{CANARY}]\n      users: {{ u: {CANARY} }}\n"
    (tmp_path / "application-connector.yml").write_text(text)
    examined = examine(tmp_path, (), ENVIRON)
    shown = [examined.config.origins(), examined.config.doors, examined.mistakes, examined.config]
    assert CANARY not in repr(shown)


async def test_s12_no_body_is_told_in_a_log_when_something_fails() -> None:
    client = Client()
    client.store.error = RuntimeError("a bug")
    with capture_logs() as logs:
        await client.post(json.dumps({"email": "ann@example.com"}).encode())
    assert logs
    assert "ann@example.com" not in repr(logs)


def test_s13_a_secret_in_a_file_is_a_warning_and_hides_itself(tmp_path: Path) -> None:
    text = "fluent-connect:\n  doors:\n    default: { scheme: api-key, keys: [hush] }\n"
    (tmp_path / "application-connector.yml").write_text(text)
    examined = examine(tmp_path, (), ENVIRON)
    assert "CFG030" in {each.code for each in examined.mistakes}
    assert repr(examined.config.doors["default"].keys) == "('***',)"


_SMUGGLED = {
    "two lengths": b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "length and chunks": b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "folded": b"content-length: 2\r\nx-a: b\r\n c\r\n\r\n{}",
    "no number": b"content-length: 2x\r\n\r\n{}",
    "a sign": b"content-length: +2\r\n\r\n{}",
    "chunks twice": b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"content-length : 2\r\n\r\n{}",
    "a zero byte": b"x-a: b\x00c\r\ncontent-length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("name", _SMUGGLED)
async def test_s14_a_request_with_two_meanings_is_refused_and_the_connection_closed(
    name: str,
) -> None:
    client = Client()
    server = Server(client.app, "127.0.0.1", 0, webhook=client.app)
    await server.start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        start = (
            f"POST {PATH} HTTP/1.1\r\nhost: a\r\nx-api-key: k\r\ncontent-type: application/json\r\n"
        )
        writer.write(start.encode() + _SMUGGLED[name])
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    finally:
        await server.stop()
    assert answer.startswith(b"HTTP/1.1 400")
    assert not client.store.writes


async def test_s14_what_a_proxy_claims_decides_nothing() -> None:
    client = Client()
    headers = {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https", "forwarded": "for=1"}
    assert (await client.post(b"{}", headers, key="wrong")).status == 401
    await client.post(b"{}", headers)
    assert "127.0.0.1" not in repr(client.store.writes[0].outcome)


def test_s15_the_operators_port_is_on_loopback() -> None:
    assert AdminSection().host == "127.0.0.1"


@pytest.mark.parametrize("text", _HOSTILE)
async def test_s16_nothing_that_was_sent_comes_back_as_a_page(text: str) -> None:
    client = Client()
    for how in (
        {"path": f"{PATH}/{text}"},
        {"headers": {"content-type": text}},
        {"headers": {"x-a": text}, "key": text},
        {"body": text.encode()},
        {"method": "OPTIONS", "headers": {"webhook-request-origin": text}},
    ):
        answer = await client.post(**how)
        assert answer.headers.get(b"content-type", b"application/json") == b"application/json"
        assert text.encode() not in answer.body
        assert b"set-cookie" not in answer.headers


async def test_s16_the_one_text_that_comes_back_is_quoted() -> None:
    event: list[dict[str, Any]] = [
        {
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "data": {"validationCode": _HOSTILE[1]},
        }
    ]
    headers = {"aeg-event-type": "SubscriptionValidation"}
    answer = await Client().post(json.dumps(event).encode(), headers)
    assert json.loads(answer.body) == {"validationResponse": _HOSTILE[1]}
    assert answer.headers[b"content-type"] == b"application/json"


def test_s17_what_the_service_may_do_is_documented() -> None:
    text = (ROOT / "docs" / "explanation" / "security.md").read_text()
    assert "## Least privilege" in text
    assert "view_orders" in text


def test_s18_the_documents_say_that_handlers_are_trusted() -> None:
    assert "trusted code" in (ROOT / "docs" / "explanation" / "security.md").read_text()


_LOCKS = [
    "requirements.lock",
    "requirements-dev.lock",
    "deploy/requirements-build.lock",
    "deploy/requirements-image.lock",
    "deploy/lint/requirements.lock",
]


@pytest.mark.parametrize("name", _LOCKS)
def test_s19_everything_is_pinned_by_its_hash(name: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    assert len(blocks) > 5
    for block in blocks:
        assert re.match(r"[a-z0-9.-]+==\S+", block), block[:80]
        assert "--hash=sha256:" in block, block[:80]


def test_s20_a_weakness_can_be_told_in_private() -> None:
    text = (ROOT / "SECURITY.md").read_text().lower()
    for promise in ("privately", "three working days", "14 days", "supported"):
        assert promise in text
