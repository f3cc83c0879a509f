"""`trigger TYPE`: a signed notification through the real door, followed to its end."""

import asyncio
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer

from fluent_connect.app.cli import notifications, reading, store
from fluent_connect.app.cli.configuration import examined
from fluent_connect.app.cli.errors import FAILED, OK, PARTLY, CliError
from fluent_connect.app.cli.framework import (
    ConfigFolder,
    DataFolder,
    DryRun,
    Json,
    Profiles,
    application,
    command,
)
from fluent_connect.app.cli.output import json_line, line, note, stamp
from fluent_connect.app.cli.sending import proof, send
from fluent_connect.app.cli.story import is_good, is_over, state_of, story
from fluent_connect.app.config.doors import DoorEntry
from fluent_connect.app.config.result import Config
from fluent_connect.ingest.webhook import PATH
from fluent_connect.journal.search import EventFilter, events_from_rows, events_statement
from fluent_connect.journal.timeline import Step, timeline_from_rows, timeline_statement
from fluent_connect.model.notification import Reference
from fluent_connect.queues.store import Store

app = application()
_LOOK = 0.2
_SLACK = 2.0
_SANDBOX = "sandbox"


class Sent(msgspec.Struct, frozen=True):
    """A request to a door, and the notification in it. `about` is what it tells of."""

    url: str
    headers: dict[str, str]
    body: bytes
    payload: dict[str, Any]


@command(app, "trigger", "trigger OrderCreated --sandbox", "trigger ResourceUpdated --id product/…")
def trigger(
    kind: Annotated[
        str, typer.Argument(metavar="TYPE", help="A Message type, or Resource(Created|…).")
    ],
    *,
    id_: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="RESOURCE", help="Id, or type/id; default: the last heard of."
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="PATH=VALUE", help="Set a field of the notification."),
    ] = None,
    envelope: Annotated[
        str, typer.Option("--envelope", help="raw, pubsub or cloudevents.")
    ] = "raw",
    url: Annotated[str | None, typer.Option("--url", help="The service, or its door.")] = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="To a service started with `run --sandbox`.")
    ] = False,
    timeout: Annotated[str, typer.Option("--timeout", help="How long to follow it.")] = "30s",
    dry_run: DryRun = False,
    data: DataFolder = None,
    config: ConfigFolder = None,
    profile: Profiles = None,
    json: Json = False,
) -> int:
    """Send a signed notification through the real door, follow it, and tell its story.

    Exit 0: done, skipped or superseded; 1: dead; 8: it still waits.
    """
    found = examined(config, profile, data).config
    known = [one for each in found.route_mapping for one in each.kinds]
    type_id = notifications.type_of(kind, known)
    patience = reading.duration(timeout)

    async def answer(opened: Store) -> int:
        about, version = await _about(opened, type_id, id_)
        payload = notifications.made_up(
            kind,
            about,
            version,
            id_=str(uuid.uuid4()),
            project=_project(found, sandbox=sandbox),
            at=stamp(time.time()),
        )
        notifications.assign(payload, assignments or ())
        sent = _request(found, payload, envelope, url, sandbox=sandbox)
        if dry_run:
            json_line({"url": sent.url, "body": sent.body.decode(), "notification": payload})
            return OK
        began = time.time()
        await send(sent.url, sent.headers, sent.body)
        note(f"accepted: {kind} of {about}, version {version}")
        steps = await _followed(opened, notifications.notification_id(payload), began, patience)
        return _told(steps, json=json)

    return store.ask(store.place_of(data, config, profile), answer)


async def _about(opened: Store, type_id: str | None, given: str | None) -> tuple[Reference, int]:
    """Return the resource that is meant, and its version as the journal knows it (else 1)."""
    named, slash, id_ = (given or "").rpartition("/")
    type_id = named if slash else type_id
    if type_id is None:
        do = "write --id order/<id>: a change may be about any type"
        raise CliError("CLI002", "a change needs the type of its resource", do=do)
    which = EventFilter(type=type_id, text=id_ or None, limit=1)
    for row in events_from_rows(await opened.read(events_statement(which, time.time()))):
        if row.resource:
            return Reference(type_id, id_ or row.resource), row.version or 1
    return Reference(type_id, id_ or str(uuid.uuid4())), 1


def _project(config: Config, *, sandbox: bool) -> str:
    if sandbox or not config.accounts:
        return _SANDBOX
    return config.accounts[0].commercetools.project_key


def _request(
    config: Config, payload: dict[str, Any], envelope: str, url: str | None, *, sandbox: bool
) -> Sent:
    id_ = f"msg_{uuid.uuid4().hex}"
    body, content_type = notifications.wrapped(envelope, payload, id_)
    door = _door(config, sandbox=sandbox)
    headers = {"content-type": content_type, **proof(door, id_, int(time.time()), body)}
    place = (url or f"http://127.0.0.1:{config.port}").rstrip("/")
    return Sent(place if PATH in place else f"{place}{PATH}", headers, body, payload)


def _door(config: Config, *, sandbox: bool) -> DoorEntry:
    """Return the default door, else the first for commercetools."""
    if sandbox:
        return DoorEntry(schemes=("api-key",), keys=(_SANDBOX,))
    ours = [door for door in config.doors.values() if door.kind == "commercetools"]
    door = config.doors.get("default") or next(iter(ours), None)
    if door is None:
        do = "write `doors: { default: … }`, or set FC_DOOR_SECRET"
        raise CliError("CLI015", "the configuration has no door for commercetools", do=do)
    return door


async def _followed(
    opened: Store, notification: str, since: float, patience: float
) -> Sequence[Step]:
    """Return the steps of what was sent, once it is at its end or patience is."""
    deadline = time.monotonic() + patience
    shown = ""
    while True:
        rows = await opened.read(timeline_statement(notification, time.time(), limit=1))
        steps = [*timeline_from_rows(rows)]
        fresh = any(
            step.at >= since - _SLACK for step in steps if step.what in {"receipt", "aside"}
        )
        steps = steps if fresh else []
        state = state_of(steps)[0] if steps else "received"
        if (steps and is_over(state)) or time.monotonic() >= deadline:
            _progress("", shown)
            return steps
        shown = _progress(f"{state}, for {time.time() - since:.0f} s", shown)
        await asyncio.sleep(_LOOK)


def _progress(text: str, before: str) -> str:
    """Show where it stands, on one line that changes; nothing where nobody watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text:<{len(before)}}" + ("" if text else "\r"))
        sys.stderr.flush()
    return text


def _told(steps: Sequence[Step], *, json: bool) -> int:
    state, reason = state_of(steps) if steps else ("received", "")
    if json:
        unit = steps[0].unit if steps else None
        json_line({"id": unit, "state": state, "reason": reason, "steps": len(steps)})
    else:
        for each in story(steps):
            line(each)
    if is_good(state):
        return OK
    if is_over(state):
        return FAILED
    note("it still waits: `fluent-connect events show` tells more later")
    return PARTLY
