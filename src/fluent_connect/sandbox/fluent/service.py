"""Fluent's HTTP API of the sandbox: tokens, GraphQL, events and jobs."""

import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl

import apsw
import msgspec
from graphql import ExecutionResult, GraphQLError

from fluent_connect.sandbox.door import Answer, Call, decode, encode, reply
from fluent_connect.sandbox.faults import Fault, Faults
from fluent_connect.sandbox.fluent.account import begin
from fluent_connect.sandbox.fluent.entities import Entities, Json
from fluent_connect.sandbox.fluent.errors import BODY_401
from fluent_connect.sandbox.fluent.events import Events
from fluent_connect.sandbox.fluent.execution import Graph, graph
from fluent_connect.sandbox.fluent.knobs import Access, Knobs
from fluent_connect.sandbox.fluent.session import Session
from fluent_connect.sandbox.fluent.webhooks import Webhooks

_LARGEST = 2 * 1024 * 1024


class Fluent:
    """One account behind the HTTP door."""

    def __init__(
        self, access: Access, database: apsw.Connection, *, locations: Iterable[str] = ()
    ) -> None:
        self.access = access
        self.knobs = Knobs()
        self.faults = Faults()
        self.entities = Entities(database)
        self.events = Events(self.entities, access, self.knobs, database)
        self.webhooks = Webhooks(access.account, access.retailers[0])
        self.requests: dict[str, int] = {}
        self._tokens: dict[str, float] = {}
        self._refresh: dict[str, float] = {}
        begin(self._session("sandbox"), locations)

    @property
    def _graph(self) -> Graph:
        return graph(self.knobs.schema, self.knobs.requires)

    def labels(self, call: Call) -> Sequence[str]:
        """Return `token`, `event`, `job`, or the root fields of a GraphQL request and its kind."""
        if call.segments[:2] == ["oauth", "token"]:
            return ("token",)
        if call.segments == ["graphql"]:
            document = self._graph.document(_request(call).get("query") or "")
            return ("graphql", document.kind, *document.roots)
        return (call.segments[2],) if call.segments[:2] == ["api", "v4.1"] else ()

    async def answer(self, call: Call) -> Answer:
        """Answer one request of the API."""
        for label in self.labels(call):
            self.requests[label] = self.requests.get(label, 0) + 1
        if len(call.body) > _LARGEST:
            return reply({"message": "Request entity too large", "status": 413}, 413)
        if call.segments == ["oauth", "token"]:
            return self._token(call)
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if call.suffers("expire-token"):
            self._tokens.pop(token, None)
        if self._tokens.get(token, 0.0) < time.monotonic():
            return reply(BODY_401, 401)
        if call.segments == ["graphql"]:
            return self._graphql(call)
        if call.segments[:2] == ["api", "v4.1"] and len(call.segments) > 2:  # noqa: PLR2004
            return self._rest(call)
        return reply({"message": "Not Found", "status": 404}, 404)

    def refusal(self, fault: Fault, call: Call) -> Answer:
        """Answer a failure as the platform words it; `errors`: GraphQL errors and empty data."""
        text = "This request failed on purpose."
        if fault.kind == "errors":
            keys = self._graph.document(_request(call).get("query") or "").keys
            error = {"message": text, "path": keys[:1], "extensions": {"code": fault.code}}
            return reply({"data": dict.fromkeys(keys), "errors": [error]}, fault.status or 200)
        status = fault.status or 500
        if status == 401:  # noqa: PLR2004
            return reply(BODY_401, 401)
        if call.segments == ["oauth", "token"]:
            return reply({"error": "server_error", "error_description": text}, status)
        return reply({"message": text, "status": status}, status)

    def expire_tokens(self, *, refresh: bool = False) -> None:
        """Make all access tokens void, and the refresh tokens too if asked."""
        self._tokens.clear()
        if refresh:
            self._refresh.clear()

    def _session(self, connection: str) -> Session:
        return Session(
            entities=self.entities,
            access=self.access,
            knobs=self.knobs,
            connection=connection,
            raised=self.events.raised,
        )

    def _token(self, call: Call) -> Answer:
        form = {**dict(call.query), **dict(parse_qsl(call.body.decode()))}
        access = self.access
        client = (form.get("client_id"), form.get("client_secret"))
        account = call.headers.get("fluent.account", access.account)
        if client != (access.client_id, access.client_secret) or account != access.account:
            text = "Bad client credentials"
            return reply({"error": "invalid_client", "error_description": text}, 401)
        if form.get("grant_type") == "refresh_token":
            until = self._refresh.pop(form.get("refresh_token", ""), 0.0)
            if until >= time.monotonic():
                return self._issue()
            text = "Invalid refresh token"
            return reply({"error": "invalid_grant", "error_description": text}, 400)
        if form.get("grant_type") != "password":
            return reply({"error": "unsupported_grant_type", "error_description": ""}, 400)
        if (form.get("username"), form.get("password")) != (access.username, access.password):
            return reply({"error": "invalid_grant", "error_description": "Bad credentials"}, 400)
        return self._issue()

    def _issue(self) -> Answer:
        knobs = self.knobs
        token, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + knobs.expires_in
        body: Json = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(knobs.expires_in),
            "scope": "api",
            "Retailer_id": self.access.retailers[0],
            "FirstName": "Sandbox",
            "LastName": "User",
            "Roles": [],
        }
        if knobs.refresh_expires_in:
            self._refresh[refresh] = time.monotonic() + knobs.refresh_expires_in
            body["refresh_token"] = refresh
        return reply(body)

    def _rest(self, call: Call) -> Answer:
        try:
            return self.events.answer(call, call.segments[2:])
        except (KeyError, TypeError, ValueError, IndexError, msgspec.DecodeError) as mistake:
            return reply({"errors": [{"code": "400", "message": repr(mistake)}]}, 400)

    def _graphql(self, call: Call) -> Answer:
        request = _request(call)
        document = self._graph.document(request.get("query") or "")
        if not self.knobs.introspection and "__schema" in document.roots:
            text = "Introspection has been disabled for this request"
            return reply({"data": None, "errors": [{"message": text}]})
        result = self._graph.execute(
            document,
            request.get("variables") or {},
            request.get("operationName"),
            self._session(call.client),
        )
        body: Json = {"data": result.data}
        if result.errors:
            body["errors"] = [self._error(error) for error in result.errors]
        return Answer(status=501 if _unknown(result) else 200, body=encode(body))

    def _error(self, error: GraphQLError) -> Json:
        """Write an error; its code stands where the knobs say."""
        shown: Json = dict(error.formatted)
        extensions = dict(shown.get("extensions") or {})
        code = extensions.pop("code", None)
        if code and self.knobs.code_place in {"extensions", "both"}:
            extensions["code"] = code
        if code and self.knobs.code_place in {"errors", "both"}:
            shown["code"] = code
        if code and self.knobs.code_in_message:
            shown["message"] = f"{code}: {shown['message']}"
        return {**shown, "extensions": extensions} if extensions else _without(shown)


def _request(call: Call) -> dict[str, Any]:
    """Return the body of a GraphQL request; empty if it is none."""
    try:
        body = decode(call.body)
    except msgspec.DecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _without(shown: Json) -> Json:
    return {name: value for name, value in shown.items() if name != "extensions"}


def _unknown(result: ExecutionResult) -> bool:
    """Say whether all that was asked is missing from the sandbox."""
    asked = result.data or {}
    refused = [one for one in result.errors or () if "not implemented in" in one.message]
    return bool(asked) and not any(asked.values()) and len(refused) == len(asked)
