import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from fluent_connect.ingest.verify.bearer import Bearer, BearerForm, Claim
from fluent_connect.ingest.verify.door import Secrets, schemes
from fluent_connect.ingest.verify.entra import EntraForm, entra
from fluent_connect.ingest.verify.published import KeySet, Published
from fluent_connect.ingest.verify.pubsub import PubSub, PubSubForm
from fluent_connect.ingest.verify.scheme import Knock, Scheme
from fluent_connect.model.errors import ConfigError, MalformedError, RetryableError
from unit.ingest.signers import NOW, ec_key, key_set, public, published, rsa_key, token, unsigned

URL = "https://issuer.example/keys"
FORM = BearerForm(issuers=["https://issuer.example"], audiences=["us", "we"], key_set=URL)
CLAIMS = {"iss": "https://issuer.example", "aud": "us", "exp": NOW + 60, "iat": NOW - 60}
GOOGLE: dict[str, Any] = {
    "iss": "https://accounts.google.com",
    "aud": "https://connect.example.com/door",
    "exp": NOW + 3600,
    "iat": NOW,
    "email": "push@shop.iam.gserviceaccount.com",
    "email_verified": True,
}
PUSH = PubSubForm(audiences=[GOOGLE["aud"]], service_accounts=[GOOGLE["email"]])


def knock(given: str, body: bytes = b"") -> Knock:
    return Knock({b"authorization": f"Bearer {given}".encode()}, body)


def bearer(form: BearerForm = FORM, known: Published | None = None) -> Bearer:
    return Bearer(form, (known or published()).key_set(URL))


def passes(claims: Mapping[str, Any], scheme: Scheme | None = None, **how: Any) -> bool:
    return (scheme or bearer()).passes(knock(token(claims, **how)), NOW)


def test_a_token_of_the_issuer_for_us_and_of_now_passes() -> None:
    assert passes(CLAIMS)
    assert passes({**CLAIMS, "aud": ["them", "we"]})
    given = token(CLAIMS)
    assert bearer().passes(Knock({}, b"", f"access_token={given}".encode()), NOW)
    assert not bearer().passes(
        Knock({}, b"", f"access_token={given}&access_token={given}".encode()), NOW
    )
    assert not bearer().passes(Knock({}), NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://issuer.example/"},
        {"iss": None},
        {"aud": "them"},
        {"aud": []},
        {"aud": None},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": True},
        {"nbf": NOW + 61},
        {"iat": NOW + 61},
    ],
)
def test_issuer_audience_and_time_are_exact(change: Mapping[str, Any]) -> None:
    assert not passes({**CLAIMS, **change})


def test_clocks_may_differ_by_the_leeway() -> None:
    assert passes({**CLAIMS, "exp": NOW - 59, "nbf": NOW + 59, "iat": NOW + 59})


def test_only_algorithms_that_are_allowed_pass() -> None:
    assert not passes(CLAIMS, alg="RS512")
    assert not passes(CLAIMS, alg="PS256")
    known = published(public(rsa_key(), "a"), public(ec_key(), "e"))
    form = BearerForm(
        issuers=FORM.issuers, audiences=["us"], key_set=URL, algorithms=["ES256", "PS256"]
    )
    curve = bearer(form, known)
    assert passes(CLAIMS, curve, alg="ES256", kid="e", key=ec_key())
    assert passes(CLAIMS, curve, alg="PS256")
    assert not passes(CLAIMS, curve)


@pytest.mark.parametrize("algorithms", [[], ["none"], ["HS256"], ["RS256", "HS512"]])
def test_neither_none_nor_a_shared_secret_can_be_configured(algorithms: list[str]) -> None:
    form = BearerForm(issuers=["i"], audiences=["a"], key_set=URL, algorithms=algorithms)
    with pytest.raises(ConfigError, match="algorithm"):
        Bearer(form, KeySet(URL))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256", "", "RS256 ", "rs256"])
