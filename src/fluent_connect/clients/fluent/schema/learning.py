"""What is known of an account's schema, and how it is asked for: once, by whoever comes first."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from fluent_connect.clients.fluent.errors import UnknownCodeError
from fluent_connect.clients.fluent.graphql import Graphql
from fluent_connect.clients.fluent.prepared import Operation, prepare
from fluent_connect.clients.fluent.schema.account import as_shipped, of_account
from fluent_connect.clients.fluent.schema.changes import FaultyInputError, Inspector
from fluent_connect.clients.fluent.schema.documents import trimmed
from fluent_connect.clients.fluent.schema.fit import C, fitted
from fluent_connect.clients.fluent.schema.introspect import QUERY, Told, understood
from fluent_connect.clients.http import Answer, Trace
from fluent_connect.clients.redact import words
from fluent_connect.model.errors import ConnectError, RetryableError, UnreachableError

State = Literal["as shipped", "older", "unfit", "silent", "not asked"]
_REFUSALS = frozenset({400, 403, 404, 405, 406, 413, 414, 415, 422, 501})
_TRIES = 3
_AGAIN = 300.0
_OK = 200


class SchemaReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the schema of an account.

    state:    as shipped · older (`lacks` is dropped) · unfit (`demands`: nothing is sent) · silent
              (the account does not say: taken to be as shipped) · not asked (no answer so far).
    lacks:    `Type.field` that the account does not know; of selections, that are not asked for.
    demands:  `Type.field` that it requires, and this version does not know.
    stricter: `Type.field` that it requires, and the shipped schema does not.
    note:     why, where the state does not say it.
    """

    account: str
    state: State
    lacks: Sequence[str] = ()
    demands: Sequence[str] = ()
    stricter: Sequence[str] = ()
    note: str = ""


class UnfitSchemaError(UnreachableError):
    """The account requires what this version does not know: an outage, until one is changed."""

    def __init__(self, report: SchemaReport) -> None:
        super().__init__(
            f"Fluent account {report.account} requires {', '.join(report.demands)}, which this "
            "version of fluent-connect does not know: upgrade it, or have Fluent make it optional",
            outage=True,
            retry_after=_AGAIN,
        )
        self.report = report


class Schema:
    """The schema of one account. Long-lived, shared by its retailers.

    `asks` False: nobody asks the account; it is taken to be as shipped. `on_report`: is told of
    what an operator should know, once.
    """

    def __init__(
        self,
        account: str = "",
        *,
        asks: bool = False,
        on_report: Callable[[SchemaReport], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.report = SchemaReport(account=account, state="not asked" if asks else "as shipped")
        self.known = not asks
        """Whether changes may be sent."""
        self._on_report = on_report
        self._clock = clock
        self._current = as_shipped()
        self._inspector = Inspector(self._current.table)
        self._operations: dict[str, Operation] = {}
        self._lock = asyncio.Lock()
        self._failed = 0
        self._again = 0.0

    async def learn(self, graphql: Graphql) -> None:
        """Ask the account for its schema, if nobody has.

        Raise UnfitSchemaError if nothing must be sent, and what a call raises if the account gives
        no answer. An account that answers, but not to this, is taken to be as shipped.
        """
        async with self._lock:
            if self.known:
                return
            if self._clock() < self._again:
                raise UnfitSchemaError(self.report)
            await self._ask(graphql)

    def fitted(self, change: C) -> C:
        """Return a change without what the account does not know."""
        return change if self._current.complete else fitted(change, self._current)

    def accepted(self, changes: Sequence[C]) -> Sequence[C]:
        """Return changes as they can be sent. Raise FaultyInputError with all that is wrong."""
        if not self._current.complete:
            changes = [fitted(each, self._current) for each in changes]
        faults = self._inspector.faults(changes)
        if faults:
            raise FaultyInputError(faults)
        return changes

    def operation(self, operation: Operation) -> Operation:
        """Return an operation without the fields that the account does not know."""
        if self._current.told is None:
            return operation
        found = self._operations.get(operation.text)
        if found is None:
            found = self._operations[operation.text] = self._trimmed(operation)
        return found

    async def _ask(self, graphql: Graphql) -> None:
        trace = Trace()
        try:
            answer = await graphql.door.call(
                "POST",
                "/graphql",
                trace,
                body=prepare(QUERY).body({}),
                label="/graphql schema",
                accept=_REFUSALS,
            )
        except UnreachableError as error:
            if error.outage:
                raise
            await self._doubt(graphql, error)
            return
        told = understood(_data(answer.body)) if answer.status == _OK else None
        if told is not None:
            self._compare(told, graphql)
            return
        refusal = graphql.error_in(answer)
        if isinstance(refusal, RetryableError) and not _may_refuse(refusal):
            await self._doubt(graphql, refusal)
        else:
            await graphql.query("me", {}, trace)
            self._take_as_shipped(f"introspection is refused: {_why(answer)}")

    async def _doubt(self, graphql: Graphql, error: ConnectError) -> None:
        """Come again, unless it is only this question that gets no answer, time after time."""
        await graphql.query("me", {}, Trace())
        self._failed += 1
        if self._failed < _TRIES:
            raise RetryableError(
                f"the schema of Fluent account {self.report.account} is not known yet: {error}",
                retry_after=1.0,
                counts=False,
            ) from error
        self._take_as_shipped(f"introspection failed {_TRIES} times: {error}")

    def _compare(self, told: Told, graphql: Graphql) -> None:
        account, schema = self.report.account, of_account(told)
        asked = [trimmed(one.text, told) for one in graphql.queries()]
        demands = sorted({*schema.demands, *(each for one in asked for each in one.demanded)})
        if demands:
            self.report = SchemaReport(account=account, state="unfit", demands=demands)
            self._again = self._clock() + _AGAIN
            self._on_report(self.report)
            raise graphql.door.learn(UnfitSchemaError(self.report))
        unasked = sorted({each for one in asked for each in (*one.dropped, *one.absent)})
        self._current = schema
        self._inspector = Inspector(schema.table)
        self.report = SchemaReport(account=account, state="as shipped", stricter=schema.stricter)
        self.known = True
        if lacks := (*schema.lacking(), *unasked):
            self._tell_lacking(lacks)

    def _trimmed(self, operation: Operation) -> Operation:
        """Return an operation as the account knows it; tell what is left out, if that is new."""
        told = self._current.told
        if told is None:
            return operation
        found = trimmed(operation.text, told)
        new = [each for each in found.dropped if each not in self.report.lacks]
        if new:
            self._tell_lacking(new)
        return prepare(found.text) if found.dropped else operation

    def _tell_lacking(self, lacks: Sequence[str]) -> None:
        all_ = (*self.report.lacks, *lacks)
        self.report = msgspec.structs.replace(self.report, state="older", lacks=all_)
        self._on_report(msgspec.structs.replace(self.report, lacks=lacks))

    def _take_as_shipped(self, why: str) -> None:
        self.report = SchemaReport(account=self.report.account, state="silent", note=why)
        self.known = True
        self._on_report(self.report)


def _may_refuse(error: RetryableError) -> bool:
    """Say whether an error may mean that this is not to be asked: no permission, no known code."""
    outage = isinstance(error, UnreachableError) and error.outage
    return outage or isinstance(error, UnknownCodeError)


def _why(answer: Answer) -> str:
    if answer.status == _OK and not answer.body:
        return "an empty answer"
    return f"HTTP {answer.status}: {words(answer.body)}"


def _data(body: bytes) -> Mapping[str, Any]:
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    data = told.get("data") if isinstance(told, dict) else None
    return data if isinstance(data, dict) else {}
