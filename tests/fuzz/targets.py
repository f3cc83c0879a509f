"""What is fuzzed: everything that reads what strangers send, and what may come of it.

A target takes bytes. It returns, or raises what its parser says that it raises; anything else is a
finding, and so is a proof that nobody gave. `head` lines (`name: value`) stand before a blank line.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from fluent_connect.app.config import placeholders
from fluent_connect.ingest import handshakes
from fluent_connect.ingest.verify.door import Secrets, schemes
from fluent_connect.ingest.verify.fluent_signature import FluentForm
from fluent_connect.ingest.verify.published import Certificates, KeySet, Published
from fluent_connect.ingest.verify.scheme import Knock, Scheme
from fluent_connect.listener import cloud_events
from fluent_connect.listener.account_mapping import Target as Account
from fluent_connect.listener.envelopes import unwrap
from fluent_connect.listener.external import REQUIRED_OF_FLUENT, ExternalDoor, take
from fluent_connect.listener.parse import parse
from fluent_connect.listener.sources import source
from fluent_connect.model import codec, yaml
from fluent_connect.model.errors import MalformedError, RetryableError, Skip, UnprocessableError
from fluent_connect.model.parcel import Parcel
from unit.ingest.signers import NOW, rsa_key
from unit.ingest.test_tampered import BODY, HONEST, Honest, Request

Target = Callable[[bytes], None]
_LONGEST = 1 << 16


def headed(data: bytes) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body that the input stands for."""
    head, _, body = data.partition(b"\n\n")
    lines = (line.partition(b":") for line in head.split(b"\n"))
    pairs = {name.strip().lower(): value.strip() for name, _, value in lines if name.strip()}
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in pairs.items()}, body


