"""Fluent's GraphQL API: prepared operations, sent as they are, and answers read with suspicion."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.clients.fluent.batch import Asked, Batcher, BatchSettings
from fluent_connect.clients.fluent.errors import ErrorTable, error_from
from fluent_connect.clients.fluent.prepared import FOLDER, Operation, operations, prepare
from fluent_connect.clients.fluent.shared import Sharing
from fluent_connect.clients.fluent.told import NO_ANSWER, SPOKEN, UNREADABLE, Made, unspoken
from fluent_connect.clients.http import Answer, Door, Trace
from fluent_connect.model.errors import ConnectError, RefusedError

__all__ = ["FOLDER", "Graphql", "Made", "Operation", "operations", "prepare"]


Fit = Callable[[Operation], Operation]
"""Return an operation as the account knows it."""


class _Mutated(msgspec.Struct):
    data: dict[str, Made | None] | None = None
    errors: list[Any] | None = None


class _Found(msgspec.Struct):
    data: dict[str, Any] | None = None
    errors: list[Any] | None = None


_mutated = msgspec.json.Decoder(_Mutated)
_found = msgspec.json.Decoder(_Found)


def _as_it_is(operation: Operation) -> Operation:
    return operation


class Graphql:
    """Sends operations through a door. Errors are those of the table, and of `clients/http.py`.

    Those about the catalogue share requests with others that are asked for at the same time
    (`batch.py`); all others are one request each. `fit`: what is sent in place of an operation.
    """

    def __init__(
        self,
        door: Door,
        table: ErrorTable,
        batch: BatchSettings | None = None,
        fit: Fit | None = None,
    ) -> None:
        self.door = door
        self._fit = fit or _as_it_is
        self._table = table
        self._operations = operations()
        batch = batch or BatchSettings()
        share = Sharing(door, table).send
        self._batcher = Batcher(share, batch, door.timeout) if batch.most > 1 else None

    async def mutate(self, name: str, input: Mapping[str, object], trace: Trace) -> Made:
        """Send one mutation and return what it made.

        Raise UnreachableError if nobody knows whether it was carried out: look before a repeat.
        """
        operation = self._operations.get(name)
        if operation is None:
            raise RefusedError(f"Fluent's schema has no mutation {name}")
        operation = self._fit(operation)
        variables = {"input": input}
        if self._batcher is None or operation.part is None:
            return await self._mutate(operation, variables, trace)
        asked = Asked(
            operation, variables, trace, lambda: self._mutate(operation, variables, trace)
        )
        made: Made = await self._batcher.ask(asked)
        return made

    async def query(
        self, name: str, variables: Mapping[str, object], trace: Trace
    ) -> dict[str, Any]:
        """Return the data of an operation of this package.

        Whatever leaves a doubt (errors beside data, no data, no JSON) is raised: an empty answer
        that is returned is an answer.
        """
        operation = self._operations.get(name)
        if operation is None:
            raise KeyError(name)
        return await self._ask(self._fit(operation), variables, trace)

    async def ask(
        self, document: str, variables: Mapping[str, object], trace: Trace
    ) -> dict[str, Any]:
        """Return the data of a document of one operation."""
        return await self._ask(self._fit(prepare(document)), variables, trace)

    def queries(self) -> Sequence[Operation]:
        """Return all queries of this package, whether an account knows all of them or not."""
        return [each for each in self._operations.values() if each.text.startswith("query")]

    def error_in(self, answer: Answer) -> ConnectError | None:
        """Return what the errors of an answer come to; None without any."""
        try:
            errors = _found.decode(answer.body).errors
        except UNREADABLE:
            return None
        return error_from(self._table, errors, "fluent") if errors else None

    def close(self) -> None:
        """Give up what is shared and under way."""
        if self._batcher is not None:
            self._batcher.close()

    async def _ask(
        self, operation: Operation, variables: Mapping[str, object], trace: Trace
    ) -> dict[str, Any]:
        part = operation.part
        if self._batcher is None or part is None or part.kind != "query":
            return await self._query(operation, variables, trace)
        asked = Asked(operation, variables, trace, lambda: self._query(operation, variables, trace))
        found: dict[str, Any] = await self._batcher.ask(asked)
        return found

    async def _mutate(
        self, operation: Operation, variables: Mapping[str, object], trace: Trace
    ) -> Made:
        answer = await self._post(operation, variables, trace, keep=True)
        try:
            told = _mutated.decode(answer.body)
        except UNREADABLE as error:
            raise self._unreadable(answer, trace) from error
        made = next(iter(told.data.values()), None) if told.data else None
        if made is not None and (not told.errors or made.id is not None):
            return made
        if told.errors:
            raise self._refusal(told.errors, operation.name, trace)
        raise self._unreadable(answer, trace)

    async def _query(
        self, operation: Operation, variables: Mapping[str, object], trace: Trace
    ) -> dict[str, Any]:
        answer = await self._post(operation, variables, trace, keep=False)
        try:
            told = _found.decode(answer.body)
        except UNREADABLE as error:
            raise self._unreadable(answer, trace) from error
        if told.errors:
            raise self._refusal(told.errors, operation.name, trace)
        if told.data is None:
            raise self._unreadable(answer, trace)
        return told.data

    async def _post(
        self, operation: Operation, variables: Mapping[str, object], trace: Trace, *, keep: bool
    ) -> Answer:
        """Send it, and hand on a 4xx only if Fluent says in it, in GraphQL's way, what is wrong."""
        body = operation.body(variables)
        answer = await self.door.call(
            "POST",
            "/graphql",
            trace,
            body=body,
            label=f"/graphql {operation.name}",
            keep=keep,
            accept=SPOKEN,
        )
        error = unspoken(operation.name, answer)
        if error is not None:
            raise self.door.learn(error)
        return answer

    def _refusal(self, errors: Sequence[Any], name: str, trace: Trace) -> Exception:
        error = error_from(self._table, errors, f"fluent {name}")
        trace.calls[-1].answer = str(error)
        return self.door.learn(error)

    def _unreadable(self, answer: Answer, trace: Trace) -> Exception:
        return self.door.unreadable(trace, answer, NO_ANSWER)
