"""Sixty variants of an honest request at a door of each scheme: none is let in."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from fluent_connect.ingest.verify.bearer import BearerForm
from fluent_connect.ingest.verify.door import Door, Secrets, schemes
from fluent_connect.ingest.verify.entra import EntraForm
from fluent_connect.ingest.verify.hmac_body import HmacForm
from fluent_connect.ingest.verify.published import Published
from fluent_connect.ingest.verify.pubsub import PubSubForm
from fluent_connect.ingest.verify.sns import SnsForm
from unit.ingest.signers import NOW, TOPIC, key_set, public, published, rsa_key, sns, token
from unit.ingest.webhook_client import Client

WANTED = 60
BODY = b'{"notificationType":"Message","id":"m-1"}'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STAMP = str(int(NOW))


class Request(NamedTuple):
    """What is sent to a door."""

    headers: Mapping[str, str]
    body: bytes = BODY
    query: str = ""


class Honest(NamedTuple):
    """An honest request, the door it is for, and what of it is proven."""

    scheme: str
    given: Secrets
    request: Request
    proven: tuple[str, ...]
    """Names of headers (of which the last word counts), `body`, `query`."""
    known: Published


def standard() -> Honest:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    proof = hmac.digest(key, f"msg_1.{STAMP}.".encode() + BODY, hashlib.sha256)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": STAMP,
        "webhook-signature": "v1," + base64.b64encode(proof).decode(),
    }
    return Honest(
        "standard-webhooks",
        Secrets(secrets=[SECRET]),
        Request(headers),
        (*headers, "body"),
        Published(),
    )


def hmac_of(form: HmacForm) -> Honest:
    signed = STAMP.encode() + b"." + BODY if form.timestamp_header else BODY
    proof = hmac.digest(b"hush", signed, form.digest)
    text = proof.hex() if form.encoding == "hex" else base64.b64encode(proof).decode()
    headers = {form.header: form.prefix + text}
    if form.timestamp_header:
        headers[form.timestamp_header] = STAMP
    given = Secrets(secrets=["other", "hush"], hmac=form)
    return Honest("hmac", given, Request(headers), (*headers, "body"), Published())


def api_key() -> Honest:
    request = Request({"x-api-key": "a-long-and-random-key"})
    return Honest(
        "api-key", Secrets(keys=["a-long-and-random-key"]), request, ("x-api-key",), Published()
    )


def query_key() -> Honest:
    request = Request({}, query="key=a-long-and-random-key")
    return Honest(
        "query-key", Secrets(keys=["a-long-and-random-key"]), request, ("query",), Published()
    )


def basic() -> Honest:
    proof = base64.b64encode(b"gateway:a-long-and-random-word").decode()
    given = Secrets(users={"gateway": "a-long-and-random-word"})
    request = Request({"authorization": f"Basic {proof}"})
    return Honest("basic", given, request, ("authorization",), Published())


_CLAIMS = {"aud": "us", "exp": NOW + 60, "iat": NOW}


def oidc() -> Honest:
    form = BearerForm(
        issuers=["https://i"], audiences=["us"], key_set="https://issuer.example/keys"
    )
    headers = {"authorization": "Bearer " + token({**_CLAIMS, "iss": "https://i"})}
    return Honest("oidc", Secrets(bearer=form), Request(headers), ("authorization",), published())


def google() -> Honest:
    form = PubSubForm(audiences=["us"], service_accounts=["push@x"])
    more = {"iss": "https://accounts.google.com", "email": "push@x", "email_verified": True}
    headers = {"authorization": "Bearer " + token({**_CLAIMS, **more})}
    return Honest(
        "google-pubsub", Secrets(pubsub=form), Request(headers), ("authorization",), published()
    )


def entra() -> Honest:
    known = Published()
    url = "https://login.microsoftonline.com/t/discovery/v2.0/keys"
    known.key_set(url).take(key_set(public(rsa_key(), "a")), NOW)
    more = {"iss": "https://sts.windows.net/t/", "tid": "t"}
    claims = {**_CLAIMS, **more, "roles": ["AzureEventGridSecureWebhookSubscriber"]}
    given = Secrets(entra=EntraForm(tenant="t", audiences=["us"]))
    headers = {"authorization": "Bearer " + token(claims)}
    return Honest("entra", given, Request(headers), ("authorization",), known)


def sns_of(version: str) -> Honest:
    form = SnsForm(topics=[TOPIC], versions=[version])
    body = json.dumps(sns(version=version, Subject="s")).encode()
    return Honest("sns", Secrets(sns=form), Request({}, body), ("body",), published())


HONEST: Mapping[str, Callable[[], Honest]] = {
    "standard-webhooks": standard,
    "github": lambda: hmac_of(HmacForm(header="x-hub-signature-256", prefix="sha256=")),
    "shopify": lambda: hmac_of(HmacForm(header="x-shopify-hmac-sha256", encoding="base64")),
    "stamped": lambda: hmac_of(HmacForm(header="x-sig", digest="sha512", timestamp_header="x-at")),
    "api-key": api_key,
    "query-key": query_key,
    "basic": basic,
    "oidc": oidc,
    "google-pubsub": google,
    "entra": entra,
    "sns-1": lambda: sns_of("1"),
    "sns-2": lambda: sns_of("2"),
}


def tampered(honest: Honest, chance: random.Random) -> Iterator[Request]:
    """Yield variants without end: each differs in something that is proven."""
    request = honest.request
    for place in honest.proven:
        if place in request.headers:
            without = {name: value for name, value in request.headers.items() if name != place}
            yield request._replace(headers=without)
    while True:
        place = chance.choice(honest.proven)
        if place == "body":
            yield request._replace(body=_spoilt(request.body, chance, honest.scheme))
        elif place == "query":
            yield request._replace(query=_mutated(request.query, chance))
        else:
            value = request.headers[place]
            kept, space, proof = value.rpartition(" ")
            spoilt = kept + space + _mutated(proof, chance)
            yield request._replace(headers={**request.headers, place: spoilt})


def _mutated(text: str, chance: random.Random) -> str:
    """Return another text: a character changed, left out, doubled, or two swapped; or cut."""
    at = chance.randrange(len(text))
    letter = chance.choice([each for each in "abzAZ019+/=-_.~" if each != text[at]])
    made = chance.choice(
        [
            text[:at] + letter + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[: at + 1] + letter + text[at + 1 :],
            text[:at],
            text[:at] + text[at].swapcase() + text[at + 1 :],
        ]
    )
    return made if made != text else text + "x"


def _spoilt(body: bytes, chance: random.Random, scheme: str) -> bytes:
    if scheme != "sns":
        return _mutated(body.decode(), chance).encode()
    message: dict[str, Any] = json.loads(body)
    name = chance.choice(sorted(message))
    return json.dumps({**message, name: _mutated(message[name], chance)}).encode()


@pytest.mark.parametrize("name", HONEST)
async def test_no_tampered_request_is_let_in(name: str) -> None:
    honest = HONEST[name]()
    made = schemes([honest.scheme], honest.given, honest.known)
    client = Client(Door(name="default", schemes=made))

    async def send(request: Request) -> int:
        answer = await client.post(request.body, request.headers, query=request.query, key="none")
        return answer.status

    assert await send(honest.request) == 202
    client.store.writes.clear()
    seen = {repr(honest.request)}
    for variant in tampered(honest, random.Random(name)):
        if repr(variant) in seen:
            continue
        seen.add(repr(variant))
        assert await send(variant) in {401, 503}, variant
        if len(seen) > WANTED:
            break
    assert len(seen) == WANTED + 1
    assert not client.store.writes
    assert await send(honest.request) == 202
