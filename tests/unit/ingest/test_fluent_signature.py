"""Fluent's webhooks are proved by the raw body and the environment's key."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from fluent_connect.ingest.verify.fluent_signature import FluentForm, FluentSignature
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError

KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
BODY = b'{"id":"1","name":"status"}'


def public(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, pem: bool = False) -> str:
    encoding = serialization.Encoding.PEM if pem else serialization.Encoding.DER
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    raw = key.public_key().public_bytes(encoding, form)
    return raw.decode() if pem else base64.b64encode(raw).decode()


def signed(
    body: bytes = BODY,
    *,
    key: rsa.RSAPrivateKey = KEY,
    digest: hashes.HashAlgorithm | None = None,
    header: str = "fluent-signature",
) -> dict[bytes, bytes]:
    made = key.sign(body, padding.PKCS1v15(), digest or hashes.SHA512())
    return {header.encode(): base64.b64encode(made)}


def passes(scheme: FluentSignature, headers: dict[bytes, bytes], body: bytes = BODY) -> bool:
    return scheme.passes(Knock(headers, body), 0.0)


@pytest.mark.parametrize("pem", [False, True])
def test_a_signed_body_passes_with_a_key_in_either_form(*, pem: bool) -> None:
    assert passes(FluentSignature(FluentForm(keys=[public(KEY, pem=pem)])), signed())


def test_any_of_several_keys_may_have_signed() -> None:
    scheme = FluentSignature(FluentForm(keys=[public(OTHER), public(KEY)]))
    assert passes(scheme, signed())
    assert passes(scheme, signed(key=OTHER))


def test_nothing_else_passes() -> None:
    scheme = FluentSignature(FluentForm(keys=[public(KEY)]))
    good = signed()
    value = good[b"fluent-signature"]
    wrong: list[dict[bytes, bytes]] = [
        {},
        {b"fluent-signature": b""},
        {b"fluent-signature": b"%%%"},
        {b"fluent-signature": value[:-4]},
        {b"fluent-signature": b"A" * 4096},
        {b"fluent.signature": value},
        {b"flex.signature": value},
        signed(key=OTHER),
        signed(digest=hashes.SHA256()),
        signed(digest=hashes.MD5()),
        signed(digest=hashes.MD5(), header="flex.signature"),
    ]
    assert not any(passes(scheme, headers) for headers in wrong)


def test_no_bit_of_body_or_signature_may_change() -> None:
    scheme, good = FluentSignature(FluentForm(keys=[public(KEY)])), signed()
    raw = base64.b64decode(good[b"fluent-signature"])
    for at in range(len(BODY)):
        changed = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
        assert not passes(scheme, good, changed)
    for at in range(0, len(raw), 4):
        changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert not passes(scheme, {b"fluent-signature": base64.b64encode(changed)})


def test_the_older_signature_passes_only_where_it_is_allowed() -> None:
    older = signed(digest=hashes.MD5(), header="flex.signature")
    assert passes(FluentSignature(FluentForm(keys=[public(KEY)], insecure_md5=True)), older)
    assert not passes(FluentSignature(FluentForm(keys=[public(OTHER)], insecure_md5=True)), older)


@pytest.mark.parametrize("key", ["", "MIG", "-----BEGIN PUBLIC KEY-----\nMIG\n", "not base64!"])
def test_what_is_no_key_is_a_mistake(key: str) -> None:
    with pytest.raises(ConfigError, match="public key in base64 or PEM"):
        FluentSignature(FluentForm(keys=[key]))


def test_a_key_that_is_no_rsa_key_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="RSA key of at least 1024 bits"):
        FluentSignature(FluentForm(keys=[public(ec.generate_private_key(ec.SECP256R1()))]))
