"""Fluent's own webhooks: the raw body signed with the environment's RSA key.

`fluent-signature` is SHA512withRSA, the older `flex.signature` MD5withRSA; PKCS#1 v1.5, in base64.
Public keys are X.509 SubjectPublicKeyInfo, one for each region and environment.
"""

import base64
import binascii
from collections.abc import Sequence

import msgspec

from fluent_connect.ingest.verify.certificate import Digest
from fluent_connect.ingest.verify.scheme import Knock

_SIGNATURE = b"fluent-signature"
_OLD_SIGNATURE = b"flex.signature"
_LONGEST = 2048


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
        from fluent_connect.ingest.verify.rsa_signature import by_key  # noqa: PLC0415 - 12 MB

        self._keys = tuple(map(by_key, form.keys))
        self._insecure = form.insecure_md5

    def passes(self, knock: Knock, now: float) -> bool:  # noqa: ARG002 - as its port says
        """Say whether a header holds the signature of one of the keys over the raw body."""
        proofs: list[tuple[bytes, Digest]] = [(knock.headers.get(_SIGNATURE, b""), "sha512")]
        if self._insecure:
            proofs.append((knock.headers.get(_OLD_SIGNATURE, b""), "md5"))
        return any(
            self._signed(knock.body, _decoded(given), digest) for given, digest in proofs if given
        )

    def _signed(self, body: bytes, signature: bytes, digest: Digest) -> bool:
        return bool(signature) and any(signed(signature, body, digest) for signed in self._keys)


def _decoded(given: bytes) -> bytes:
    if len(given) > _LONGEST:
        return b""
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return b""
