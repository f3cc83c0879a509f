"""Tokens that an issuer never made: wrong algorithms, wrong keys, its public key as a secret."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "https://issuer.example"
_NUMBERS = rsa.RSAPublicNumbers(65537, (1 << 2047) + 0x5DEECE66D * 2 + 1)


def claims(now: float) -> Mapping[str, Any]:
    """Return the claims that would let in, were they signed."""
    return {"iss": ISSUER, "aud": "us", "iat": int(now), "exp": int(now) + 3600}


def key_set() -> bytes:
    """Return what the issuer publishes; nobody has the private half."""
    modulus = _NUMBERS.n.to_bytes(256, "big")
    key = {"kty": "RSA", "kid": "a", "use": "sig", "n": _b64(modulus), "e": "AQAB"}
    return json.dumps({"keys": [key]}).encode()


def forged(now: float) -> list[str]:
    """Return tokens with the right claims and no right signature."""
    return list(_forged(now))


def _forged(now: float) -> Iterator[str]:
    mine = rsa.generate_private_key(65537, 2048)
    public = mine.public_key().public_numbers()
    own = {"kty": "RSA", "n": _b64(public.n.to_bytes(256, "big")), "e": "AQAB"}
    theirs = rsa.RSAPublicNumbers(_NUMBERS.e, _NUMBERS.n).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    secrets = [theirs.public_bytes(each, form) for each in (_PEM, _DER)]
    for algorithm in ("none", "None", "NONE", ""):
        yield _token({"alg": algorithm, "kid": "a"}, now, b"")
    for secret in (*secrets, key_set(), b"", b"a"):
        for digest in ("256", "384", "512"):
            signed = _signing({"alg": f"HS{digest}", "kid": "a"}, now)
            proof = hmac.new(secret, signed, getattr(hashlib, f"sha{digest}")).digest()
            yield f"{signed.decode()}.{_b64(proof)}"
    for header in (
        {"alg": "RS256", "kid": "a"},
        {"alg": "RS256", "kid": "b"},
        {"alg": "RS256"},
        {"alg": "RS256", "kid": "a", "jwk": own},
        {"alg": "RS256", "kid": "a", "jku": "http://127.0.0.1:9/keys"},
        {"alg": "RS256", "kid": "../../dev/null"},
        {"alg": "RS256", "kid": "a", "crit": ["b64"], "b64": False},
    ):
        signed = _signing(header, now)
        proof = mine.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        yield f"{signed.decode()}.{_b64(proof)}"
        yield f"{signed.decode()}.{_b64(bytes(256))}"


_PEM, _DER = serialization.Encoding.PEM, serialization.Encoding.DER


def _signing(header: Mapping[str, Any], now: float) -> bytes:
    parts = (json.dumps(dict(each)).encode() for each in (header, claims(now)))
    return b".".join(_b64(each).encode() for each in parts)


def _token(header: Mapping[str, Any], now: float, proof: bytes) -> str:
    return f"{_signing(header, now).decode()}.{_b64(proof)}"


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
