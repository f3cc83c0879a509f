"""The endpoint for external webhooks: verify, store, answer; nothing else."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

import msgspec
import structlog

from fluent_connect.ingest import handshakes, replies
from fluent_connect.ingest.buckets import Bucket
from fluent_connect.ingest.intake import Intake
from fluent_connect.ingest.news import News
from fluent_connect.ingest.replies import ACCEPTED, Reply
from fluent_connect.ingest.room import FREE, Room
from fluent_connect.ingest.verify.door import DEFAULT, FLUENT, Door
from fluent_connect.ingest.verify.published import BeingFetchedError
from fluent_connect.ingest.verify.scheme import Knock, Scheme
from fluent_connect.ingest.verify.sns import Sns
from fluent_connect.model.deadlines import Deadlines
from fluent_connect.model.errors import RetryableError
from fluent_connect.model.fact import Received
from fluent_connect.model.ids import new_id
from fluent_connect.model.killpoint import reach
from fluent_connect.model.outcome import Outcome
from fluent_connect.model.parcel import CT_QUEUE, Parcel, Put
from fluent_connect.queues.store import Store, StoreError, Verdict, Write

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
OnRequest = Callable[[str, int, float], None]
"""Told of each request: the door ("" if there is none), the status, the seconds it took."""

PATH = "/api/v1/fluent-connect/external-system/webhook"
FLUENT_PATH = "/api/v1/fluent-connect/webhook"
"""Where Fluent\'s own webhooks come in: the door called `fluent`."""
_KEPT = frozenset(
    {
        b"content-type",
        b"traceparent",
        b"x-amz-sns-message-type",
        b"x-amz-sns-rawdelivery",
        b"aeg-event-type",
    }
)
_USUAL_TYPES = frozenset(
    {
        b"",
        b"application/json",
        b"application/json; charset=utf-8",
        b"application/json;charset=utf-8",
        b"text/plain; charset=utf-8",
    }
)
GONE = 499
"""Told to the metrics where the sender left before its body was whole; nobody is answered."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a sender may take with the body, the store with its commit; seconds.

    keys: how long a request waits for a key that is being fetched.
    """

    body: float = 15.0
    store: float = 3.0
    keys: float = 2.0
    sweep: float = 0.25


class Admitted(msgspec.Struct, frozen=True):
    """A request that may come in: what is to be stored of it, and under which id."""

    id: str
    door: Door
    write: Write


