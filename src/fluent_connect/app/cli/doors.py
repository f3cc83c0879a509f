"""`door test NAME`: a really signed sample through the running service, and one that is not."""

import asyncio
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
import typer

from fluent_connect.app.cli.configuration import loaded
from fluent_connect.app.cli.errors import FAILED, OK, CliError
from fluent_connect.app.cli.framework import ConfigFolder, Json, Profiles, command, group
from fluent_connect.app.cli.output import json_line, line, paint, stamp, told
from fluent_connect.app.cli.sending import proof
from fluent_connect.app.config.doors import DoorEntry
from fluent_connect.app.config.mistakes import did_you_mean
from fluent_connect.app.config.result import Config
from fluent_connect.clients.transport import Answer, Request
from fluent_connect.clients.transports import open_transport
from fluent_connect.ingest.webhook import PATH
from fluent_connect.model.errors import UnreachableError

app = group(
    "Try the doors of the running service.", "door test default", "door test push --token …"
)
_TIMEOUT = 10.0
_ACCEPTED = range(200, 300)
_REFUSED = 401
_TOKENS = frozenset({"oidc", "google-pubsub", "entra"})
_ELSEWHERE = {
    "sns": "only AWS can sign: aws sns publish --topic-arn …",
    "fluent": "only Fluent can sign: let a workflow send one",
}


class Tried(msgspec.Struct, frozen=True):
    """What a scheme of a door made of a sample. `state`: ok, fail or skip."""

    scheme: str
    sample: str
    state: str
    status: int | None = None
    why: str = ""


class Sample(msgspec.Struct, frozen=True):
    """A request to a door, and the status that is right."""

    scheme: str
    what: str
    headers: Mapping[str, str]
    query: str
    body: bytes
    right: range


@command(
    app, "test", "door test default", "door test push --token $(gcloud auth print-identity-token)"
)
def try_door(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The door's name.")],
    *,
    url: Annotated[str | None, typer.Option("--url", help="The service.")] = None,
    token: Annotated[
        str,
        typer.Option("--token", help="A bearer token of the issuer, which nobody here can make."),
    ] = "",
    body: Annotated[
        Path | None, typer.Option("--body", metavar="FILE", help="The sample, instead of ours.")
    ] = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Send samples to a door: one proven by each scheme, and one that proves nothing.

    Ours is commercetools' own test notification, which ends skipped (test) and changes nothing. A
    door of another system wants a sample by --body, as it means something there.
    """
    found = loaded(config, profile)
    door = _door(found, name)
    base = (url or f"http://127.0.0.1:{found.port}").rstrip("/")
    place = base if PATH in base else f"{base}{PATH}/{name}"
    given = body.read_bytes() if body is not None else _ours(found, door)
    tried = [
        *_untried(door, token, given),
        *asyncio.run(_sent(place, _samples(door, token, given))),
    ]
    for each in tried:
        _show(each, json=json)
    return FAILED if any(each.state == "fail" for each in tried) else OK


def _door(config: Config, name: str) -> DoorEntry:
    if name not in config.doors:
        do = did_you_mean(name, config.doors, f"there are: {', '.join(config.doors)}")
        raise CliError("CLI014", f"no door is called {name!r}", do=do)
    return config.doors[name]


def _ours(config: Config, door: DoorEntry) -> bytes:
    """Return the notification by which commercetools tries a new subscription; b"" if none fits."""
    if door.kind != "commercetools":
        return b""
    project = config.accounts[0].commercetools.project_key if config.accounts else "sandbox"
    payload: dict[str, object] = {
        "notificationType": "ResourceCreated",
        "projectKey": project,
        "resource": {"typeId": "subscription", "id": str(uuid.uuid4())},
        "version": 1,
        "modifiedAt": stamp(time.time()),
    }
    names = door.google_pubsub.subscriptions
    if names:
        data = msgspec.json.encode(msgspec.json.encode(payload))  # bytes become base64
        return b'{"message":{"data":%b},"subscription":%b}' % (data, msgspec.json.encode(names[0]))
    return msgspec.json.encode(payload)


def _untried(door: DoorEntry, token: str, body: bytes) -> Iterator[Tried]:
    """Yield the schemes that cannot be tried from here, and why."""
    for scheme in door.all_schemes:
        if scheme in _ELSEWHERE:
            yield Tried(scheme, "proven", "skip", why=_ELSEWHERE[scheme])
        elif scheme in _TOKENS and not token:
            yield Tried(scheme, "proven", "skip", why="only the issuer can sign: give --token")
        elif not body:
            yield Tried(scheme, "proven", "skip", why="it would mean something: give --body")


def _samples(door: DoorEntry, token: str, body: bytes) -> Iterator[Sample]:
    accepted, refused = _ACCEPTED, range(_REFUSED, _REFUSED + 1)
    for scheme in door.all_schemes:
        if scheme in _ELSEWHERE or (scheme in _TOKENS and not token) or not body:
            continue
        headers, query = _proven(door, scheme, token, body)
        yield Sample(scheme, "proven", headers, query, body, accepted)
    if "none" not in door.all_schemes:
        yield Sample("-", "unproven", {}, "", body or b"{}", refused)


def _proven(door: DoorEntry, scheme: str, token: str, body: bytes) -> tuple[Mapping[str, str], str]:
    """Return the headers and the query that prove the sender by one scheme."""
    if scheme in _TOKENS:
        return {"authorization": f"Bearer {token}"}, ""
    if scheme == "query-key":
        return {}, f"{quote(door.query_parameter, '')}={quote(door.keys[0], '')}"
    alone = door.model_copy(update={"scheme": (scheme,), "schemes": ()})
    return proof(alone, f"msg_{uuid.uuid4().hex}", int(time.time()), body), ""


async def _sent(place: str, samples: Iterator[Sample]) -> Sequence[Tried]:
    transport = open_transport(connections=1)
    try:
        tried = []
        for each in samples:
            target = f"{place}?{each.query}" if each.query else place
            headers = {"content-type": "application/json", **each.headers}
            answer = await transport.send(Request("POST", target, headers, each.body), _TIMEOUT)
            tried.append(_judged(each, answer))
    except UnreachableError as error:
        do = "start it with `fluent-connect run`, or name it with --url"
        raise CliError(
            "CLI011", "the service cannot be reached", where=place, why=str(error), do=do
        ) from error
    finally:
        await transport.close()
    return tried


def _judged(sample: Sample, answer: Answer) -> Tried:
    right = answer.status in sample.right
    why = "" if right else answer.body[:200].decode("utf-8", "replace")
    return Tried(sample.scheme, sample.what, "ok" if right else "fail", answer.status, why)


def _show(tried: Tried, *, json: bool) -> None:
    if json:
        json_line(told(tried))
        return
    word = {"ok": "good", "fail": "bad", "skip": "doubt"}[tried.state]
    status = "" if tried.status is None else str(tried.status)
    text = f"{tried.state:<5} {tried.scheme:<18} {tried.sample:<9} {status:<4} {tried.why}"
    line(paint(text.rstrip(), word))
