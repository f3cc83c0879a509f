"""A Fluent that answers shared requests, alias by alias, as a test says; and many that ask."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.fluent.batch import BatchSettings
from fluent_connect.clients.fluent.client import Fluent, FluentApi
from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.clients.http import Answer, Request
from fluent_connect.clients.trace import Trace
from fluent_connect.model.lease import Lease
from unit.clients.wire import Reply, Wire, edges, fluent_door, json

CATALOGUE = {"ref": "DEFAULT:1"}
Says = Callable[[str, Mapping[str, Any]], object]
"""(operation, variables of one alias) -> its data; an exception or Answer for the whole request."""


class Company(Wire):
    """Answers each alias by a function; a dictionary with `message` is that alias's error."""

    def __init__(self, says: Says) -> None:
        super().__init__(by=self._answer)
        self._says = says
        self.gate: asyncio.Event | None = None
        """Requests wait before it."""
        self.most_at_once = self._now = 0
        self._arrived = asyncio.Event()
        self._expected = 0

    async def arrived(self, count: int = 1) -> None:
        """Return once so many requests stand before the gate."""
        self._expected = count
        self._arrived.clear()
        if self._now < count:
            await self._arrived.wait()

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        if self.gate is not None and request.url.endswith("/graphql"):
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            if self._now >= self._expected:
                self._arrived.set()
            await self.gate.wait()
            self._now -= 1
        return await super().send(request, timeout)

    @property
    def sizes(self) -> list[tuple[str, int]]:
        """The operation of each request, and how many were in it."""
        return [(name(body), len(parts(body))) for body in self.bodies()]

    def _answer(self, request: Request) -> Reply:
        assert request.body is not None
        body = msgspec.json.decode(request.body)
        data: dict[str, object] = {}
        errors: list[object] = []
        for root, variables in parts(body).items():
            told = self._says(name(body), variables)
            if isinstance(told, Exception | Answer):
                return told
            failed = isinstance(told, dict) and "message" in told
            if failed:
                assert isinstance(told, dict)
                errors.append({"path": [root], **told})
            data[root] = None if failed else told
        return json({"data": data, **({"errors": errors} if errors else {})})


def name(body: Mapping[str, Any]) -> str:
    return str(body["query"]).split("(")[0].split()[1]


def parts(body: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the variables of each alias under the root that its answer is expected at."""
    text, variables = body["query"], body["variables"]
    numbers = sorted({int(n) for key in variables for n in re.findall(r"_(\d+)$", key)})
    root = re.findall(r"\{ *(\w+)", text)[0]
    if not numbers:
        return {root: dict(variables)}
    stem = root.removesuffix("_0")
    return {
        f"{stem}_{n}": {
            k.rpartition("_")[0]: v for k, v in variables.items() if k.endswith(f"_{n}")
        }
        for n in numbers
    }


def held(*nodes: object) -> dict[str, object]:
    """Return the data of a look-up."""
    return edges(nodes)


def nothing_held(operation: str, variables: Mapping[str, Any]) -> object:
    """Say as an empty Fluent: nothing is found, everything can be made."""
    if operation.startswith("find"):
        return held()
    return {"id": "1", "ref": variables["input"].get("ref"), "status": "CREATED"}


def api(wire: Wire, **settings: int) -> FluentApi:
    return FluentApi(fluent_door(wire), "1", batch=BatchSettings(**settings))


def bound(api: FluentApi, lease: float = 90.0) -> Fluent:
    return api.bound(Trace(Lease(lambda: lease, lambda: 0.0), "m-1"))


async def push_at_once(api: FluentApi, changes: Sequence[Upsert]) -> list[Any]:
    """Push each change for a message of its own, all at the same time."""
    pushes = (bound(api).push(change) for change in changes)
    return await asyncio.gather(*pushes, return_exceptions=True)


def category(ref: str, parent: str = "") -> Upsert:
    fields: dict[str, object] = {"ref": ref, "catalogue": CATALOGUE, "name": ref}
    if parent:
        fields["parentCategory"] = {"ref": parent, "catalogue": CATALOGUE}
    return Upsert(entity="category", ref=ref, create={**fields, "type": "STANDARD"}, update=fields)


def categories(count: int) -> list[Upsert]:
    return [category(f"c{number}") for number in range(count)]


def order(ref: str) -> Upsert:
    return Upsert(entity="order", ref=ref, create={"ref": ref, "totalPrice": 1}, candidates=(ref,))


def standard(ref: str, *categories: str) -> Upsert:
    keys = [{"ref": each, "catalogue": CATALOGUE} for each in categories]
    fields = {"ref": ref, "catalogue": CATALOGUE, "name": ref, "categories": keys}
    return Upsert(entity="standardProduct", ref=ref, create=fields, update=fields)


def variant(ref: str, product: str) -> Upsert:
    key = {"ref": product, "catalogue": CATALOGUE}
    fields = {"ref": ref, "catalogue": CATALOGUE, "product": key}
    return Upsert(entity="variantProduct", ref=ref, create=fields, update=fields)