def as_input(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the input that stands for headers and a body."""
    head = "\n".join(f"{name}: {value}" for name, value in headers.items())
    return head.encode("latin-1") + b"\n\n" + body


def notification(data: bytes) -> None:
    """Parse a notification, look at all that it says, and carry it on."""
    try:
        found = parse(data)
        said = dict(found.payload)
    except MalformedError:
        return
    assert msgspec.json.decode(msgspec.json.encode(said)) == said
    try:
        codec.decode_message(data)
    except MalformedError:
        return


def envelopes(data: bytes) -> None:
    """Unwrap what carries a notification, and the parts of a batch again."""
    headers, body = headed(data)
    try:
        for part in unwrap(body, headers):
            unwrap(part, batch=False)
    except (MalformedError, Skip):
        return


def events(data: bytes) -> None:
    """Read CloudEvents in both modes."""
    headers, body = headed(data)
    reads: tuple[Callable[[], object], ...] = (
        lambda: cloud_events.structured(data),
        lambda: cloud_events.binary(headers, body),
        lambda: cloud_events.is_binary(headers),
    )
    for read in reads:
        try:
            read()
        except (MalformedError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue  # The listener, which calls them, makes malformed of all four.


def external(data: bytes) -> None:
    """Make a message of any system's request, by the SDK's fields and by pointers."""
    headers, body = headed(data)
    accounts = [Account(project_key="p", account="ACME", retailer="1")]
    froms: dict[str, Any] = {
        "name_from": source("/a/0/name"),
        "key_from": source("header:x-key"),
        "id_from": source("/id"),
        "version_from": source("/v"),
        "account_from": source("/to"),
    }
    for door in (
        ExternalDoor(name="own", targets=accounts),
        ExternalDoor(name="fluent", targets=accounts, required=REQUIRED_OF_FLUENT),
        ExternalDoor(name="by", targets=accounts, **froms),
    ):
        try:
            taken = take(door, Parcel(id="0" * 32, key="", body=body, headers=headers), NOW)
        except (MalformedError, UnprocessableError):
            continue
        assert codec.decode_message(codec.encode(taken.message)) == taken.message


def shaking(data: bytes) -> None:
    """Read the handshakes of Event Grid, CloudEvents and SNS."""
    headers, body = headed(data)
    knock = Knock(_raw(headers), body)
    handshakes.validated(knock)
    handshakes.origin_allowed(knock.headers, ())
    for honest, made in _doors("sns-2"):
        asked: list[str] = []
        try:
            handshakes.confirm(made, Knock(_raw(headers), body), NOW, asked.append)
        except RetryableError:
            continue
        assert not asked, honest


def published(data: bytes) -> None:
    """Read key sets and certificates as they come from others."""
    takers: tuple[Callable[[], object], ...] = (
        lambda: KeySet("https://issuer.example").take(data, NOW),
        lambda: Certificates().take("https://sns.example", data),
    )
    for taker in takers:
        try:
            taker()
        except MalformedError:
            continue


def configuration(data: bytes) -> None:
    """Read YAML, and replace its placeholders."""
    text = data[:_LONGEST].decode("utf-8", "replace")
    known = placeholders.from_environment({"A": "a", "B_C": "${A}"}, {"s/t#m": ("x", "file")})
    for leaf in (yaml.Leaf(text, yaml.Place("x")), *_leaves(yaml.read(text, "x").root)):
        placeholders.names(leaf.text or "")
        try:
            placeholders.resolve(leaf, known)
        except placeholders.PlaceholderError:
            continue


def _leaves(node: yaml.Node | None) -> Iterator[yaml.Leaf]:
    match node:
        case yaml.Table():
            for each in node.entries.values():
                yield from _leaves(each)
        case yaml.Listing():
            for each in node.items:
                yield from _leaves(each)
        case yaml.Leaf():
            yield node


def _fluent() -> Honest:
    """Return a webhook of Fluent's, signed."""
    key = rsa_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    signature = key.sign(BODY, padding.PKCS1v15(), hashes.SHA512())
    headers = {"fluent-signature": base64.b64encode(signature).decode()}
    given = Secrets(fluent=FluentForm(keys=[pem]))
    return Honest("fluent", given, Request(headers), ("fluent-signature", "body"), Published())


_HONEST: Mapping[str, Callable[[], Honest]] = {**HONEST, "fluent": _fluent}


@cache
def _door(name: str) -> tuple[Honest, tuple[Scheme, ...]]:
    honest = _HONEST[name]()
    return honest, tuple(schemes([honest.scheme], honest.given, honest.known))


def _doors(*names: str) -> Iterator[tuple[Honest, tuple[Scheme, ...]]]:
    return (_door(name) for name in names)


def knocking(*names: str) -> Target:
    """Return the target that knocks at doors: nobody passes but who shows the honest proof."""

    def target(data: bytes) -> None:
        headers, body = headed(data)
        query = headers.pop("query", "").encode("latin-1")
        knock = Knock(_raw(headers), body, query)
        for honest, made in _doors(*names):
            for scheme in made:
                try:
                    passed = scheme.passes(knock, NOW)
                except RetryableError:
                    continue
                assert not passed or _same(honest, headers, knock), honest.scheme

    return target


def _same(honest: Honest, headers: Mapping[str, str], knock: Knock) -> bool:
    """Say whether what proves the sender is what the honest one has sent."""
    for place in honest.proven:
        if place == "query":
            return honest.request.query.rpartition("=")[2] in knock.query.decode("latin-1")
        if place != "body":
            right, given = honest.request.headers[place], headers.get(place, "")
            if right.rpartition(" ")[2] not in given.split():
                return False
        elif honest.scheme == "sns":
            return bool(_signed(knock.body) == _signed(honest.request.body))
        elif knock.body != honest.request.body:
            return False
    return True


def _signed(body: bytes) -> Any:
    said = msgspec.json.decode(body)
    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    return {name: said.get(name) for name in names}


def _raw(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    return {name.encode("latin-1"): value.encode("latin-1") for name, value in headers.items()}


class Fuzzed(NamedTuple):
    """A target, and the kinds of door whose honest request it begins with."""

    run: Target
    doors: tuple[str, ...] = ()

    def seeds(self) -> Iterator[bytes]:
        """Yield an honest request for each door: keys are made anew in each run."""
        for honest, _ in _doors(*self.doors):
            request = honest.request
            query = {"query": request.query} if request.query else {}
            yield as_input({**request.headers, **query}, request.body)


def _at(*doors: str) -> Fuzzed:
    return Fuzzed(knocking(*doors), doors)


TARGETS: Mapping[str, Fuzzed] = {
    "notification": Fuzzed(notification),
    "envelopes": Fuzzed(envelopes),
    "cloud-events": Fuzzed(events),
    "external": Fuzzed(external),
    "handshakes": Fuzzed(shaking, ("sns-2",)),
    "published": Fuzzed(published),
    "configuration": Fuzzed(configuration),
    "keys": _at("api-key", "basic", "query-key"),
    "signatures": _at("standard-webhooks", "github", "shopify", "stamped", "fluent"),
    "tokens": _at("oidc", "google-pubsub", "entra"),
    "sns": _at("sns-1", "sns-2"),
}
