import base64
import hashlib
import hmac

import pytest

from fluent_connect.ingest.verify.hmac_body import HmacBody, HmacForm
from fluent_connect.ingest.verify.query_secret import QuerySecret
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.model.errors import ConfigError

NOW = 1_614_265_330.0
BODY = b"Hello, World!"
GITHUB = HmacForm(header="X-Hub-Signature-256", prefix="sha256=")
SHOPIFY = HmacForm(header="X-Shopify-Hmac-SHA256", encoding="base64")
STAMPED = HmacForm(header="x-sig", digest="sha512", timestamp_header="X-Time")


def passes(scheme: HmacBody, headers: dict[str, bytes], body: bytes = BODY) -> bool:
    return scheme.passes(Knock({k.lower().encode(): v for k, v in headers.items()}, body), NOW)


def signature(secret: str, digest: str = "sha256", body: bytes = BODY) -> bytes:
    return hmac.digest(secret.encode(), body, digest)


def test_the_form_of_github_is_a_setting() -> None:
    scheme = HmacBody(["It's a Secret to Everybody"], GITHUB)
    right = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert passes(scheme, {"x-hub-signature-256": right})
    assert not passes(scheme, {"x-hub-signature-256": right.removeprefix(b"sha256=")})
    assert not passes(scheme, {"x-hub-signature-256": right}, BODY + b"\n")
    assert not passes(scheme, {})


def test_the_form_of_shopify_is_a_setting() -> None:
    scheme = HmacBody(["hush"], SHOPIFY)
    right = base64.b64encode(signature("hush"))
    assert passes(scheme, {"X-Shopify-Hmac-SHA256": right})
    assert not passes(scheme, {"X-Shopify-Hmac-SHA256": right.rstrip(b"=")})
    assert not passes(scheme, {"X-Shopify-Hmac-SHA256": signature("hush").hex().encode()})


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha512"])
def test_each_digest_is_its_own(digest: str) -> None:
    scheme = HmacBody(["hush"], HmacForm(digest=digest))  # type: ignore[arg-type]
    for other in ("sha1", "sha256", "sha512"):
        given = signature("hush", other).hex().encode()
        assert passes(scheme, {"x-signature": given}) == (other == digest)


def test_secrets_overlap_while_they_rotate() -> None:
    both = HmacBody(["old", "new"], HmacForm())
    for secret in ("old", "new"):
        assert passes(both, {"x-signature": signature(secret).hex().encode()})
    after = HmacBody(["new"], HmacForm())
    assert not passes(after, {"x-signature": signature("old").hex().encode()})


def test_a_timestamp_is_signed_and_of_now() -> None:
    scheme = HmacBody(["hush"], STAMPED)

    def given(stamp: bytes, signed: bytes) -> dict[str, bytes]:
        made = hmac.digest(b"hush", signed, hashlib.sha512).hex().encode()
        return {"x-time": stamp, "x-sig": made}

    for age in (-300, 0, 300):
        stamp = str(int(NOW) + age).encode()
        assert passes(scheme, given(stamp, stamp + b"." + BODY))
    for age in (-301, 301):
        stamp = str(int(NOW) + age).encode()
        assert not passes(scheme, given(stamp, stamp + b"." + BODY))
    now = str(int(NOW)).encode()
    assert not passes(scheme, given(now, BODY))
    assert not passes(scheme, given(str(int(NOW) + 1).encode(), now + b"." + BODY))
    for wrong in (b"", b"x", b"1" * 13, b"-1", "٣".encode()):
        assert not passes(scheme, given(wrong, wrong + b"." + BODY))


def test_what_is_signed_is_a_setting() -> None:
    form = HmacForm(header="x-sig", timestamp_header="x-time", signed="v0:{timestamp}:{body}")
    now = str(int(NOW)).encode()
    made = hmac.digest(b"hush", b"v0:" + now + b":" + BODY, hashlib.sha256).hex().encode()
    assert passes(HmacBody(["hush"], form), {"x-time": now, "x-sig": made})


@pytest.mark.parametrize(
    "form",
    [
        HmacForm(signed="{timestamp}"),
        HmacForm(signed="{body}{body}"),
        HmacForm(signed="{timestamp}.{body}"),
        HmacForm(timestamp_header="x-time", signed="{body}"),
        HmacForm(header=""),
    ],
)
def test_a_form_that_proves_nothing_is_a_mistake(form: HmacForm) -> None:
    with pytest.raises(ConfigError):
        HmacBody(["hush"], form)


def test_an_empty_secret_is_a_mistake() -> None:
    with pytest.raises(ConfigError):
        HmacBody(["hush", ""], HmacForm())


@pytest.mark.parametrize("given", [b"", b"\xff\xfe", b"zz", "é".encode(), b"0" * 9000])
def test_a_signature_that_is_none_is_refused_without_an_error(given: bytes) -> None:
    assert not passes(HmacBody(["hush"], HmacForm()), {"x-signature": given})
    assert not passes(HmacBody(["hush"], SHOPIFY), {"X-Shopify-Hmac-SHA256": given})


def test_a_key_in_the_query_passes_once_and_whole() -> None:
    scheme = QuerySecret(["old", "n w+é"], "code")

    def given(query: str) -> bool:
        return scheme.passes(Knock({}, b"", query.encode()), NOW)

    assert given("code=old")
    assert given("a=1&code=n%20w%2B%C3%A9")
    for wrong in ("", "code", "code=", "code=ol", "Code=old", "code=old&code=old", "code=old;a"):
        assert not given(wrong)
    assert not given("&".join(f"a{n}=1" for n in range(50)) + "&code=old")
    for keys, parameter in ((["a", ""], "code"), (["a"], "")):
        with pytest.raises(ConfigError):
            QuerySecret(keys, parameter)
