"""Issuers and topics of our own making: their keys, tokens, certificates and signatures."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from joserfc import jwk, jws

from fluent_connect.ingest.verify.published import Published

NOW = 1_614_265_330.0
TOPIC = "arn:aws:sns:eu-west-1:123456789012:shop"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0af.pem"


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the key of this number, the same one in a whole run."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    """Return the key of this number on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def public(key: Any, kid: str, **more: str) -> dict[str, Any]:
    """Return the published half of a key."""
    kind: Any = jwk.RSAKey if isinstance(key, rsa.RSAPrivateKey) else jwk.ECKey
    imported = kind.import_key(key.public_key(), {"kid": kid, **more})
    return dict(imported.as_dict(private=False))


def key_set(*keys: Mapping[str, Any]) -> bytes:
    """Return a key set's document."""
    return json.dumps({"keys": keys}).encode()


def token(claims: Mapping[str, Any], *, kid: str = "a", alg: str = "RS256", key: Any = None) -> str:
    """Return a signed token."""
    key = key or rsa_key()
    kind: Any = jwk.RSAKey if isinstance(key, rsa.RSAPrivateKey) else jwk.ECKey
    signing = kind.import_key(key, {"kid": kid})
    payload = json.dumps(claims).encode()
    return jws.serialize_compact({"alg": alg, "kid": kid}, payload, signing, algorithms=[alg])


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    """Return what only looks like a token."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def certificate(
    *,
    name: str = "sns.amazonaws.com",
    begins: float = NOW - 86400,
    ends: float = NOW + 86400,
    key: rsa.RSAPrivateKey | None = None,
) -> bytes:
    """Return a certificate in PEM, signed by its own key."""
    key = key or rsa_key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(_date(begins)).not_valid_after(_date(ends))
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _date(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def sns(
    kind: str = "Notification",
    *,
    version: str = "2",
    at: float = NOW,
    key: rsa.RSAPrivateKey | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return a message of SNS, signed after the changes were made; None removes a member."""
    stamp = _date(at).strftime("%Y-%m-%dT%H:%M:%S.") + "123Z"
    told: dict[str, Any] = {
        "Type": kind,
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Message": '{"notificationType":"Message"}\nä',
        "Timestamp": stamp,
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
    }
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    if kind != "Notification":
        url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
        told |= {"SubscribeURL": f"{url}&TopicArn={TOPIC}", "Token": "t"}
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    told = {name: value for name, value in {**told, **changes}.items() if value is not None}
    text = "".join(f"{name}\n{told[name]}\n" for name in names if name in told).encode()
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = (key or rsa_key()).sign(text, padding.PKCS1v15(), digest)
    return {**told, "Signature": base64.b64encode(signature).decode()}


def published(*keys: Mapping[str, Any], now: float = NOW) -> Published:
    """Return what was published: the certificate, and these keys at any URL asked for."""
    made = Published()
    made.certificates.take(CERTIFICATE, certificate())
    for url in ("https://issuer.example/keys", "https://www.googleapis.com/oauth2/v3/certs"):
        made.key_set(url).take(key_set(*(keys or (public(rsa_key(), "a"),))), now)
    return made
