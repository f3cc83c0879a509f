"""Really signed messages of Amazon SNS through the HTTP door, at the time that they were sent."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from fluent_connect.app.keeper import Keeper
from fluent_connect.ingest.verify.door import Door
from fluent_connect.ingest.verify.published import Certificates, Published
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.ingest.verify.sns import Sns, SnsForm
from fluent_connect.model.errors import ConnectError, MalformedError, RefusedError
from unit.app.keeping import Web, until
from unit.ingest.webhook_client import Client
from vectors.origins import VECTORS, files, here, post, read
from vectors.skipped import SKIPPED

pytestmark = here
_JAVA = [path.name for path in files("sns/test-*.json")]
_RUBY = [
    case
    for case in read("sns/ruby-message-verifier-cases.json").get("cases", ())
    if f"sns/ruby/{case['id']}" not in SKIPPED
]
_SIGNED = (
    "Message",
    "MessageId",
    "Subject",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
_RUBY_NOW = 1_659_043_440.0


def pem(name: str) -> bytes:
    return (VECTORS / "sns" / name).read_bytes()


def sent(message: dict[str, Any]) -> float:
    return datetime.fromisoformat(message["Timestamp"]).timestamp()


def client(message: dict[str, Any], published: Published, now: float) -> Client:
    form = SnsForm(topics=[message["TopicArn"]], versions=["1", "2"])
    return Client(Door(name="default", schemes=[Sns(form, published)]), now=now)


def certified(message: dict[str, Any]) -> Published:
    published = Published()
    url = message["SigningCertURL"]
    published.certificates.take(url, pem(url.rpartition("/")[2]))
    return published


@pytest.mark.parametrize("name", _JAVA)
async def test_a_signed_message_passes_while_its_certificate_holds(name: str) -> None:
    message = read(f"sns/{name}")
    body = json.dumps(message).encode()
    at_the_time = client(message, certified(message), sent(message) + 5)
    assert (await post(body, client=at_the_time)).status == 202
    today = client(message, certified(message), max(time.time(), sent(message) + 86_400 * 365))
    assert (await post(body, client=today)).status == 401


@pytest.mark.parametrize("name", _JAVA)
@pytest.mark.parametrize("field", _SIGNED)
async def test_one_changed_character_of_a_signed_field_is_refused(name: str, field: str) -> None:
    message = read(f"sns/{name}")
    told = message.get(field)
    middle = len(told) // 2 if told else 0
    changed = told[:middle] + chr(ord(told[middle]) ^ 1) + told[middle + 1 :] if told else "x"
    if told is None and field in {"SubscribeURL", "Token"}:
        return  # Not signed in a notification, and not looked at.
    at_the_time = client(message, certified(message), sent(message) + 5)
    body = json.dumps({**message, field: changed}).encode()
    status = (await post(body, client=at_the_time)).status
    assert status == (
        202 if told is None and field == "Subject" and "confirmation" in name else 401
    )


@pytest.mark.parametrize("case", _RUBY, ids=lambda case: case["id"])
async def test_the_cases_of_ruby(case: dict[str, Any]) -> None:
    message, published = case["message"], Published()
    url = message.get("SigningCertURL", "")
    door = client(message, published, _RUBY_NOW)
    web = Web({url: [answer(each) for each in case["certificate_responses"]]})
    keeper = asyncio.create_task(Keeper(published, lambda: web, pace=0.0001).run())
    await until(lambda: published.certificates.wake.__name__ == "set")
    passed = await post(json.dumps(message).encode(), client=door)
    if passed.status == 503:
        await until(lambda: not published.certificates.wanted)
        passed = await post(json.dumps(message).encode(), client=door)
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    assert (passed.status == 202) == (case["expected"] == "valid"), case["reason"]
    # What could not be fetched is not the sender's fault: it may come again.
    assert passed.status == 202 or (passed.status == 503) == case["id"].startswith("cert-")


def answer(told: dict[str, Any]) -> bytes | ConnectError:
    """Return what the web answers in a case of Ruby's, as the notes beside them say."""
    if told.get("status") != 200:
        return RefusedError(str(told))
    good = pem("signing-cert-7ff5318490ec183fbaddaa2a969abfda.pem")
    return good if told["body"] == "certificate" else b"<xml><value>\n" + good + b"\n<value></xml>"


@pytest.mark.parametrize("name", ["expired-cert.pem", "valid-in-future-cert.pem", "valid-cert.pem"])
def test_a_certificate_of_another_time_or_name_is_none(name: str) -> None:
    now = datetime(2026, 3, 13, tzinfo=UTC).timestamp()
    message = read("sns/test-notification-signature-v2.json")
    scheme = Sns(SnsForm(topics=[message["TopicArn"]]), Published())
    told = scheme.read(Knock({}, json.dumps(message).encode()))
    assert told is not None
    known = Certificates()
    try:
        known.take("https://x", pem(name))
    except MalformedError:
        return
    assert not scheme._ours(known.at("https://x"), told, now)
    good = certified(message).certificates.at(message["SigningCertURL"])
    assert scheme._ours(good, told, now)
