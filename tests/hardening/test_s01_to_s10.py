"""The hardening rules of a door, by their numbers; S08 stands with what is fetched."""

import ast
import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import random
import statistics
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

import fluent_connect
from fluent_connect.ingest.buckets import Bucket
from fluent_connect.ingest.verify.api_key import ApiKey
from fluent_connect.ingest.verify.bearer import Bearer, BearerForm
from fluent_connect.ingest.verify.door import Door
from fluent_connect.ingest.verify.hmac_body import HmacBody, HmacForm
from fluent_connect.ingest.verify.scheme import Knock, Scheme
from fluent_connect.ingest.verify.sns import Sns, SnsForm
from fluent_connect.ingest.verify.standard_webhooks import StandardWebhooks
from fluent_connect.ingest.webhook import PATH, Limits
from fluent_connect.model.codec import decode_json
from fluent_connect.model.errors import MalformedError
from fluent_connect.model.outcome import Dead
from unit.ingest.signers import (
    CERTIFICATE,
    TOPIC,
    certificate,
    key_set,
    public,
    published,
    rsa_key,
    sns,
    token,
)
from unit.ingest.webhook_client import NOW, Client
from unit.listener.hearing import base, hear
from vectors.origins import post

VERIFY = Path(fluent_connect.__file__).parent / "ingest" / "verify"
_SECRETS = frozenset(
    {"key", "keys", "given", "secret", "token", "digest", "right", "pair", "entry"}
)
_MIB = 1024 * 1024


def signed(body: bytes, *, at: float = NOW, secret: bytes = b"secret") -> dict[str, str]:
    text = f"m.{int(at)}.".encode() + body
    proof = base64.b64encode(hmac.digest(secret, text, hashlib.sha256)).decode()
    stamp = str(int(at))
    return {"webhook-id": "m", "webhook-timestamp": stamp, "webhook-signature": f"v1,{proof}"}


def names(node: ast.expr) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        if isinstance(each, ast.Attribute):
            yield each.attr.lstrip("_")


@pytest.mark.parametrize("file", sorted(VERIFY.glob("*.py")), ids=lambda file: file.name)
def test_s01_no_secret_is_compared_but_in_constant_time(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq) for op in node.ops):
            sides = [node.left, *node.comparators]
            plain = any(isinstance(each, ast.Constant) for each in sides)
            compared = {name for each in sides for name in names(each)}
            assert plain or not compared & _SECRETS, f"{file.name}:{node.lineno}"


def test_s01_a_wrong_first_byte_takes_as_long_as_a_wrong_last_one() -> None:
    """Twenty thousand samples; a host that does something else meanwhile may take more turns."""
    key = "k" * 64
    scheme = ApiKey([key])
    wrong = (b"x" + key.encode()[1:], key.encode()[:-1] + b"x")
    knocks = [Knock({b"x-api-key": each}) for each in wrong]
    for _ in range(5):
        times: tuple[list[int], list[int]] = ([], [])
        for _ in range(10_000):
            for side in random.sample((0, 1), 2):
                knock = knocks[side]
                began = time.perf_counter_ns()
                scheme.passes(knock, NOW)
                times[side].append(time.perf_counter_ns() - began)
        error = sum(statistics.variance(each) / len(each) for each in times) ** 0.5
        if abs(statistics.fmean(times[0]) - statistics.fmean(times[1])) < 3 * error:
            return
    pytest.fail("the place of the wrong byte shows in the time")


async def test_s02_a_signature_is_good_for_five_minutes_and_a_repeat_has_one_effect() -> None:
    body = json.dumps(base(notificationType="ResourceCreated", version=1)).encode()
    client = Client(Door(name="default", schemes=[StandardWebhooks(["whsec_c2VjcmV0"])]))
    for age, status in ((0, 202), (300, 202), (-300, 202), (301, 401), (-301, 401)):
        assert (await client.post(body, signed(body, at=NOW - age))).status == status
    same = signed(body)
    assert [(await client.post(body, same)).status for _ in range(2)] == [202, 202]
    first, second = await hear(body), await hear(body)
    assert first.guards
    assert first.guards == second.guards


