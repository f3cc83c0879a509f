"""Bearer tokens of an issuer (OAuth 2.0, OpenID Connect): JSON Web Tokens by its published keys."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from fluent_connect.ingest.verify.published import KeySet
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
)
"""What may be allowed: never `none`, never a shared secret (a public key could be used as one)."""
_LONGEST = 16_384
_MOST_FIELDS = 20
_SEGMENTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)")
_SPACED = frozenset({"scope", "scp"})


class Claim(msgspec.Struct, frozen=True):
    """A claim that a token must make: one of these names, holding one of these values."""

    names: Sequence[str]
    values: frozenset[str]


class BearerForm(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tokens let in, and for what.

    key_set:  URL of the issuer's keys. private: it may be at a private address.
    leeway:   seconds by which the clocks may differ.
    claims:   what a token must say besides issuer, audience and time.
    """

    issuers: Sequence[str]
    audiences: Sequence[str]
    key_set: str
    private: bool = False
    algorithms: Sequence[str] = ("RS256",)
    leeway: float = 60.0
    claims: Sequence[Claim] = ()


class Header(msgspec.Struct):
    """What a token says of its signature; extensions (`crit`, `b64`) are for others."""

    alg: str
    kid: str = ""
    crit: Any = None
    b64: Any = None


class _Claims(msgspec.Struct):
    iss: str
    exp: float
    aud: str | list[str]
    nbf: float = 0.0
    iat: float = 0.0


_header = msgspec.json.Decoder(Header).decode
_claims = msgspec.json.Decoder(_Claims).decode
_all = msgspec.json.Decoder(dict[str, Any]).decode


class Bearer:
    """Whoever shows a token of the issuer, made for us and in time, may knock.

    What the token claims is looked at first: a token that could never pass is refused whether or
    not the keys are here. The body is not covered: a token seen can be used again until it ends.
    """

    needs_body = False

    def __init__(self, form: BearerForm, keys: KeySet) -> None:
        wrong = [each for each in form.algorithms if each not in ALGORITHMS]
        if wrong or not form.algorithms:
            raise ConfigError(f"the algorithm {', '.join(wrong) or 'of tokens'} is none of ours")
        if not (all(form.issuers) and form.issuers and all(form.audiences) and form.audiences):
            raise ConfigError("a token proves nothing without its issuer and its audience")
        if any(not (each.names and all(each.values) and each.values) for each in form.claims):
            raise ConfigError("a claim without a value would let everybody in")
        self._form = form
        self._keys = keys

    def passes(self, knock: Knock, now: float) -> bool:
        """Say whether there is such a token. Raise RetryableError while its key is not known."""
        token = _token(knock)
        header = header_of(token)
        if header is None or header.alg not in self._form.algorithms:
            return False
        if not self._claimed(_segment(token, 1), now):
            return False
        key = self._keys.key(header.kid, now)
        return key is not None and is_signed(token, key, header.alg)

    def _claimed(self, payload: bytes, now: float) -> bool:
        """Say whether issuer, audience, time and the other claims are as they must be."""
        form = self._form
        try:
            told = _claims(payload)
            everything = _all(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        audiences = [told.aud] if isinstance(told.aud, str) else told.aud
        return (
            told.iss in form.issuers
            and any(each in form.audiences for each in audiences)
            and told.exp + form.leeway > now
            and max(told.nbf, told.iat) - form.leeway <= now
            and all(_holds(everything, each) for each in form.claims)
        )


def _token(knock: Knock) -> str:
    """Return the token of the header, else of the query's `access_token`; "" if there is none."""
    scheme, _, given = knock.headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer":
        return given.strip().decode("latin-1")
    if b"access_token" not in knock.query:
        return ""
    try:
        found = parse_qs(knock.query.decode("ascii"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    tokens = found.get("access_token", [])
    return tokens[0] if len(tokens) == 1 else ""


def header_of(token: str) -> Header | None:
    """Return the header of a token in its one strict spelling; None if it is none."""
    parts = _SEGMENTS.fullmatch(token) if len(token) <= _LONGEST else None
    if parts is None or not all(_canonical(part) for part in parts.groups()):
        return None
    try:
        header = _header(_segment(token, 0))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return header if header.crit is None and header.b64 is None else None


def is_signed(token: str, key: Any, algorithm: str) -> bool:
    """Say whether the key signed a token (of which `header_of` has told) by the algorithm."""
    from joserfc import jws  # noqa: PLC0415 - loaded with the first token
    from joserfc.errors import JoseError  # noqa: PLC0415

    try:
        jws.deserialize_compact(token, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _canonical(segment: str) -> bool:
    """Say whether the segment is what its bytes are written as: no other spelling passes."""
    try:
        data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except (binascii.Error, ValueError):
        return False
    return base64.urlsafe_b64encode(data).rstrip(b"=") == segment.encode()


def _segment(token: str, index: int) -> bytes:
    segment = token.split(".")[index]
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _holds(claims: Mapping[str, Any], claim: Claim) -> bool:
    """Say whether one of the names is there with one of the values; a list may hold more."""
    for name in claim.names:
        value = claims.get(name)
        told = value if isinstance(value, list) else [value]
        if name in _SPACED and isinstance(value, str):
            told = value.split()
        if any(_text(each) in claim.values for each in told):
            return True
    return False


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None
