"""The commercetools HTTP API of the sandbox: tokens, resources, subscriptions, control."""

import base64
import binascii
import secrets
import time
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

import apsw
import msgspec

from fluent_connect.sandbox.commercetools import drafts
from fluent_connect.sandbox.commercetools.changing import update
from fluent_connect.sandbox.commercetools.errors import (
    RefusedRequestError,
    error,
    invalid,
    not_found,
    not_implemented,
)
from fluent_connect.sandbox.commercetools.kinds import BY_PATH, Json, Kind
from fluent_connect.sandbox.commercetools.notifier import Notifier
from fluent_connect.sandbox.commercetools.project import Project
from fluent_connect.sandbox.commercetools.reading import expand, projection, query
from fluent_connect.sandbox.commercetools.subscriptions import Subscriptions
from fluent_connect.sandbox.door import Answer, Call, decode, encode, reply
from fluent_connect.sandbox.faults import Fault, Faults

_LARGEST = 16 * 1024 * 1024


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """An API client of the project, and how long its tokens last (seconds)."""

    project_key: str = "sandbox"
    client_id: str = "sandbox"
    client_secret: str = "sandbox"  # noqa: S105 - of a system that holds nothing
    expires_in: float = 172_800.0


class Commercetools:
    """One project behind the HTTP door. Python may call `create`, `update` and `delete` as well."""

    def __init__(self, client: Client, database: apsw.Connection) -> None:
        self.client = client
        self.faults = Faults()
        self.project = Project(client.project_key, database)
        self.notifier = Notifier(self.project, database, self.faults)
        self.subscriptions = Subscriptions(self.project, self.notifier)
        self.requests: dict[str, int] = {}
        self._tokens: dict[str, float] = {}

    # What Python and HTTP share.

    def create(self, path: str, draft: Mapping[str, object], message: str = "Created") -> Json:
        """Make a resource of a draft; `path` is the resource's ("orders")."""
        kind = BY_PATH[path]
        resource = drafts.create(self.project, kind, dict(draft))
        return self.project.add(
            kind.type_id, resource, drafts.created(self.project, kind, resource, message)
        )

    def update(
        self, path: str, id_: str, *actions: Mapping[str, object], version: int | None = None
    ) -> Json:
        """Apply update actions; `version` None: whatever version there is."""
        kind = BY_PATH[path]
        resource = self._at(kind, id_, version)
        before = encode(resource)
        messages = update(self.project, kind, resource, [dict(action) for action in actions])
        if encode(resource) == before:
            return resource
        return self.project.change(kind.type_id, resource, messages)

    def delete(
        self, path: str, id_: str, *, version: int | None = None, data_erasure: bool = False
    ) -> Json:
        """Delete a resource."""
        kind = BY_PATH[path]
        resource = self._at(kind, id_, version)
        if kind.type_id == "product" and resource["masterData"]["published"]:
            raise invalid("A published product cannot be deleted.", "InvalidOperation")
        messages = drafts.deleted(kind, resource)
        self.project.remove(kind.type_id, id_, messages, data_erasure=data_erasure)
        return resource

    def _at(self, kind: Kind, id_: str, version: int | None) -> Json:
        resource = self.project.get(kind.type_id, id_)
        if resource is None:
            raise not_found(id_)
        current = int(resource["version"])
        if version is not None and version != current:
            message = (
                f"Object {id_} has a different version than expected."
                f" Expected: {version} - Actual: {current}."
            )
            raise RefusedRequestError(
                409, "ConcurrentModification", message, currentVersion=current
            )
        return resource

    # What the door asks.

    def labels(self, call: Call) -> Sequence[str]:
        """Return `token`, or the resource's path, alone and after the method."""
        if call.segments[:2] == ["oauth", "token"]:
            return ("token", "POST token")
        path = call.segments[1] if len(call.segments) > 1 else ""
        return (path, f"{call.method} {path}", call.method)

    async def answer(self, call: Call) -> Answer:
        """Answer one request of the API."""
        label = self.labels(call)[1]
        self.requests[label] = self.requests.get(label, 0) + 1
        try:
            if call.segments[:2] == ["oauth", "token"]:
                return self._token(call)
            self._authorize(call)
            answer = await self._dispatch(call)
        except RefusedRequestError as refused:
            answer = refused.answer()
        except (KeyError, TypeError, ValueError, msgspec.DecodeError) as mistake:
            text = f"Request body does not contain valid JSON: {mistake!r}"
            answer = error(400, "InvalidJsonInput", text)
        correlation = call.headers.get("x-correlation-id") or secrets.token_hex(8)
        answer.headers = {**answer.headers, "X-Correlation-ID": correlation}
        return answer

    def refusal(self, fault: Fault, call: Call) -> Answer:  # noqa: ARG002 - as its port says
        """Answer a failure as the platform words it."""
        status = fault.status or (502 if fault.kind == "errors" else 500)
        codes = {
            429: "TooManyRequests",
            502: "BadGateway",
            503: "OverCapacity",
            401: "invalid_token",
        }
        return error(status, codes.get(status, "General"), "This request failed on purpose.")

    def _token(self, call: Call) -> Answer:
        form = dict(parse_qsl(call.body.decode()) + list(call.query))
        if _basic(call) != (self.client.client_id, self.client.client_secret):
            message = "Please provide valid client credentials using HTTP Basic Authentication."
            return error(401, "invalid_client", message)
        if form.get("grant_type") != "client_credentials":
            text = f"Unsupported grant type: {form.get('grant_type')}"
            return error(400, "unsupported_grant_type", text)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + self.client.expires_in
        scope = form.get("scope", f"manage_project:{self.client.project_key}")
        answer = {"access_token": token, "token_type": "Bearer", "scope": scope}
        return reply({**answer, "expires_in": int(self.client.expires_in)})

    def expire_tokens(self) -> None:
        """Make all tokens void."""
        self._tokens.clear()

    def _authorize(self, call: Call) -> None:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if call.suffers("expire-token"):
            self._tokens.pop(token, None)
        if self._tokens.get(token, 0.0) < time.monotonic():
            raise RefusedRequestError(401, "invalid_token", "invalid_token")
        if not call.segments or call.segments[0] != self.client.project_key:
            raise RefusedRequestError(403, "insufficient_scope", "Insufficient scope.")

    async def _dispatch(self, call: Call) -> Answer:
        if len(call.body) > _LARGEST:
            return error(413, "ContentTooLarge", "The request is larger than 16 MB.")
        segments = call.segments[1:]
        if segments and segments[0] in {"graphql", "in-store"}:
            raise not_implemented(segments[0])
        projected = segments[:1] == ["product-projections"]
        kind = BY_PATH.get("products" if projected else segments[0] if segments else "")
        if kind is None:
            raise RefusedRequestError(404, "NotFound", "There is nothing at this path.")
        writes = call.method in {"POST", "DELETE"} or segments[-1] == "health"
        if kind.type_id == "message" and call.method != "GET":
            raise RefusedRequestError(405, "InvalidMethod", "Messages are read only.")
        if kind.type_id == "subscription" and writes:
            return await self.subscriptions.answer(call, segments)
        if call.method in {"GET", "HEAD"}:
            return self._read(call, kind, segments)
        if projected:
            raise RefusedRequestError(405, "InvalidMethod", "Projections are read only.")
        return self._write(call, kind, segments)

    def _read(self, call: Call, kind: Kind, segments: Sequence[str]) -> Answer:
        if len(segments) == 1:
            page = query(self.project, kind.type_id, call)
            return reply(page, 200 if call.method == "GET" or page["count"] else 404)
        resource = self._one(call, kind, segments[1])
        if segments[0] == "product-projections":
            staged = call.parameter("staged", "false") == "true"
            shown = projection(resource, staged=staged)
            if shown is None:
                raise not_found(segments[1])
            resource = shown
        expand(self.project, [resource], call.parameters("expand"))
        return reply(resource)

    def _write(self, call: Call, kind: Kind, segments: Sequence[str]) -> Answer:
        if call.method == "DELETE":
            if not call.parameter("version"):
                raise invalid("Missing required parameter: version")
            id_ = self._one(call, kind, segments[1])["id"]
            erase = call.parameter("dataErasure") == "true"
            version = int(call.parameter("version"))
            gone = self.delete(kind.path, id_, version=version, data_erasure=erase)
            return reply(gone)
        if call.method != "POST":
            raise RefusedRequestError(405, "InvalidMethod", f"{call.method} is not allowed.")
        body = decode(call.body)
        if len(segments) == 1 or segments[1:] == ["import"]:
            imported = len(segments) > 1
            made = self.create(kind.path, body, "Imported" if imported else "Created")
            expand(self.project, [made], call.parameters("expand"))
            return reply({"customer": made} if kind.type_id == "customer" else made, 201)
        id_ = self._one(call, kind, segments[1])["id"]
        changed = self.update(kind.path, id_, *body["actions"], version=int(body["version"]))
        expand(self.project, [changed], call.parameters("expand"))
        return reply(changed)

    def _one(self, call: Call, kind: Kind, segment: str) -> Json:
        """Return the resource that a path names, by id or by an identifier."""
        stale = call.method == "GET" and call.suffers("stale")
        name, equals, value = segment.partition("=")
        if equals:
            field = next((one for one, as_ in kind.identifiers.items() if as_ == name), None)
            if field is None:
                raise RefusedRequestError(404, "NotFound", "There is nothing at this path.")
            ids = self.project.ids(kind.type_id, field, value)
            segment = ids[0] if ids else segment
        resource = self.project.get(kind.type_id, segment, earlier=stale)
        if resource is None:
            raise not_found(value or segment)
        return resource


def _basic(call: Call) -> tuple[str, str] | None:
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, password
