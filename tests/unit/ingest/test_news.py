"""Requests that come while a key is being fetched: let in once it is here, and nobody held up."""

import asyncio
import json

import pytest

from fluent_connect.ingest.news import News
from fluent_connect.ingest.verify.bearer import Bearer, BearerForm
from fluent_connect.ingest.verify.door import Door
from fluent_connect.ingest.verify.published import BeingFetchedError, KeySet, Published
from fluent_connect.ingest.verify.sns import Sns, SnsForm
from fluent_connect.ingest.webhook import Limits
from fluent_connect.model.errors import RetryableError
from unit.ingest.signers import (
    CERTIFICATE,
    NOW,
    TOPIC,
    certificate,
    key_set,
    public,
    rsa_key,
    sns,
    token,
)
from unit.ingest.webhook_client import Answer, Client

URL = "https://issuer.example/keys"
FORM = BearerForm(issuers=["i"], audiences=["us"], key_set=URL)
PATIENT = Limits(keys=30.0)


def client(known: Published, limits: Limits = PATIENT, *, news: News | None = None) -> Client:
    made = Bearer(FORM, known.key_set(URL)), Sns(SnsForm(topics=[TOPIC]), known)
    found = Client(Door(name="default", schemes=made), limits=limits)
    found.app._news = news or known.news
    return found


def bearer(kid: str = "a") -> dict[str, str]:
    claims = {"iss": "i", "aud": "us", "exp": NOW + 60}
    return {"authorization": "Bearer " + token(claims, kid=kid)}


async def waiting(client: Client, headers: dict[str, str], body: bytes) -> asyncio.Task[Answer]:
    task = asyncio.create_task(client.post(body, headers))
    while not client.app._news._waiting:
        await asyncio.sleep(0)
        assert not task.done()
    return task


async def test_a_request_waits_for_the_keys_of_its_issuer() -> None:
    known = Published()
    task = await waiting(client(known), bearer(), b"{}")
    known.key_set(URL).take(key_set(public(rsa_key(), "b")), NOW - 1)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    known.key_set(URL).take(key_set(public(rsa_key(), "a")), NOW - 1)
    assert (await task).status == 202


async def test_a_request_waits_for_the_certificate_that_signed_it() -> None:
    known = Published()
    task = await waiting(client(known), {}, json.dumps(sns()).encode())
    known.certificates.take(CERTIFICATE, certificate())
    assert (await task).status == 202


async def test_what_is_not_to_be_had_is_not_waited_for() -> None:
    known = Published()
    known.key_set(URL).rest(away=True)
    found = client(known)
    assert (await found.post(b"{}", bearer())).status == 503
    task = await waiting(found, {}, json.dumps(sns()).encode())
    known.certificates.give_up(CERTIFICATE)
    assert (await task).status == 503
    assert (await found.post(json.dumps(sns()).encode())).status == 503
    assert not found.app._news._waiting


async def test_nobody_waits_for_long_and_only_so_many_wait_at_all() -> None:
    found = client(Published(), Limits(keys=0.02))
    assert (await found.post(b"{}", bearer())).status == 503
    full = client(Published(), news=News(most=1))
    first = await waiting(full, bearer(), b"{}")
    assert (await full.post(b"{}", bearer())).status == 503
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert not full.app._news._waiting


def test_an_id_that_was_not_there_is_looked_for_again_after_a_minute() -> None:
    keys = KeySet(URL)
    keys.take(key_set(public(rsa_key(), "a")), NOW)
    with pytest.raises(BeingFetchedError):
        keys.key("b", NOW + 1)
    keys.take(key_set(public(rsa_key(), "a")), NOW + 2)
    assert keys.key("b", NOW + 3) is None
    assert keys.key("b", NOW + 61) is None
    keys.rest(away=True)
    with pytest.raises(RetryableError, match="fetched again") as raised:
        keys.key("b", NOW + 63)
    assert not isinstance(raised.value, BeingFetchedError)
    keys.take(key_set(public(rsa_key(), "b")), NOW + 64)
    assert keys.key("b", NOW + 65) is not None


def test_an_answer_that_was_asked_for_before_an_id_was_seen_says_nothing_of_it() -> None:
    keys = KeySet(URL)
    keys.take(key_set(public(rsa_key(), "a")), NOW)
    with pytest.raises(BeingFetchedError):
        keys.key("b", NOW + 1)
    keys.take(key_set(public(rsa_key(), "a")), NOW + 0.5)
    with pytest.raises(BeingFetchedError):
        keys.key("b", NOW + 2)
