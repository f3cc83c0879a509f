"""One request for many operations: its document, and what its answer says to each of them."""

import copy
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from fluent_connect.clients.fluent.batch import ALONE, Asked, Results
from fluent_connect.clients.fluent.document import Part, together
from fluent_connect.clients.fluent.errors import ErrorTable, UnknownCodeError, error_from
from fluent_connect.clients.fluent.prepared import Operation, head
from fluent_connect.clients.fluent.told import NO_ANSWER, SPOKEN, UNREADABLE, Made, unspoken
from fluent_connect.clients.http import Answer, Door
from fluent_connect.clients.redact import brief, excerpt
from fluent_connect.clients.trace import Trace
from fluent_connect.model.errors import (
    ConnectError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from fluent_connect.model.lease import Lease

_TOO_COMPLEX = "C0001E"
_TOO_LARGE = 413
_NULL = b"null"


class _Answered(msgspec.Struct):
    data: dict[str, msgspec.Raw] | None = None
    errors: list[Any] | None = None


class _Heard(msgspec.Struct):
    """What an answer says to one operation: its data by root, and the errors of these roots.

    everybodys: the errors without a path.
    """

    data: Mapping[str, msgspec.Raw]
    own: list[Any]
    everybodys: Sequence[Any]


_answered = msgspec.json.Decoder(_Answered).decode
_made = msgspec.json.Decoder(Made | None).decode
_value = msgspec.json.Decoder().decode


class Sharing:
    """Sends operations of one name in one request, and reads its answer with suspicion."""

    def __init__(self, door: Door, table: ErrorTable) -> None:
        self._door = door
        self._table = table

    async def send(self, members: Sequence[Asked]) -> Results:
        """Return what came of each: a value, its own error, or ALONE.

        No answer (a time-out, a reset, 429, 5xx) is everybody's error. ALONE is what the company
        may be the reason of: a request refused as a whole, too complex or too large, an unknown
        code, an error without a path, no answer among those of others. Only what was to make
        something is never sent again after the latter: its message looks first.
        """
        trace = _trace(members)
        results = Results([])
        heard: Sequence[_Heard] = ()
        try:
            answer = await self._post(members, trace)
            heard = _hear(members, answer)
            if heard:
                results = self._results(members, heard)
            else:
                error = self._door.unreadable(trace, answer, NO_ANSWER)
                results.values = [copy.copy(error) if each.creates else ALONE for each in members]
        except RefusedError as error:
            results = Results([ALONE] * len(members), error.status == _TOO_LARGE)
        except ConnectError as error:
            results.values = [copy.copy(error) for _ in members]
        _record(members, trace, heard, results.values)
        return results

    async def _post(self, members: Sequence[Asked], trace: Trace) -> Answer:
        operation = members[0].operation
        answer = await self._door.call(
            "POST",
            "/graphql",
            trace,
            body=_head(operation, len(members)) + _variables(members),
            label=f"/graphql {operation.name}",
            accept=SPOKEN,
        )
        error = unspoken(operation.name, answer)
        if error is not None:
            raise self._door.learn(error)
        return answer

    def _results(self, members: Sequence[Asked], heard: Sequence[_Heard]) -> Results:
        values: list[object] = []
        errors: list[ConnectError] = []
        too_much = False
        for asked, one in zip(members, heard, strict=True):
            value = self._result(asked, one)
            if isinstance(value, ConnectError):
                errors.append(value)
                too_much |= _too_much(value, one)
                if _company_may_be_why(value, asked, one):
                    value = ALONE
            values.append(value)
        self._learn(errors, len(members))
        return Results(values, too_much)

    def _result(self, asked: Asked, heard: _Heard) -> object:
        """Return the value of one operation, or its error."""
        name, errors = asked.operation.name, [*heard.own, *heard.everybodys]
        try:
            value = _read(_part(asked.operation), heard)
        except UNREADABLE:
            value = None
        made = isinstance(value, Made) and value.id is not None
        if value is not None and (made or not errors):
            return value
        if errors:
            return error_from(self._table, errors, f"fluent {name}")
        return UnreachableError(f"fluent {name}: {NO_ANSWER}, among others of one request")

    def _learn(self, errors: Sequence[ConnectError], count: int) -> None:
        """Let breaker and budget know, once, what the request came to."""
        gravest = next((each for each in errors if _stops_all(each)), None)
        if gravest is None and len(errors) == count:
            gravest = next((each for each in errors if isinstance(each, UnreachableError)), None)
        if gravest is not None:
            self._door.learn(gravest)


def _hear(members: Sequence[Asked], answer: Answer) -> Sequence[_Heard]:
    """Part the answer by the numbers at its roots; nothing if it is no answer."""
    try:
        told = _answered(answer.body)
    except UNREADABLE:
        return ()
    if not told.data and not told.errors:
        return ()
    own: dict[int, list[Any]] = {number: [] for number in range(len(members))}
    everybodys: list[Any] = []
    for each in told.errors or ():
        own.get(_number(each), everybodys).append(each)
    data, roots = told.data or {}, _part(members[0].operation).roots
    return [
        _Heard(
            {root: data[name] for root in roots if (name := f"{root}_{number}") in data},
            own[number],
            everybodys,
        )
        for number in range(len(members))
    ]


def _number(error: Any) -> int:
    """Return whose error it is, as its path says; -1 without one."""
    path = error.get("path") if isinstance(error, Mapping) else None
    root = path[0] if isinstance(path, list) and path else ""
    number = str(root).rpartition("_")[2]
    return int(number) if number.isdecimal() else -1


def _read(part: Part, heard: _Heard) -> object:
    """Return the value that the data of one operation comes to; None if something is missing."""
    if part.kind == "mutation":
        return next((_made(raw) for raw in heard.data.values()), None)
    if not heard.data or not all(root in heard.data for root in part.required):
        return None
    return {root: _value(raw) for root, raw in heard.data.items()}


def _company_may_be_why(error: ConnectError, asked: Asked, heard: _Heard) -> bool:
    if isinstance(error, RateLimitedError):
        return False
    if isinstance(error, UnreachableError):
        return not (heard.own or heard.everybodys or asked.creates)
    return not heard.own or isinstance(error, UnknownCodeError) or _is_too_complex(error)


def _too_much(error: ConnectError, heard: _Heard) -> bool:
    """Say whether fewer should share a request: it was too complex, or nobody knows why."""
    unknown = isinstance(error, UnknownCodeError) and not heard.own
    return _is_too_complex(error) or unknown


def _is_too_complex(error: ConnectError) -> bool:
    return isinstance(error, RefusedError) and _TOO_COMPLEX in error.codes


def _stops_all(error: ConnectError) -> bool:
    outage = isinstance(error, UnreachableError) and error.outage
    return outage or isinstance(error, RateLimitedError)


def _part(operation: Operation) -> Part:
    part = operation.part
    assert part is not None  # noqa: S101 - only such operations are shared
    return part


@lru_cache(maxsize=512)
def _head(operation: Operation, count: int) -> bytes:
    """Return what stands before the variables of so many operations of one name."""
    return head(together(_part(operation), operation.name, count))


def _variables(members: Sequence[Asked]) -> bytes:
    named = (
        b'"%b_%d":%b' % (name.encode(), number, value)
        for number, asked in enumerate(members)
        for name, value in asked.values.items()
    )
    return b"{%b}}" % b",".join(named)


def _trace(members: Sequence[Asked]) -> Trace:
    """Return a trace for all: the shortest lease counts, and the first one's correlation."""
    leases = [each.trace.lease for each in members if each.trace.lease is not None]
    shortest = Lease(lambda: min(each.left() for each in leases), lambda: 0.0)
    return Trace(shortest if leases else None, members[0].trace.correlation)


def _record(
    members: Sequence[Asked], trace: Trace, heard: Sequence[_Heard], values: Sequence[object]
) -> None:
    """Note the calls with each message, and of their contents only what is its own."""
    for number, asked in enumerate(members):
        for call in trace.calls:
            sent = excerpt(_variables([asked])[:-1]) if call.sent else ""
            asked.trace.calls.append(msgspec.structs.replace(call, sent=sent, shared=len(members)))
        if heard:
            asked.trace.calls[-1].answer = _told(asked, heard[number], values[number])


def _told(asked: Asked, heard: _Heard, value: object) -> str:
    """Return what the record of a message says of its part of the answer; of a read, nothing."""
    if value is ALONE:
        return "no answer of use in company: asked again alone"
    if isinstance(value, ConnectError):
        return str(value)
    if _part(asked.operation).kind != "mutation":
        return ""
    return brief(next((bytes(raw) for raw in heard.data.values()), b""))