def test_a_token_without_signature_or_with_the_public_key_as_secret_is_refused(alg: str) -> None:
    pem = (
        rsa_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    header = {"alg": alg, "kid": "a"}
    text = unsigned(header, CLAIMS).rpartition(".")[0]
    forged = unsigned(header, CLAIMS, hmac.digest(pem, text.encode(), hashlib.sha256))
    for given in (forged, unsigned(header, CLAIMS), f"{text}."):
        assert not bearer().passes(knock(given), NOW)


@pytest.mark.parametrize(
    "more", [{"crit": ["exp"]}, {"b64": False}, {"kid": 1}, {"alg": ["RS256"]}]
)
def test_a_header_that_asks_for_more_is_refused(more: Mapping[str, Any]) -> None:
    header = {"alg": "RS256", "kid": "a", **more}
    assert not bearer().passes(knock(unsigned(header, CLAIMS, b"x")), NOW)


def test_only_one_spelling_of_a_token_passes() -> None:
    head, payload, signature = token(CLAIMS).split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = signature[:-1] + last[last.index(signature[-1]) ^ 1]
    for wrong in (
        f"{head}.{payload}.{other}",
        f"{head}.{payload}.{signature}=",
        f"{head}.{payload}. {signature}",
        f"{head}.{payload}",
        f"{head}.{payload}.{signature}.",
        f"{head}=.{payload}.{signature}",
        "x" * 20_000,
        "..",
        "",
    ):
        assert not bearer().passes(knock(wrong), NOW)


def test_a_key_set_that_was_never_fetched_is_no_refusal() -> None:
    known = Published()
    asked: list[int] = []
    known.key_set(URL).wake = lambda: asked.append(1)
    with pytest.raises(RetryableError, match="could not be fetched") as raised:
        passes(CLAIMS, bearer(known=known))
    assert raised.value.retry_after == 30.0
    assert asked == [1]
    assert not passes({**CLAIMS, "aud": "them"}, bearer(known=known))


def test_keys_that_cannot_be_fetched_any_more_are_trusted_for_a_day() -> None:
    scheme = bearer(known=published(now=NOW - 86_399))
    assert passes(CLAIMS, scheme)
    with pytest.raises(RetryableError):
        passes(CLAIMS, bearer(known=published(now=NOW - 86_401)))


def test_a_new_key_is_asked_for_and_an_unknown_one_refused_afterwards() -> None:
    known = published(now=NOW - 10)
    scheme = bearer(known=known)
    with pytest.raises(RetryableError, match="fetched again"):
        passes(CLAIMS, scheme, kid="b", key=rsa_key(1))
    known.key_set(URL).take(key_set(public(rsa_key(1), "b")), NOW)
    assert passes(CLAIMS, scheme, kid="b", key=rsa_key(1))
    with pytest.raises(RetryableError):
        passes(CLAIMS, scheme, kid="c")
    known.key_set(URL).take(key_set(public(rsa_key(1), "b")), NOW + 60)
    assert not passes(CLAIMS, scheme, kid="c")


def test_a_key_that_was_withdrawn_is_trusted_no_more() -> None:
    known = published(now=NOW - 10)
    scheme = bearer(known=known)
    assert passes(CLAIMS, scheme)
    known.key_set(URL).take(key_set(public(rsa_key(1), "b")), NOW - 1)
    with pytest.raises(RetryableError):
        passes(CLAIMS, scheme)
    known.key_set(URL).take(key_set(public(rsa_key(1), "b")), NOW + 1)
    assert not passes(CLAIMS, scheme)


def test_strange_ids_cannot_fill_the_memory() -> None:
    known = published()
    for number in range(1000):
        with pytest.raises(RetryableError):
            known.key_set(URL).key(f"k{number}", NOW)
    assert len(known.key_set(URL)._asked) <= 257


def test_a_token_without_key_id_needs_an_issuer_with_one_key() -> None:
    given = token(CLAIMS, kid="")
    assert bearer().passes(knock(given), NOW)
    two = published(public(rsa_key(), "a"), public(rsa_key(1), "b"))
    assert not bearer(known=two).passes(knock(given), NOW)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'{"keys":1}',
        b'{"keys":[]}',
        b'{"keys":[1]}',
        b'{"keys":[{"kty":"RSA"}]}',
        b'{"keys":[{"kty":"RSA","n":1,"e":2}]}',
        b'{"keys":[{"kty":"RSA","n":"","e":""}]}',
        b'{"keys":[{"kty":"EC","crv":"P-999","x":"AA","y":"AA"}]}',
        b'{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}',
        b'{"keys":[{"kty":"oct","k":"AAAA","kid":"a"}]}',
        b'{"keys":[{"kty":["RSA"]}]}',
        b"\xff",
        b"[" * 50_000,
    ],
)
def test_what_is_no_key_set_leaves_the_old_one_in_place(document: bytes) -> None:
    known = published()
    with pytest.raises(MalformedError):
        known.key_set(URL).take(document, NOW + 1)
    assert passes(CLAIMS, bearer(known=known))


def test_short_private_secret_and_encryption_keys_are_passed_over() -> None:
    keys = KeySet(URL)
    private = {**public(rsa_key(), "p"), "d": "AA"}
    short = {**public(rsa_key(), "s"), "n": public(rsa_key(), "s")["n"][:171]}
    secret = {"kty": "oct", "k": "AAAA", "kid": "o"}
    sealed = public(rsa_key(), "x", use="enc")
    keys.take(key_set(private, short, secret, sealed, public(rsa_key(), "a")), NOW)
    assert list(keys._keys) == ["a"]


