"""Fluent's GraphQL API: prepared operations, sent as they are, and answers read with suspicion."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from fluent_connect.clients.fluent.errors import ErrorTable, error_from
from fluent_connect.clients.http import Answer, Door, Trace
from fluent_connect.clients.statuses import error_of
from fluent_connect.model.errors import ConnectError, RefusedError, UnreachableError

FOLDER = Path(__file__).with_name("operations")
_START = re.compile(r"^(?:query|mutation)\s+(\w+)", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_SPOKEN = frozenset({400, 404, 409, 422})
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Made(msgspec.Struct):
    """What a mutation returns of the entity that it made or changed."""

    id: str | int | None = None
    ref: str | None = None
    username: str | None = None
    status: str | None = None

    @property
    def number(self) -> str | None:
        """Return the id as text: Fluent writes it either way."""
        return None if self.id is None else str(self.id)


class _Mutated(msgspec.Struct):
    data: dict[str, Made | None] | None = None
    errors: list[Any] | None = None


class _Found(msgspec.Struct):
    data: dict[str, Any] | None = None
    errors: list[Any] | None = None


_mutated = msgspec.json.Decoder(_Mutated)
_found = msgspec.json.Decoder(_Found)


class Operation(msgspec.Struct, frozen=True):
    """One operation, ready to be sent: all of the body that stands before the variables."""

    name: str
    text: str
    head: bytes

    def body(self, variables: Mapping[str, object]) -> bytes:
        """Return the body of the request."""
        return b"%b%b}" % (self.head, _encode(variables))


def prepare(document: str) -> Operation:
    """Return a document of one operation, ready to be sent."""
    start = _START.search(document)
    text = _SPACE.sub(" ", document).strip()
    head = b'{"query":' + _encode(text) + b',"variables":'
    return Operation(start[1] if start else "anonymous", text, head)


@cache
def operations() -> Mapping[str, Operation]:
    """Return the operations of this package, by name; read once."""
    found: dict[str, Operation] = {}
    for file in sorted(FOLDER.glob("*.graphql")):
        text = "\n".join(
            line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")
        )
        starts = [match.start() for match in _START.finditer(text)]
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            operation = prepare(text[start:end])
            found[operation.name] = operation
    return found


class Graphql:
    """Sends operations through a door. Errors are those of the table, and of `clients/http.py`."""

    def __init__(self, door: Door, table: ErrorTable) -> None:
        self.door = door
        self._table = table
        self._operations = operations()

    async def mutate(self, name: str, input: Mapping[str, object], trace: Trace) -> Made:
        """Send one mutation and return what it made.

        Raise UnreachableError if nobody knows whether it was carried out: look before a repeat.
        """
        operation = self._operations.get(name)
        if operation is None:
            raise RefusedError(f"Fluent's schema has no mutation {name}")
        answer = await self._post(operation, {"input": input}, trace, keep=True)
        try:
            told = _mutated.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._unreadable(answer, trace) from error
        made = next(iter(told.data.values()), None) if told.data else None
        if made is not None and (not told.errors or made.id is not None):
            return made
        if told.errors:
            raise self._refusal(told.errors, name, trace)
        raise self._unreadable(answer, trace)

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
        return await self._ask(operation, variables, trace)

    async def ask(
        self, document: str, variables: Mapping[str, object], trace: Trace
    ) -> dict[str, Any]:
        """Return the data of a document of one operation."""
        return await self._ask(prepare(document), variables, trace)

    async def _ask(
        self, operation: Operation, variables: Mapping[str, object], trace: Trace
    ) -> dict[str, Any]:
        answer = await self._post(operation, variables, trace, keep=False)
        try:
            told = _found.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
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
            accept=_SPOKEN,
        )
        if answer.status in _SPOKEN and not _has_errors(answer):
            raise self.door.learn(_unspoken(operation.name, answer))
        return answer

    def _refusal(self, errors: Sequence[Any], name: str, trace: Trace) -> Exception:
        error = error_from(self._table, errors, f"fluent {name}")
        trace.calls[-1].answer = str(error)
        return self.door.learn(error)

    def _unreadable(self, answer: Answer, trace: Trace) -> Exception:
        return self.door.unreadable(trace, answer, "an answer without data, not JSON, or cut off")


def _unspoken(name: str, answer: Answer) -> ConnectError:
    """Return the error for a 4xx that GraphQL did not write. No GraphQL there is an outage."""
    error = error_of(f"fluent {name}", answer)
    return UnreachableError(*error.args, outage=True) if answer.status == 404 else error  # noqa: PLR2004


def _has_errors(answer: Answer) -> bool:
    try:
        return bool(_found.decode(answer.body).errors)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
