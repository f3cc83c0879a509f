"""Fluent accounts with schemas of their own, for the tests of what is learnt of them."""

import functools
from collections.abc import Callable
from typing import Any

import msgspec
from graphql import GraphQLSchema, execute_sync, parse

from fluent_connect.clients.fluent.client import Fluent, FluentApi
from fluent_connect.clients.fluent.schema.learning import Schema, SchemaReport
from fluent_connect.clients.http import Answer, Request, Trace
from fluent_connect.sandbox.fluent.editions import schema
from unit.clients.wire import Clock, Reply, Wire, fluent_door, json

WHOLE, OLD = schema(), schema("2022")
ME = {"me": {"id": "1", "username": "bot"}}


@functools.cache
def told(of: GraphQLSchema, query: str) -> Answer:
    """Return what an account with this schema answers to an introspection."""
    result = execute_sync(of, parse(query))
    assert not result.errors
    return json({"data": result.data})


class Account:
    """A Fluent account behind a wire: its schema, what it was asked, and a client for it.

    `answer`: what is said to the introspection, in place of the schema. `out`: to everything.
    """

    def __init__(self, of: GraphQLSchema = WHOLE) -> None:
        self.schema = of
        self.answer: Callable[[], Reply] | None = None
        self.out: Reply | None = None
        self.asked: list[str] = []
        self.sent: list[Any] = []
        self.wire = Wire(by=self._reply)
        self.clock = Clock(0.0)
        self.door = fluent_door(self.wire)
        self.reports: list[SchemaReport] = []
        self.known = Schema("ACME", asks=True, on_report=self.reports.append, clock=self.clock)
        self.api = FluentApi(self.door, "1", schema=self.known)

    @property
    def fluent(self) -> Fluent:
        return self.api.bound(Trace())

    def _reply(self, request: Request) -> Reply:
        assert request.body is not None
        body = msgspec.json.decode(request.body)
        name = body["query"].split("(")[0].split()[1]
        self.asked.append(name)
        if self.out is not None:
            return self.out
        if name == "schemaOfThisAccount":
            return self.answer() if self.answer else told(self.schema, body["query"])
        if name == "me":
            return json({"data": ME})
        self.sent.append(body)
        found = {"edges": [], "pageInfo": {"hasNextPage": False}}
        if body["query"].startswith("query"):
            return json({"data": {"found": found}})
        return json({"data": {name: {"id": "9", "ref": "x", "status": "CREATED"}}})