def test_claims_may_be_a_text_a_list_or_a_flag() -> None:
    claims = [
        Claim(("azp", "appid"), frozenset({"grid"})),
        Claim(("roles",), frozenset({"sends"})),
        Claim(("scp",), frozenset({"write"})),
    ]
    scheme = bearer(BearerForm(issuers=FORM.issuers, audiences=["us"], key_set=URL, claims=claims))
    right = {**CLAIMS, "appid": "grid", "roles": ["reads", "sends"], "scp": "read write"}
    assert passes(right, scheme)
    for name, wrong in (
        ("appid", "grid2"),
        ("appid", None),
        ("appid", {"grid": 1}),
        ("roles", ["reads"]),
        ("roles", "reads sends"),
        ("scp", "writes"),
    ):
        assert not passes({**right, name: wrong}, scheme)
    for empty in (
        Claim((), frozenset({"a"})),
        Claim(("a",), frozenset()),
        Claim(("a",), frozenset({""})),
    ):
        with pytest.raises(ConfigError):
            bearer(BearerForm(issuers=["i"], audiences=["a"], key_set=URL, claims=[empty]))


@pytest.mark.parametrize(("issuers", "audiences"), [([], ["a"]), (["i"], []), ([""], ["a"])])
def test_a_token_without_issuer_or_audience_would_prove_nothing(
    issuers: list[str], audiences: list[str]
) -> None:
    with pytest.raises(ConfigError):
        bearer(BearerForm(issuers=issuers, audiences=audiences, key_set=URL))


def test_pubsub_passes_for_its_verified_service_account() -> None:
    scheme = PubSub(PUSH, published())
    assert not scheme.needs_body
    assert passes(GOOGLE, scheme)
    assert passes({**GOOGLE, "iss": "accounts.google.com"}, scheme)
    for change in (
        {"email": "other@shop.iam.gserviceaccount.com"},
        {"email": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "yes"},
        {"aud": "https://elsewhere.example"},
        {"iss": "https://accounts.google.com.evil.example"},
    ):
        assert not passes({**GOOGLE, **change}, scheme)
    with pytest.raises(ConfigError, match="service account"):
        PubSub(PubSubForm(audiences=["a"]), published())


def test_pubsub_may_be_held_to_its_subscriptions() -> None:
    form = PubSubForm(
        audiences=PUSH.audiences, service_accounts=PUSH.service_accounts, subscriptions=["p/s"]
    )
    scheme = PubSub(form, published())
    assert scheme.needs_body
    for body, right in (
        ({"subscription": "p/s"}, True),
        ({"subscription": "p/t"}, False),
        ({}, False),
    ):
        given = knock(token(GOOGLE), json.dumps(body).encode())
        assert scheme.passes(given, NOW) == right
    assert not scheme.passes(knock(token(GOOGLE), b"\xff"), NOW)
    assert not scheme.passes(knock("x", b'{"subscription":"p/s"}'), NOW)


def test_entra_passes_for_the_role_of_the_tenant() -> None:
    form = EntraForm(tenant="t-1", audiences=["api://us"], apps=["grid"])
    known = Published()
    scheme = entra(form, known)
    (url,) = known.key_sets
    assert url == "https://login.microsoftonline.com/t-1/discovery/v2.0/keys"
    known.key_set(url).take(key_set(public(rsa_key(), "a")), NOW)
    new = {
        "iss": "https://login.microsoftonline.com/t-1/v2.0",
        "aud": "api://us",
        "exp": NOW + 60,
        "tid": "t-1",
        "azp": "grid",
        "roles": ["AzureEventGridSecureWebhookSubscriber"],
    }
    old = {**new, "iss": "https://sts.windows.net/t-1/", "azp": None, "appid": "grid"}
    assert passes(new, scheme)
    assert passes(old, scheme)
    changes: tuple[dict[str, object], ...] = (
        {"roles": []},
        {"azp": "other"},
        {"tid": "t-2"},
        {"iss": "https://sts.windows.net/t-2/"},
    )
    for change in changes:
        assert not passes({**new, **change}, scheme)
    for wrong in (EntraForm(audiences=["a"]), EntraForm(tenant="t", audiences=["a"], roles=())):
        with pytest.raises(ConfigError):
            entra(wrong, Published())


def test_doors_share_the_keys_of_an_issuer() -> None:
    known = Published()
    given = Secrets(bearer=FORM, pubsub=PUSH, entra=EntraForm(tenant="t", audiences=["a"]))
    for _ in range(2):
        assert len(schemes(["oidc", "google-pubsub", "entra"], given, known)) == 3
    assert len(known.key_sets) == 3
    assert schemes(["oidc", "google-pubsub", "entra", "sns"], Secrets()) == ()
