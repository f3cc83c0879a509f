"""Standard Webhooks 1.0.0, symmetric signatures (`v1`)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Sequence

from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError

_PREFIX = "whsec_"
_LONGEST_TIMESTAMP = 12


class StandardWebhooks:
    """Whoever signed the body with one of the secrets, not long ago, may knock.

    A secret is `whsec_` and base64, padded or not. Without the prefix both readings are tried:
    base64, and the text as it stands. A repeated request passes again: what it holds is known by
    its own id further on.
    """

    needs_body = True

    def __init__(self, secrets: Sequence[str], tolerance: float = 300.0) -> None:
        self._keys = tuple(key for secret in secrets for key in _keys(secret))
        self._tolerance = tolerance

    def passes(self, knock: Knock, now: float) -> bool:
        """Say whether any `v1` entry is the signature of any secret, within the tolerance."""
        headers = knock.headers
        id_ = headers.get(b"webhook-id", b"")
        timestamp = headers.get(b"webhook-timestamp", b"")
        given = headers.get(b"webhook-signature", b"")
        if not id_ or b"." in id_ or not self._timely(timestamp, now):
            return False
        signed = b"%b.%b.%b" % (id_, timestamp, knock.body)
        entries = [entry[3:] for entry in given.split() if entry.startswith(b"v1,")]
        passed = False
        for key in self._keys if entries else ():
            right = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
            for entry in entries:
                passed |= hmac.compare_digest(entry, right)
        return passed

    def _timely(self, timestamp: bytes, now: float) -> bool:
        if not timestamp.isdigit() or len(timestamp) > _LONGEST_TIMESTAMP:
            return False
        return abs(now - int(timestamp)) <= self._tolerance


def _keys(secret: str) -> Iterator[bytes]:
    """Yield what a secret may mean. Raise ConfigError if that is nothing."""
    encoded = secret.removeprefix(_PREFIX)
    if not encoded:
        raise ConfigError("an empty webhook secret would let everybody in")
    decoded = _decoded(encoded)
    if decoded:
        yield decoded
    if not secret.startswith(_PREFIX):
        yield secret.encode()
    elif not decoded:
        raise ConfigError("a webhook secret after whsec_ is base64, and this is not")


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
