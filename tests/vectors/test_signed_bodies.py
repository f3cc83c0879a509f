"""Standard Webhooks, GitHub's HMAC and Wycheproof's, through the HTTP door."""

import hashlib
import hmac
from typing import Any

import pytest

from fluent_connect.ingest.verify.door import Door
from fluent_connect.ingest.verify.hmac_body import HmacBody, HmacForm
from fluent_connect.ingest.verify.standard_webhooks import StandardWebhooks
from fluent_connect.model.errors import ConfigError
from fluent_connect.sandbox.commercetools.envelopes import sign
from unit.ingest.webhook_client import Client
from vectors.origins import here, post, read
from vectors.skipped import SKIPPED

pytestmark = here
_STANDARD = read("standard-webhooks/cases.json")
_GITHUB = read("standard-webhooks/github-hmac.json")
_MACS = read("hmac-rsa/hmac_sha256_test.json")
_VERIFIED = [
    each
    for each in _STANDARD.get("verify_cases", ())
    if f"standard-webhooks/verify/{each['id']}" not in SKIPPED
]
_SIGNED = [
    each
    for index, each in enumerate(_STANDARD.get("sign_cases", ()))
    if f"standard-webhooks/sign/{index}" not in SKIPPED
]
_WHOLE = [
    test
    for group in _MACS.get("testGroups", ())
    if group["tagSize"] == 256
    for test in group["tests"]
]
_CUT = [
    test
    for group in _MACS.get("testGroups", ())
    if group["tagSize"] == 128
    for test in group["tests"]
]


def lower(headers: dict[str, str]) -> dict[str, str]:
    """Return the headers as a server hands them on."""
    return {name.lower(): value.encode().decode("latin-1") for name, value in headers.items()}


@pytest.mark.parametrize("case", _VERIFIED, ids=lambda case: case["id"])
async def test_standard_webhooks(case: dict[str, Any]) -> None:
    door = Door(name="default", schemes=[StandardWebhooks([case["secret"]])])
    passed = await post(
        case["body"].encode(), lower(case["headers"]), Client(door, now=case["now"])
    )
    assert passed.status == (202 if case["expected"] == "valid" else 401), case["reason"]


@pytest.mark.parametrize(
    "case", _STANDARD.get("secret_cases", ()), ids=lambda case: str(case["secret"])
)
def test_secrets_that_are_none(case: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        StandardWebhooks([case["secret"] or ""])


@pytest.mark.parametrize("case", _SIGNED, ids=lambda case: case["id"])
def test_what_we_sign_is_signed_so(case: dict[str, Any]) -> None:
    signed = sign(case["secret"], case["id"], case["timestamp"], case["body"].encode())
    assert signed == case["expected"]


@pytest.mark.parametrize("case", _GITHUB.get("cases", ()), ids=lambda case: case["id"])
async def test_github(case: dict[str, Any]) -> None:
    form = HmacForm(header="X-Hub-Signature-256", prefix="sha256=")
    door = Door(name="default", schemes=[HmacBody([case["secret"]], form)])
    passed = await post(case["body"].encode(), lower(case["headers"]), Client(door))
    assert passed.status == (202 if case["expected"] == "valid" else 401), case["reason"]


@pytest.mark.parametrize("case", _WHOLE, ids=lambda case: case["tcId"])
async def test_wycheproof_hmac(case: dict[str, Any]) -> None:
    scheme = HmacBody(["in the place of a key that is no text"], HmacForm())
    scheme._keys = (bytes.fromhex(case["key"]),)
    client = Client(Door(name="default", schemes=[scheme]))
    passed = await post(bytes.fromhex(case["msg"]), {"x-signature": case["tag"]}, client)
    assert passed.status == (202 if case["result"] == "valid" else 401), case["comment"]


@pytest.mark.parametrize("case", _CUT, ids=lambda case: case["tcId"])
async def test_wycheproof_hmac_of_half_length(case: dict[str, Any]) -> None:
    """At the primitive, as no door takes half a signature; and at the door, which refuses it."""
    key, body = bytes.fromhex(case["key"]), bytes.fromhex(case["msg"])
    half = hmac.digest(key, body, hashlib.sha256)[:16].hex()
    assert hmac.compare_digest(half, case["tag"]) == (case["result"] == "valid")
    scheme = HmacBody(["in the place of a key that is no text"], HmacForm())
    scheme._keys = (key,)
    client = Client(Door(name="default", schemes=[scheme]))
    assert (await post(body, {"x-signature": case["tag"]}, client)).status == 401
