"""A transport whose answers a test writes, and doors that use it."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.accounts import Account, CommercetoolsAccess, FluentAccess, When
from fluent_connect.clients.breaker import Breaker, BreakerSettings
from fluent_connect.clients.budget import Budget, BudgetSettings
from fluent_connect.clients.http import Answer, Door, Request
from fluent_connect.clients.tokens import ClientCredentials, PasswordGrant

Reply = Answer | Exception
COMMERCETOOLS = CommercetoolsAccess(
    project_key="shop",
    auth_url="https://auth.test",
    api_url="https://api.test",
    client_id="me",
    client_secret="hush",
    scopes=("manage_project:shop",),
)
FLUENT = FluentAccess(
    account="ACME",
    url="https://acme.test",
    username="bot",
    password="pass word",
    client_id="ACME",
    client_secret="hush",
)
TOKEN = {"access_token": "t-0", "expires_in": 3600, "refresh_token": "r-0"}


class Clock:
    """A clock that stands until it is told to go."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Wire:
    """A transport that answers from a list (the last one again and again) or by a function."""

    def __init__(self, *replies: Reply, by: Callable[[Request], Reply] | None = None) -> None:
        self.replies = list(replies)
        self.by = by
        self.requests: list[Request] = []
        self.grants: list[Request] = []
        self.token: Callable[[], Reply] = self._token

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        if request.url.endswith("/oauth/token"):
            self.grants.append(request)
            reply = self.token()
        else:
            self.requests.append(request)
            reply = self._next(request)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def close(self) -> None:
        pass

    def bodies(self) -> list[Any]:
        return [msgspec.json.decode(r.body) for r in self.requests if r.body]

    def _next(self, request: Request) -> Reply:
        if self.by is not None:
            return self.by(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def _token(self) -> Reply:
        count = len(self.grants)
        return json({**TOKEN, "access_token": f"t-{count}", "refresh_token": f"r-{count}"})


def json(value: object, status: int = 200, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, msgspec.json.encode(value), named)


def fluent_door(
    wire: Wire,
    clock: Clock | None = None,
    budget: BudgetSettings | None = None,
    breaker: BreakerSettings | None = None,
) -> Door:
    clock = clock or Clock()
    return Door(
        "fluent",
        "ACME",
        "https://acme.test/",
        wire,
        tokens=PasswordGrant(FLUENT, wire, clock=clock),
        breaker=Breaker("ACME", "fluent", breaker, clock),
        budget=Budget(budget, clock),
        headers={"fluent.account": "ACME"},
        clock=clock,
    )


def commercetools_door(wire: Wire, clock: Clock | None = None) -> Door:
    clock = clock or Clock()
    return Door(
        "commercetools",
        "ACME",
        "https://api.test",
        wire,
        tokens=ClientCredentials(COMMERCETOOLS, wire, clock=clock),
        breaker=Breaker("ACME", "commercetools", None, clock),
        budget=Budget(None, clock),
        clock=clock,
    )


def account(name: str, retailer: str, when: When | None = None, project: str = "shop") -> Account:
    access = msgspec.structs.replace(COMMERCETOOLS, project_key=project)
    return Account(
        name=name, retailer=retailer, commercetools=access, fluent=FLUENT, when=when or When()
    )


def edges(nodes: Sequence[object], *, more: bool = False) -> dict[str, object]:
    return {"edges": [{"node": node} for node in nodes], "pageInfo": {"hasNextPage": more}}


def found(*nodes: object, more: bool = False) -> Answer:
    return json({"data": {"found": edges(nodes, more=more)}})


def made(mutation: str, **fields: object) -> Answer:
    return json({"data": {mutation: fields}})


def refusal(code: str, message: str = "no", status: int = 200) -> Answer:
    error = {"message": message, "path": ["it"], "extensions": {"code": code}}
    return json({"data": None, "errors": [error]}, status)