async def test_s02_while_the_clock_is_in_doubt_nobody_is_refused() -> None:
    client = Client(Door(name="default", schemes=[StandardWebhooks(["whsec_c2VjcmV0"])]))
    doubts = ["this host's clock seems to be off by 3600 s"]
    client.app._doubt = lambda: doubts[0] if doubts else ""
    answer = await client.post(b"{}", signed(b"{}", at=NOW - 3600))
    assert (answer.status, answer.headers[b"retry-after"]) == (503, b"30")
    assert b"clock" in answer.body
    assert (await client.post(b"{}", signed(b"{}"))).status == 202
    doubts.clear()
    assert (await client.post(b"{}", signed(b"{}", at=NOW - 3600))).status == 401


@pytest.mark.parametrize("scheme", ["standard-webhooks", "hmac", "api-key"])
async def test_s03_secrets_rotate_under_load_without_a_refusal(scheme: str) -> None:
    plain = base64.b64decode

    def door(*secrets: str) -> Door:
        made: Scheme = ApiKey(secrets)
        if scheme == "standard-webhooks":
            made = StandardWebhooks([f"whsec_{each}" for each in secrets])
        elif scheme == "hmac":
            made = HmacBody([plain(each).decode() for each in secrets], HmacForm())
        return Door(name="default", schemes=[made])

    old, new = "b2xk", "bmV3"
    clients = {
        "before": Client(door(old)),
        "between": Client(door(old, new)),
        "after": Client(door(new)),
    }

    async def send(client: Client, secret: str) -> int:
        proof = hmac.digest(plain(secret), b"{}", "sha256").hex()
        headers = {**signed(b"{}", secret=plain(secret)), "x-signature": proof}
        return (await client.post(b"{}", headers, key=secret)).status

    for phase, sent in (("before", [old]), ("between", [old, new]), ("after", [new])):
        answers = await asyncio.gather(
            *(send(clients[phase], sent[number % len(sent)]) for number in range(200))
        )
        assert set(answers) == {202}, phase
    assert await send(clients["after"], old) == 401


async def test_s03_issuers_and_aws_rotate_their_keys_without_a_refusal() -> None:
    known = published(public(rsa_key(), "a"), public(rsa_key(1), "b"))
    form = BearerForm(issuers=["i"], audiences=["us"], key_set="https://issuer.example/keys")
    newer = CERTIFICATE.replace("0af", "1b0")
    known.certificates.take(newer, certificate(key=rsa_key(1)))
    made: list[Scheme] = [
        Bearer(form, known.key_set(form.key_set)),
        Sns(SnsForm(topics=[TOPIC]), known),
    ]
    client = Client(Door(name="default", schemes=made))
    claims = {"iss": "i", "aud": "us", "exp": NOW + 60}
    tokens = [token(claims), token(claims, kid="b", key=rsa_key(1))]
    posted = [sns(), sns(SigningCertURL=newer, key=rsa_key(1))]
    for number in range(200):
        bearer = {"authorization": f"Bearer {tokens[number % 2]}"}
        assert (await client.post(b"{}", bearer)).status == 202
        assert (await client.post(json.dumps(posted[number % 2]).encode())).status == 202
        if number == 100:  # Fetched again, with the two keys still there.
            both = key_set(public(rsa_key(), "a"), public(rsa_key(1), "b"))
            known.key_set(form.key_set).take(both, NOW)


