"""Fluent's own webhooks: the raw body signed with the environment's RSA key.

`fluent-signature` is SHA512withRSA, the older `flex.signature` MD5withRSA; PKCS#1 v1.5, in base64.
Public keys are X.509 SubjectPublicKeyInfo, one for each region and environment.
"""

import base64
import binascii
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError

_SIGNATURE = b"fluent-signature"
_OLD_SIGNATURE = b"flex.signature"
_LONGEST = 2048
_WEAKEST = 1024
_SHA512 = hashes.SHA512()
_MD5 = hashes.MD5()  # noqa: S303 - the vendor's, and only where it is asked for
_PADDING = padding.PKCS1v15()


class FluentForm(msgspec.Struct, frozen=True, kw_only=True):
    """The public keys of Fluent's environments, and whether the older header proves it too."""

    keys: Sequence[str] = ()
    insecure_md5: bool = False


class FluentSignature:
    """Whoever signed the body with the private half of one of the keys may knock.

    There is no time in the signature: a repeated request passes, and is known by its event's id
    further on.
    """

    needs_body = True

    def __init__(self, form: FluentForm) -> None:
        self._keys = tuple(map(_public_key, form.keys))
        self._insecure = form.insecure_md5

    def passes(self, knock: Knock, now: float) -> bool:  # noqa: ARG002 - as its port says
        """Say whether a header holds the signature of one of the keys over the raw body."""
        proofs: list[tuple[bytes, hashes.HashAlgorithm]] = [
            (knock.headers.get(_SIGNATURE, b""), _SHA512)
        ]
        if self._insecure:
            proofs.append((knock.headers.get(_OLD_SIGNATURE, b""), _MD5))
        return any(
            self._signed(knock.body, _decoded(given), digest) for given, digest in proofs if given
        )

    def _signed(self, body: bytes, signature: bytes, digest: hashes.HashAlgorithm) -> bool:
        return bool(signature) and any(
            _verifies(key, signature, body, digest) for key in self._keys
        )


def _verifies(
    key: RSAPublicKey, signature: bytes, body: bytes, digest: hashes.HashAlgorithm
) -> bool:
    try:
        key.verify(signature, body, _PADDING, digest)
    except InvalidSignature:
        return False
    return True


def _decoded(given: bytes) -> bytes:
    if len(given) > _LONGEST:
        return b""
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _public_key(text: str) -> RSAPublicKey:
    """Return a key that stands in PEM or in bare base64. Raise ConfigError if it is none."""
    bare = "".join(line for line in text.split() if line)
    try:
        if "-----BEGIN" in text:
            key = serialization.load_pem_public_key(text.strip().encode())
        else:
            key = serialization.load_der_public_key(base64.b64decode(bare, validate=True))
    except (ValueError, binascii.Error) as error:
        raise ConfigError(
            "a Fluent webhook key is an X.509 public key in base64 or PEM, and this is not"
        ) from error
    if not isinstance(key, RSAPublicKey) or key.key_size < _WEAKEST:
        raise ConfigError(f"a Fluent webhook key is an RSA key of at least {_WEAKEST} bits")
    return key
