"""Wycheproof's JSON Web Signatures and RSA signatures, at the primitives that doors use."""

import json
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from fluent_connect.ingest.verify.bearer import ALGORITHMS, header_of, is_signed
from fluent_connect.ingest.verify.certificate import Digest
from fluent_connect.ingest.verify.published import KeySet
from fluent_connect.ingest.verify.rsa_signature import holds
from fluent_connect.model.errors import MalformedError, RetryableError
from vectors.origins import here, read
from vectors.skipped import SKIPPED

pytestmark = here
_JWS = [
    (group, test)
    for group in read("hmac-rsa/json_web_signature_test.json").get("testGroups", ())
    for test in group["tests"]
    if f"jws/{test['tcId']}" not in SKIPPED
]
_RSA = [
    (digest, group, test)
    for digest in ("sha256", "sha512")
    for group in read(f"hmac-rsa/rsa_signature_2048_{digest}_test.json").get("testGroups", ())
    for test in group["tests"]
]


def passes(token: str, published: dict[str, Any]) -> bool:
    """Say whether a door would take the signature, by the key as its issuer publishes it."""
    keys = KeySet("https://issuer.example/keys")
    header = header_of(token)
    try:
        keys.take(json.dumps({"keys": [published]}).encode(), 0.0)
        key = keys.key(header.kid, 0.0) if header is not None else None
    except (MalformedError, RetryableError):
        return False
    if header is None or key is None or header.alg not in ALGORITHMS:
        return False
    return is_signed(token, key, header.alg)


@pytest.mark.parametrize(("group", "case"), _JWS, ids=lambda each: each.get("tcId", ""))
def test_json_web_signature(group: dict[str, Any], case: dict[str, Any]) -> None:
    shared_secret = "public" not in group
    right = case["result"] == "valid" and not shared_secret
    assert passes(case["jws"], group.get("public") or group["private"]) == right, case["comment"]


@pytest.mark.parametrize(
    ("digest", "group", "case"),
    _RSA,
    ids=lambda each: each if isinstance(each, str) else each.get("tcId", ""),
)
def test_rsa_signature(digest: Digest, group: dict[str, Any], case: dict[str, Any]) -> None:
    key = cast("RSAPublicKey", load_der_public_key(bytes.fromhex(group["publicKeyDer"])))
    passed = holds(key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]), digest)
    assert passed == (case["result"] == "valid"), case["comment"]