async def test_s04_a_gigabyte_is_refused_early_and_takes_no_memory() -> None:
    client = Client(Door(name="default", schemes=[ApiKey(["k"])]), limits=Limits())
    chunk = b"x" * 65_536
    tracemalloc.start()
    try:
        answer = await client.post([chunk] * 16_384)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status == 413
    assert answer.headers[b"connection"] == b"close"
    assert client.read * len(chunk) <= 10 * _MIB + 2 * len(chunk)
    assert peak <= 16 * _MIB
    assert not client.store.writes


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "gzip, gzip", "x", "x, gzip"])
async def test_s05_nothing_is_decompressed(coding: str) -> None:
    client = Client()
    bomb = gzip.compress(b"0" * 20_000_000)
    began = time.perf_counter()
    answer = await client.post(bomb, {"content-encoding": coding})
    assert answer.status == 415
    assert client.read == 0
    assert time.perf_counter() - began < 0.2


@pytest.mark.parametrize(
    "body",
    [
        b'{"notificationType":NaN}',
        b'{"notificationType":"Message","version":Infinity}',
        b'{"notificationType":"Message","version":' + b"9" * 5000 + b"}",
        b'{"notificationType":"Message","version":1e999}',
        b'{"notificationType":"\\ud800"}',
        b'{"notificationType":"\xff"}',
        b'{"notificationType":' + b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        '{"notificationType":"Message"}'.encode("utf-16"),
    ],
    ids=range(9),
)
async def test_s06_what_is_no_sound_json_is_stored_and_ends_dead(body: bytes) -> None:
    passed = await post(body)
    assert passed.status == 202
    assert passed.parcel is not None
    assert passed.parcel.body == body
    fate = await passed.fate()
    assert isinstance(fate, Dead)
    assert fate.reason.startswith("malformed")
    with pytest.raises(MalformedError):
        decode_json(body)


async def test_s06_a_name_that_stands_twice_has_one_meaning_everywhere() -> None:
    """The last one, to the verifier of SNS as to the listener: nobody reads what was not signed."""
    body = b'{"Type":"Notification","TopicArn":"a","Message":"no","Message":"[]","a":1,"a":2}'
    assert decode_json(body)["Message"] == "[]"
    outcome = await hear(body)
    assert outcome.fate is not None


async def test_s07_slow_senders_are_cut_off_and_others_served() -> None:
    client = Client(limits=Limits(body=0.3, store=0.3, sweep=0.05))
    slow = [asyncio.create_task(client.post([b"{", None])) for _ in range(1000)]
    await asyncio.sleep(0)
    took = []
    for _ in range(100):
        began = time.perf_counter()
        assert (await client.post()).status == 202
        took.append(time.perf_counter() - began)
    assert sorted(took)[98] < 0.5
    assert {answer.status for answer in await asyncio.gather(*slow)} == {408}


async def test_s09_unknown_paths_never_touch_the_store() -> None:
    client, chance = Client(), random.Random(9)
    for _ in range(10_000):
        path = PATH + "/" + "".join(chance.choices("abc/.%2e?#é\x00", k=chance.randrange(1, 12)))
        assert (await client.post(path=path)).status == 404
    assert not client.store.writes
    assert client.read == 0


def test_s10_a_bucket_lets_its_rate_through() -> None:
    now = [0.0]
    bucket = Bucket(10.0, lambda: now[0])
    assert [bucket.take() for _ in range(11)] == [True] * 10 + [False]
    now[0] = 0.1
    assert [bucket.take() for _ in range(2)] == [True, False]
    now[0] = 60.0
    assert sum(bucket.take() for _ in range(20)) == 10
    assert all(Bucket(0.0).take() for _ in range(1000))


async def test_s10_a_flood_without_proof_takes_nothing_from_who_has_one() -> None:
    client = Client(Door(name="default", schemes=[ApiKey(["k"])], rate=50.0))
    for _ in range(500):
        assert (await client.post(key="wrong")).status == 401
    assert (await client.post()).status == 202
    answers = [await client.post() for _ in range(200)]
    late = [each for each in answers if each.status == 429]
    assert late
    assert late[0].headers[b"retry-after"] == b"1"
    assert len(client.store.writes) == 201 - len(late)
