"""Honest senders at every kind of door of a running connector, and how they prove themselves."""

import asyncio
import base64
import hashlib
import hmac
import itertools
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from e2e.harness import Client, told
from fluent_connect.ingest.webhook import FLUENT_PATH, PATH
from unit.ingest.signers import public, rsa_key, token

ISSUER = "https://issuer.example"
Proof = Callable[[str, bytes], Mapping[str, str]]


def _standard(secret: str, body: bytes) -> Mapping[str, str]:
    stamp = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    proof = hmac.digest(key, b"m." + stamp.encode() + b"." + body, hashlib.sha256)
    signature = "v1," + base64.b64encode(proof).decode()
    return {"webhook-id": "m", "webhook-timestamp": stamp, "webhook-signature": signature}


def _hmac(secret: str, body: bytes) -> Mapping[str, str]:
    return {"x-signature": hmac.digest(secret.encode(), body, "sha256").hex()}


def _basic(secret: str, body: bytes) -> Mapping[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"gateway:{secret}".encode()).decode()}


def _fluent(secret: str, body: bytes) -> Mapping[str, str]:
    """Sign with the key whose public half the secret is."""
    [key] = [rsa_key(n) for n in range(8) if public_pem(n) == secret]
    signature = key.sign(body, padding.PKCS1v15(), hashes.SHA512())
    return {"fluent-signature": base64.b64encode(signature).decode()}


def bearer(kid: str, body: bytes) -> Mapping[str, str]:
    now = time.time()
    claims = {"iss": ISSUER, "aud": "us", "iat": now, "exp": now + 60}
    return {"authorization": "Bearer " + token(claims, kid=kid, key=rsa_key(ord(kid[0]) % 8))}


def public_pem(number: int) -> str:
    """Return the public half of a key, as Fluent publishes it: bare base64."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = rsa_key(number).public_key().public_bytes(serialization.Encoding.DER, form)
    return base64.b64encode(der).decode()


def published(*kids: str) -> bytes:
    """Return the key set of an issuer that signs with these."""
    keys = [public(rsa_key(ord(kid[0]) % 8), kid) for kid in kids]
    return msgspec.json.encode({"keys": keys})


class Kind(NamedTuple):
    """A kind of secret: the door that asks for it, and how it proves the sender."""

    door: Mapping[str, Any]
    proof: Proof
    old: str
    new: str
    path: str = ""


def kinds(issuer: str) -> Mapping[str, Kind]:
    """Return all kinds of door whose proof is something that is rotated."""
    old, new = "old-and-long-enough", "new-and-long-enough"
    swh = [f"whsec_{base64.b64encode(each.encode() * 2).decode()}" for each in (old, new)]
    oidc = {"issuer": ISSUER, "audience": "us", "jwks-url": issuer, "private-address": True}
    return {
        "api": Kind(
            {"scheme": "api-key", "keys": ["${api}"]}, lambda s, _: {"x-api-key": s}, old, new
        ),
        "basic": Kind({"scheme": "basic", "users": {"gateway": "${basic}"}}, _basic, old, new),
        "hmac": Kind({"scheme": "hmac", "secrets": ["${hmac}"]}, _hmac, old, new),
        "standard": Kind({"secrets": ["${standard}"]}, _standard, *swh),
        "query": Kind({"scheme": "query-key", "keys": ["${query}"]}, lambda *_: {}, old, new),
        "fluent": Kind(
            {"kind": "external", "scheme": "fluent", "fluent": {"public-keys": ["${fluent}"]}},
            _fluent,
            public_pem(0),
            public_pem(1),
            FLUENT_PATH,
        ),
        "mesh": Kind({"scheme": "oidc", "oidc": oidc}, bearer, "a", "b"),
    }


class Senders:
    """One honest sender a kind, at a fixed rate each, from `start` to `stop`.

    current: what each proves itself by now. answers: how often each kind had each status.
    """

    def __init__(self, connector: Client, kinds: Mapping[str, Kind], rate: float) -> None:
        self._connector = connector
        self._kinds = kinds
        self._pause = 1 / rate
        self._numbers = itertools.count()
        self._tasks: Sequence[asyncio.Task[None]] = ()
        self.current = {name: kind.old for name, kind in kinds.items()}
        self.answers: dict[str, Counter[int]] = {name: Counter() for name in kinds}

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._send(name)) for name in self._kinds]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def more(self, count: int = 20) -> None:
        """Return once each has been answered so many times more."""
        goal = {name: sum(seen.values()) + count for name, seen in self.answers.items()}
        async with asyncio.timeout(60):
            while any(sum(self.answers[name].values()) < least for name, least in goal.items()):
                await asyncio.sleep(0.02)
                for task in self._tasks:
                    if task.done():
                        task.result()

    async def once(self, name: str, secret: str) -> int:
        """Send one request by this secret; return the status."""
        kind, number = self._kinds[name], next(self._numbers)
        body = msgspec.json.encode(told("CategorySlugChanged", "category", f"c-{number}"))
        path = kind.path or f"{PATH}/{name}" + (f"?key={secret}" if name == "query" else "")
        headers = {"content-type": "application/json", **kind.proof(secret, body)}
        session, url = self._connector.session, self._connector.url + path
        async with session.post(url, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def _send(self, name: str) -> None:
        while True:
            try:
                status = await self.once(name, self.current[name])
            except aiohttp.ClientError:
                status = 0
            self.answers[name][status] += 1
            await asyncio.sleep(self._pause)

    @property
    def refused(self) -> Mapping[str, Mapping[int, int]]:
        """Return which kinds had any other answer than that it was taken."""
        return {n: dict(seen) for n, seen in self.answers.items() if seen.keys() - {200, 202}}
