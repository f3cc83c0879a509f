"""A keyed digest of the body (HMAC, RFC 2104) in a header: the form is configured."""

import base64
import hmac
from collections.abc import Sequence
from typing import Literal

import msgspec

from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError

_BODY = "{body}"
_TIMESTAMP = "{timestamp}"
_LONGEST_TIMESTAMP = 12


class HmacForm(msgspec.Struct, frozen=True, kw_only=True):
    """How a sender signs. GitHub: prefix `sha256=`. Shopify: encoding `base64`, no prefix.

    timestamp_header: where the seconds since the epoch stand that are signed too; "": none are.
    signed:           what is signed, with {body} and {timestamp} filled in; "": the body, or
                      `{timestamp}.{body}` where there is a timestamp.
    """

    header: str = "x-signature"
    digest: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp_header: str = ""
    signed: str = ""


class HmacBody:
    """Whoever signed the body with one of the secrets may knock; not long ago, if the form tells.

    Without a signed timestamp a repeated request passes for ever: what it holds is known by its
    own id further on.
    """

    needs_body = True

    def __init__(self, secrets: Sequence[str], form: HmacForm, tolerance: float = 300.0) -> None:
        if not all(secrets):
            raise ConfigError("an empty signing secret would let everybody in")
        self._keys = tuple(secret.encode() for secret in secrets)
        self._header = form.header.lower().encode()
        self._prefix = form.prefix.encode()
        self._digest = form.digest
        self._hex = form.encoding == "hex"
        self._stamp = form.timestamp_header.lower().encode()
        self._before, self._after = _template(form)
        self._tolerance = tolerance

    def passes(self, knock: Knock, now: float) -> bool:
        """Say whether the header holds the signature of any secret, within the tolerance.

        Texts are compared, not what they decode to: one signature has one spelling.
        """
        given = knock.headers.get(self._header, b"")
        if not given.startswith(self._prefix):
            return False
        given = given[len(self._prefix) :]
        stamp = knock.headers.get(self._stamp, b"") if self._stamp else b""
        if self._stamp and not self._timely(stamp, now):
            return False
        signed = self._signed(knock.body, stamp)
        passed = False
        for key in self._keys:
            passed |= hmac.compare_digest(
                given, self._encoded(hmac.digest(key, signed, self._digest))
            )
        return passed

    def proof(self, body: bytes, now: float) -> dict[str, str]:
        """Return the headers by which a sender with the first secret proves itself."""
        stamp = str(int(now)).encode() if self._stamp else b""
        digest = hmac.digest(self._keys[0], self._signed(body, stamp), self._digest)
        headers = {self._header.decode(): (self._prefix + self._encoded(digest)).decode()}
        return {**headers, self._stamp.decode(): stamp.decode()} if self._stamp else headers

    def _signed(self, body: bytes, stamp: bytes) -> bytes:
        sign = _TIMESTAMP.encode()
        return b"%b%b%b" % (
            self._before.replace(sign, stamp),
            body,
            self._after.replace(sign, stamp),
        )

    def _encoded(self, digest: bytes) -> bytes:
        return digest.hex().encode() if self._hex else base64.b64encode(digest)

    def _timely(self, timestamp: bytes, now: float) -> bool:
        if not timestamp.isdigit() or len(timestamp) > _LONGEST_TIMESTAMP:
            return False
        return abs(now - int(timestamp)) <= self._tolerance


def _template(form: HmacForm) -> tuple[bytes, bytes]:
    """Return what stands around the body. Raise ConfigError for a form that proves nothing."""
    signed = form.signed or (f"{_TIMESTAMP}.{_BODY}" if form.timestamp_header else _BODY)
    if signed.count(_BODY) != 1:
        raise ConfigError(f"what is signed holds {_BODY} once, and {signed!r} does not")
    if bool(form.timestamp_header) != (_TIMESTAMP in signed):
        raise ConfigError(
            "a timestamp proves something only if it is signed: "
            f"`timestamp-header` and {_TIMESTAMP} in `signed` go together"
        )
    if not form.header:
        raise ConfigError("the header that holds the signature has no name")
    before, _, after = signed.partition(_BODY)
    return before.encode(), after.encode()
