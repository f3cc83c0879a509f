"""RSA signatures, PKCS #1 v1.5 (RFC 8017, 8.2)."""

from collections.abc import Mapping
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm

Digest = Literal["sha1", "sha256", "sha512"]

_HASHES: Mapping[Digest, type[HashAlgorithm]] = {"sha1": SHA1, "sha256": SHA256, "sha512": SHA512}
_PADDING = PKCS1v15()


def holds(key: RSAPublicKey, signature: bytes, signed: bytes, digest: Digest) -> bool:
    """Say whether the key's owner signed exactly this."""
    try:
        key.verify(signature, signed, _PADDING, _HASHES[digest]())
    except InvalidSignature:
        return False
    return True
