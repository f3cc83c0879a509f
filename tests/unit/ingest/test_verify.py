import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest

from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.basic import Basic
from fluent_connect.ingest.verify.door import Secrets, schemes
from fluent_connect.ingest.verify.open import Open
from fluent_connect.ingest.verify.scheme import Knock
from fluent_connect.ingest.verify.standard_webhooks import StandardWebhooks
from fluent_connect.model.errors import ConfigError

NOW = 1_614_265_330.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def passes(headers: dict[str, str], body: bytes, *secrets: str, now: float = NOW) -> bool:
    raw = {name.lower().encode(): value.encode() for name, value in headers.items()}
    return StandardWebhooks(secrets or (SECRET,)).passes(Knock(raw, body), now)


def signed(id_: str = "m", timestamp: str = "1614265330", body: bytes = b"x") -> dict[str, str]:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    text = f"{id_}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    return {
        "webhook-id": id_,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def test_all_public_cases_of_standard_webhooks_end_as_expected(shared: Path) -> None:
    path = shared / "vectors" / "standard-webhooks" / "cases.json"
    vectors = json.loads(path.read_bytes())
    ran = 0
    for case in vectors["verify_cases"]:
        if not case["enforce_timestamp"]:
            continue
        valid = passes(case["headers"], case["body"].encode(), case["secret"], now=case["now"])
        assert valid == (case["expected"] == "valid"), case["id"]
        ran += 1
    assert ran >= 30
    for case in vectors["secret_cases"]:
        with pytest.raises(ConfigError):
            StandardWebhooks([case["secret"] or ""])


def test_the_primitive_agrees_with_wycheproof(shared: Path) -> None:
    path = shared / "vectors" / "hmac-rsa" / "hmac_sha256_test.json"
    vectors = json.loads(path.read_bytes())
    for group in vectors["testGroups"]:
        for test in group["tests"]:
            key, message = bytes.fromhex(test["key"]), bytes.fromhex(test["msg"])
            tag = hmac.digest(key, message, hashlib.sha256)[: group["tagSize"] // 8]
            same = hmac.compare_digest(tag, bytes.fromhex(test["tag"]))
            assert same == (test["result"] == "valid"), test["tcId"]


def test_secrets_rotate_without_a_gap() -> None:
    assert passes(signed(), b"x", "whsec_b2xk", SECRET)
    assert not passes(signed(), b"x", "whsec_b2xk")
    two = signed()
    two["webhook-signature"] = "v1,AAAA v1a,BBBB  " + two["webhook-signature"]
    assert passes(two, b"x")


def test_five_minutes_are_tolerated_both_ways_and_no_more() -> None:
    assert passes(signed(), b"x", now=NOW + 300)
    assert passes(signed(), b"x", now=NOW - 300)
    assert not passes(signed(), b"x", now=NOW + 301)
    assert not passes(signed(), b"x", now=NOW - 301)


@pytest.mark.parametrize("timestamp", ["", "1614265330.0", "-1", "٣", "9" * 400, " 1614265330"])
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    assert not passes(signed(timestamp=timestamp), b"x")


@pytest.mark.parametrize("signature", ["", ",", "v1", "v1,", "v1,a,b", "v1,é", "v2,AAAA"])
def test_malformed_entries_are_refused_without_an_error(signature: str) -> None:
    assert not passes({**signed(), "webhook-signature": signature}, b"x")


def test_an_id_with_a_dot_is_refused() -> None:
    assert not passes(signed(id_="m.1"), b"x")


def test_a_secret_may_be_unpadded_or_plain_text() -> None:
    key = base64.b64encode(b"1234567").decode()
    assert StandardWebhooks([f"whsec_{key}"])._keys == (b"1234567",)
    assert StandardWebhooks([f"whsec_{key.rstrip('=')}"])._keys == (b"1234567",)
    assert StandardWebhooks(["no base64!"])._keys == (b"no base64!",)
    with pytest.raises(ConfigError):
        StandardWebhooks(["whsec_no base64!"])


def test_each_of_several_keys_passes() -> None:
    keys = ApiKey(["a", "ü"], "X-Key")
    assert keys.passes(Knock({b"x-key": "ü".encode()}), NOW)
    assert keys.passes(Knock({b"x-key": b"a"}), NOW)
    assert not keys.passes(Knock({b"x-key": b""}), NOW)
    assert not keys.passes(Knock({}), NOW)
    with pytest.raises(ConfigError):
        ApiKey(["a", ""])


def test_basic_takes_the_password_of_any_user() -> None:
    basic = Basic({"a": "b:c", "d": "e"})

    def given(text: bytes) -> bool:
        return basic.passes(Knock({b"authorization": text}), NOW)

    assert given(b"Basic " + base64.b64encode(b"a:b:c"))
    assert given(b"basic  " + base64.b64encode(b"d:e"))
    for wrong in (b"", b"Bearer x", b"Basic", b"Basic !", b"Basic " + base64.b64encode(b"a")):
        assert not given(wrong)
    with pytest.raises(ConfigError):
        Basic({"a": ""})
    with pytest.raises(ConfigError):
        Basic({"a:b": "c"})


def test_a_door_gets_the_schemes_that_have_a_secret() -> None:
    assert schemes(["api-key", "basic", "standard-webhooks"], Secrets()) == ()
    given = Secrets(secrets=["s"], users={"a": "b"})
    made = schemes(["api-key", "basic", "standard-webhooks", "none"], given)
    assert [type(one) for one in made] == [ApiKey, Basic, StandardWebhooks, Open]
    assert made[-1].passes(Knock({}), NOW)
    with pytest.raises(ConfigError, match="not known"):
        schemes(["magic"], given)