class Webhook:
    """An ASGI application: 202 once the ct-queue holds the body, and never before.

    doors:      by name; `default` is the one without a name in its path.
    clock:      seconds since the epoch.
    accepting:  False while draining, or while the disk is too full: 503.
    on_request: see OnRequest.
    confirm:    given the URL that confirms a subscription which a door wants; must not wait.
    doubt:      why our clock cannot be trusted with refusing anybody; "" if it can.
    news:       of keys that are being fetched.
    """

    def __init__(
        self,
        store: Store,
        doors: Mapping[str, Door],
        *,
        clock: Callable[[], float] = time.time,
        accepting: Callable[[], bool] = lambda: True,
        on_request: OnRequest = lambda _door, _status, _seconds: None,
        confirm: Callable[[str], None] = lambda _url: None,
        doubt: Callable[[], str] = lambda: "",
        news: News | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self.intake = Intake(store)
        self._buckets: dict[str, Bucket] = {}
        self.open(doors)
        self._clock = clock
        self._accepting = accepting
        self.on_request = on_request
        self._confirm = confirm
        self._doubt = doubt
        self._news = news or News()
        self.room = Room()
        self.limits = limits
        self._deadlines = Deadlines(limits.sweep)
        self._log = structlog.get_logger("fluent_connect")

    def open(self, doors: Mapping[str, Door]) -> None:
        """Have these doors instead of those that were: for each request that comes from now on."""
        paths = {f"{PATH}/{name}": door for name, door in doors.items()}
        if DEFAULT in doors:
            paths[PATH] = doors[DEFAULT]
        if FLUENT in doors:
            paths[FLUENT_PATH] = doors[FLUENT]
        for name, door in doors.items():
            if name not in self._buckets or self._buckets[name].rate != door.rate:
                self._buckets[name] = Bucket(door.rate)
        self._paths = paths

    def awaits(self, path: str, query: bytes, headers: Mapping[bytes, bytes]) -> bool:
        """Say whether a POST with these headers may come in once its body is here."""
        door = self._paths.get(path)
        if door is None or self._refused(door, "POST", headers) is not None:
            return False
        return bool(door.late) or self._unproven(door.early, Knock(headers, b"", query)) is None

    def admitted(
        self, path: str, query: bytes, headers: Mapping[bytes, bytes], body: bytes
    ) -> Admitted | None:
        """Return what to store of a POST that may surely come in and asks for nothing else.

        None: `__call__` has to look at it.
        """
        door = self._paths.get(path)
        if door is None or self._refused(door, "POST", headers) is not None:
            return None
        if b"aeg-event-type" in headers or any(isinstance(each, Sns) for each in door.schemes):
            return None
        knock = Knock(headers, body, query)
        try:
            unproven = self._unproven(door.early, knock)
            if unproven is not None:
                unproven = self._unproven(door.late, knock, unproven)
        except Exception:  # noqa: BLE001 - it is raised, and told, once more there
            return None
        if unproven is not None or not self._buckets[door.name].take():
            return None
        return self._written(door, headers, body)

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        door = self._paths.get(scope["path"])
        status = await self._answer(door, scope, receive, send)
        name = door.name if door is not None else ""
        self.on_request(name, status, time.perf_counter() - began)

    async def _answer(
        self, door: Door | None, scope: Mapping[str, Any], receive: Receive, send: Send
    ) -> int:
        try:
            result = await self._take(door, scope, receive)
        except Exception:  # noqa: BLE001 - undecided is ours: asked to return, and logged
            self._log.exception("a request could not be decided", door=door and door.name)
            result = replies.UNSTORED
        if isinstance(result, str):
            accepted = dict(ACCEPTED) if door is None else {**ACCEPTED, "status": door.accepted}
            await send(accepted)
            await send({"type": "http.response.body", "body": b'{"id":"%b"}' % result.encode()})
            reach("ingest:after-answer")
            return int(accepted["status"])
        if result is None:
            return GONE
        await send(result.start)
        await send(result.body)
        return result.status

    async def _take(
        self, door: Door | None, scope: Mapping[str, Any], receive: Receive
    ) -> str | Reply | None:
        """Return the id under which the body is stored, or a refusal; None: the sender left."""
        if door is None:
            return replies.NO_DOOR
        knock = Knock(dict(scope["headers"]), b"", scope.get("query_string", b""))
        if scope["method"] == "OPTIONS":
            return self._asked(door, knock)
        refused = self._refused(door, scope["method"], knock.headers)
        if refused is not None:
            return refused
        unproven = self._unproven(door.early, knock)
        if unproven is not None and unproven.soon:
            unproven = await self._later(door.early, knock, unproven)
        open_ = door.open_handshake and b"aeg-event-type" in knock.headers
        if unproven is not None and not door.late and not open_:
            return unproven
        body = await self._read(door.body_limit, receive)
        if not isinstance(body, bytes):
            return body
        return await self._decide(door, Knock(knock.headers, body, knock.query), unproven)

    async def _decide(self, door: Door, knock: Knock, unproven: Reply | None) -> str | Reply:
        """Return what becomes of a body; `unproven`: why it was not let in before it was read."""
        if unproven is not None:
            unproven = self._unproven(door.late, knock, unproven)
            if unproven is not None and unproven.soon:
                unproven = await self._later(door.late, knock, unproven)
        if unproven is None or door.open_handshake:
            shaken = self._shaken(door, knock)
            if shaken is not None:
                return shaken
        if unproven is None and not self._buckets[door.name].take():
            return replies.TOO_MANY
        return unproven or await self._keep(door, knock.headers, knock.body)

    def _asked(self, door: Door, knock: Knock) -> Reply:
        """Answer a sender that asks whether it may send."""
        if not door.schemes:
            return replies.UNDECIDED
        answer = handshakes.origin_allowed(knock.headers, door.origins)
        if answer is None:
            return replies.NOT_POST
        unproven = None if door.open_handshake else self._unproven(door.early, knock)
        return unproven or answer

    def _shaken(self, door: Door, knock: Knock) -> Reply | None:
        """Return what a handshake is answered with; None if the body is to be stored."""
        try:
            handshakes.confirm(door.late, knock, self._clock(), self._confirm)
        except RetryableError as error:
            return replies.undecided(str(error), error.retry_after)
        return handshakes.validated(knock)

    def _unproven(
        self, schemes: Sequence[Scheme], knock: Knock, before: Reply = replies.UNSIGNED
    ) -> Reply | None:
        """Return why none of the schemes lets in; None if one does.

        Where one cannot tell yet, it may be right: the sender is asked to return.
        """
        now = self._clock()
        refused = before
        for scheme in schemes:
            try:
                if scheme.passes(knock, now):
                    return None
            except RetryableError as error:
                refused = replies.undecided(
                    str(error), error.retry_after, soon=isinstance(error, BeingFetchedError)
                )
        doubt = self._doubt() if refused is replies.UNSIGNED else ""
        return replies.undecided(doubt, None) if doubt else refused

    async def _later(self, schemes: Sequence[Scheme], knock: Knock, before: Reply) -> Reply | None:
        """Return the same once what is being fetched has come, or is not to be had for now.

        A sender that can come again need not, and a stranger holds up nobody but himself.
        """
        refused: Reply | None = before
        async for _ in self._news.of(self.limits.keys):
            refused = self._unproven(schemes, knock, before)
            if refused is None or not refused.soon:
                break
        return refused

    def _refused(self, door: Door, method: str, headers: Mapping[bytes, bytes]) -> Reply | None:
        """Return why the request is refused before its body is read."""
        if method != "POST":
            return replies.NOT_POST
        if not self._accepting():
            return replies.PAUSED
        if not door.schemes:
            return replies.UNDECIDED
        return _unfit(headers, door.body_limit)

    async def _read(self, limit: int, receive: Receive) -> bytes | Reply | None:
        """Return the body, however it comes, as long as it is small and quick enough."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - ASGI runs in one
        self._deadlines.start(task, self.limits.body)
        try:
            return await _body(limit, receive, self.room)
        except asyncio.CancelledError:
            if not self._deadlines.passed(task):
                raise
            return replies.SLOW
        finally:
            self._deadlines.end(task)

    async def _keep(self, door: Door, headers: Mapping[bytes, bytes], body: bytes) -> str | Reply:
        """Return the id once the body would survive a crash.

        Past the deadline the write may still succeed: the sender's repeat is a known duplicate.
        """
        admitted = self._written(door, headers, body)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - ASGI runs in one
        self._deadlines.start(task, self.limits.store)
        reach("ingest:before-commit")
        try:
            verdicts = await self._store.commit(admitted.write)
        except StoreError:
            return replies.UNSTORED
        except asyncio.CancelledError:
            if not self._deadlines.passed(task):
                raise
            return replies.UNSTORED
        finally:
            self._deadlines.end(task)
        reach("ingest:after-commit")
        return admitted.id if verdicts[0] is Verdict.APPLIED else replies.UNSTORED

    def _written(self, door: Door, headers: Mapping[bytes, bytes], body: bytes) -> Admitted:
        id_ = new_id()
        parcel = Parcel(id=id_, key="", body=body, headers=_kept(headers, door))
        received = Received(id_, door.name, self._clock(), len(body))
        return Admitted(id_, door, Write(Outcome(puts=(Put(CT_QUEUE, parcel),), facts=(received,))))


def _unfit(headers: Mapping[bytes, bytes], limit: int) -> Reply | None:
    """Return why a body with these headers is not read."""
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        return replies.ENCODED
    content_type = headers.get(b"content-type", b"")
    if content_type not in _USUAL_TYPES and not _is_json(content_type):
        return replies.NOT_JSON
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > limit:
        return replies.TOO_LARGE
    return None


async def _body(limit: int, receive: Receive, room: Room) -> bytes | Reply | None:
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    first: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return first if len(first) <= limit else replies.TOO_LARGE
    return await _rest(limit, receive, room, first)


async def _rest(limit: int, receive: Receive, room: Room, first: bytes) -> bytes | Reply | None:
    """Return a body that comes in several pieces, of which this is the first."""
    chunks, size, held, more = [first], len(first), 0, True
    try:
        while more:
            if size > limit:
                return replies.TOO_LARGE
            beyond = size - FREE - held
            if beyond > 0:
                if not room.take(beyond):
                    return replies.CROWDED
                held += beyond
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            more = message.get("more_body", False)
        return b"".join(chunks) if size <= limit else replies.TOO_LARGE
    finally:
        room.give(held)


def _is_json(content_type: bytes) -> bool:
    bare = content_type.partition(b";")[0].strip().lower()
    return bare in {b"application/json", b"text/plain"} or (
        bare.startswith(b"application/") and bare.endswith(b"+json")
    )


def _kept(headers: Mapping[bytes, bytes], door: Door) -> dict[str, str]:
    """Return what the listener needs of the headers; never what proves the sender."""
    kept = {"door": door.name}
    for name, value in headers.items():
        if name in _KEPT or name.startswith(b"ce-"):
            kept[name.decode("latin-1")] = value.decode("latin-1")
    for wanted in door.keep:
        found = headers.get(wanted.encode())
        if found is not None:
            kept[wanted] = found.decode("latin-1")
    return kept
