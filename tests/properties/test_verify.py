"""Whatever knocks: a scheme lets in, refuses, or asks to return; it never breaks."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluent_connect.ingest import handshakes
from fluent_connect.ingest.verify.bearer import BearerForm
from fluent_connect.ingest.verify.door import Secrets, schemes
from fluent_connect.ingest.verify.entra import EntraForm
from fluent_connect.ingest.verify.hmac_body import HmacForm
from fluent_connect.ingest.verify.published import Certificates, KeySet
from fluent_connect.ingest.verify.pubsub import PubSubForm
from fluent_connect.ingest.verify.scheme import Knock, Scheme
from fluent_connect.ingest.verify.sns import SnsForm
from fluent_connect.model.errors import MalformedError, RetryableError
from unit.ingest.signers import NOW, TOPIC, key_set, public, published, rsa_key, sns

FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
HEADERS = (
    b"authorization",
    b"x-api-key",
    b"webhook-id",
    b"webhook-timestamp",
    b"webhook-signature",
    b"x-sig",
    b"x-at",
    b"aeg-event-type",
    b"webhook-request-origin",
)


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


CLAIMS = st.dictionaries(
    st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "email", "roles"]), JSON
)
RIGHT = st.just({"alg": "RS256", "kid": "a"})
OTHERS = st.dictionaries(st.sampled_from(["alg", "kid", "crit", "typ", "b64"]), JSON)
TOKENS = st.builds(
    lambda header, claims, rest: f"{_segment(header)}.{_segment(claims)}.{rest}",
    RIGHT | OTHERS,
    CLAIMS,
    st.text("ABCabc019-_=", max_size=20),
)
VALUES = (
    st.binary(max_size=60)
    | TOKENS.map(lambda token: b"Bearer " + token.encode())
    | st.text("v1,sha=0123456789abcdef ", max_size=80).map(str.encode)
    | st.sampled_from([b"Basic ", b"Bearer", b"1614265330", b"SubscriptionValidation"])
)
SIGNED = sns("SubscriptionConfirmation")
MEMBERS = st.sampled_from([*SIGNED, "Subject", "subscription", "eventType"])
BODIES = (
    st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(MEMBERS, JSON).map(lambda changed: json.dumps({**SIGNED, **changed}).encode())
)
KNOCKS = st.builds(
    Knock,
    st.dictionaries(st.sampled_from(HEADERS), VALUES),
    BODIES,
    st.binary(max_size=60) | TOKENS.map(lambda token: f"access_token={token}&key=k".encode()),
)


def _all() -> Sequence[Scheme]:
    known = published(now=NOW)
    url = "https://login.microsoftonline.com/t/discovery/v2.0/keys"
    known.key_set(url).take(key_set(public(rsa_key(), "a")), NOW)
    return schemes(
        [
            "api-key",
            "basic",
            "query-key",
            "standard-webhooks",
            "hmac",
            "oidc",
            "google-pubsub",
            "entra",
            "sns",
        ],
        Secrets(
            secrets=["whsec_c2VjcmV0", "plain"],
            keys=["a key that is not guessed"],
            users={"u": "a password that is not guessed"},
            hmac=HmacForm(header="x-sig", timestamp_header="x-at"),
            bearer=BearerForm(
                issuers=["i"], audiences=["a"], key_set="https://issuer.example/keys"
            ),
            pubsub=PubSubForm(audiences=["a"], service_accounts=["s"], subscriptions=["p"]),
            entra=EntraForm(tenant="t", audiences=["a"]),
            sns=SnsForm(topics=[TOPIC], versions=["1", "2"], max_age=10**9),
        ),
        known,
    )


SCHEMES = _all()


@given(KNOCKS)
def test_no_request_is_let_in_or_breaks_a_scheme(knock: Knock) -> None:
    for scheme in SCHEMES:
        try:
            passed = scheme.passes(knock, NOW)
        except RetryableError:
            continue
        assert not passed or json.loads(knock.body).items() >= SIGNED.items(), type(scheme)


@given(KNOCKS)
def test_no_handshake_breaks_and_nothing_unsigned_is_confirmed(knock: Knock) -> None:
    asked: list[str] = []
    try:
        handshakes.confirm(SCHEMES, knock, NOW, asked.append)
    except RetryableError:
        assert not asked
    assert not asked or SCHEMES[-1].passes(knock, NOW)
    reply = handshakes.validated(knock)
    assert reply is None or reply.status == 200
    origin = handshakes.origin_allowed(knock.headers, ())
    told: Any = origin.start["headers"] if origin is not None else ()
    for _, value in told:
        assert value.isascii()
        assert b"\n" not in value


@given(st.binary() | JSON.map(lambda value: json.dumps({"keys": [value]}).encode()))
def test_no_document_breaks_a_key_set(document: bytes) -> None:
    with pytest.raises(MalformedError):
        KeySet("https://issuer.example/keys").take(document, NOW)


ENTRIES = st.fixed_dictionaries(
    {"kty": st.sampled_from(["RSA", "EC", "oct", "OKP"])},
    optional={
        name: JSON | st.just("A" * 400)
        for name in ("n", "e", "x", "y", "crv", "kid", "use", "key_ops", "alg", "k")
    },
)


@given(st.lists(ENTRIES, max_size=3))
def test_no_entry_keeps_a_good_key_out(entries: list[dict[str, object]]) -> None:
    keys = KeySet("https://issuer.example/keys")
    keys.take(key_set(*entries, public(rsa_key(), "good")), NOW)
    assert keys.key("good", NOW) is not None


@given(st.binary().map(lambda data: b"-----BEGIN CERTIFICATE-----\n%b" % data))
def test_no_document_breaks_the_certificates(document: bytes) -> None:
    for whole in (document, document + b"\n-----END CERTIFICATE-----"):
        with pytest.raises(MalformedError):
            Certificates().take("https://sns.eu-west-1.amazonaws.com/a.pem", whole)
