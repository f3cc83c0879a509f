"""The one HTTP door out: sign-in, budget, breaker, time-out, record, and status -> our errors."""

import asyncio
import time
from collections.abc import Callable, Container, Mapping

import aiohttp
from yarl import URL

from fluent_connect.clients.breaker import Breaker
from fluent_connect.clients.budget import Budget
from fluent_connect.clients.exchange import DroppedError, Exchange, parted, written
from fluent_connect.clients.pool import Pool
from fluent_connect.clients.redact import brief, excerpt
from fluent_connect.clients.statuses import error_of
from fluent_connect.clients.tokens import Tokens
from fluent_connect.clients.trace import Call, Trace
from fluent_connect.clients.transport import Answer, Request, Transport
from fluent_connect.model.errors import (
    ConnectError,
    RateLimitedError,
    RetryableError,
    UnreachableError,
)
from fluent_connect.model.killpoint import reach

__all__ = ["AiohttpTransport", "Answer", "Call", "Door", "Request", "Trace", "Transport"]

USER_AGENT = "fluent-connect/0.1"
_OK = range(200, 300)
_NOT_FOUND = frozenset({404})
_HOSTS = 256
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
"""Methods whose request may go out again where nobody knows whether the first one arrived."""


class AiohttpTransport:
    """HTTP/1.1 over connections that aiohttp opens (names, addresses, TLS).

    What goes over them is ours: a request needs little of what aiohttp's session does for each.
    Make it inside the event loop that uses it.
    """

    def __init__(self, *, connections: int = 256, keepalive: float = 30.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self._pool = Pool(self._connected, most=connections, keepalive=keepalive)
        self._hosts: dict[str, str] = {}

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        """Return the whole answer within `timeout` seconds; UnreachableError if there is none."""
        origin, target = parted(request.url)
        data = written(request, target, self._hosts.get(origin) or self._host(origin))
        exchange = self._pool.ready(origin)
        if exchange is not None:
            try:
                return await self._ask(exchange, data, timeout)
            except DroppedError:
                if request.method not in _REPEATABLE:
                    raise
        begun = self._loop.time()
        try:
            async with asyncio.timeout(timeout):
                exchange = await self._pool.fresh(origin)
        except TimeoutError:
            raise UnreachableError(f"no connection within {timeout:g} s", sent=False) from None
        return await self._ask(exchange, data, timeout, self._loop.time() - begun)

    async def close(self) -> None:
        """Let go of all connections."""
        self._pool.close()
        await self._connector.close()

    async def _ask(
        self, exchange: Exchange, data: bytes, patience: float, waited: float = 0.0
    ) -> Answer:
        self._pool.start(exchange, patience, waited)
        try:
            return await exchange.ask(data, self._loop)
        finally:
            self._pool.give_back(exchange)

    async def _connected(self, origin: str) -> Exchange:
        """Open a connection. Raise UnreachableError, not sent, if there is none to be had."""
        wanted = aiohttp.ClientRequest("GET", URL(origin), loop=self._loop)
        try:
            connection = await self._connector.connect(wanted, [], aiohttp.ClientTimeout())
        except (aiohttp.ClientError, OSError) as error:
            raise UnreachableError(f"no connection: {_told(error)}", sent=False) from error
        transport, aiohttps = connection.transport, connection.protocol
        if transport is None or aiohttps is None:
            raise UnreachableError("no connection: lost at once", sent=False)

        def lost(exchange: Exchange) -> None:
            aiohttps.connection_lost(None)  # the connector waits for that when it is closed
            connection.close()
            self._pool.lost(exchange)

        exchange = Exchange(transport, lost)
        transport.set_protocol(exchange)
        return exchange

    def _host(self, origin: str) -> str:
        """Return what the header Host says, looked up once for each origin."""
        host = URL(origin).with_user(None).raw_authority
        if len(self._hosts) < _HOSTS:
            self._hosts[origin] = host
        return host


class Door:
    """The way out of one account to one system. Long-lived; each call brings its own trace."""

    def __init__(
        self,
        system: str,
        account: str,
        url: str,
        transport: Transport,
        *,
        tokens: Tokens,
        breaker: Breaker,
        budget: Budget,
        timeout: float = 10.0,
        headers: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.system = system
        self.account = account
        self.breaker = breaker
        self.timeout = timeout
        self._url = url.rstrip("/")
        self._transport = transport
        self._tokens = tokens
        self._budget = budget
        self._clock = clock
        self._points = f"{system}:before-call", f"{system}:after-call"
        self._fixed = {"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})}
        self._signed = ""
        self._refusal: ConnectError | None = None
        self._plain: Mapping[str, str] = {}
        self._with_body: Mapping[str, str] = {}

    async def call(
        self,
        method: str,
        path: str,
        trace: Trace,
        *,
        body: bytes | None = None,
        label: str = "",
        keep: bool = False,
        accept: Container[int] = _NOT_FOUND,
    ) -> Answer:
        """Return the answer if it is 2xx or among `accept`; raise what any other one means.

        `path` is percent-encoded; `label` is what the record calls it. `keep`: the answer holds
        nobody's data, so its beginning is recorded. A lease with less than one time-out left makes
        no call. A refused token is renewed once, and the call repeated once.
        """
        breaker, tokens = self.breaker, self._tokens
        if not breaker.closed and breaker.open:
            breaker.enter()
        held = not self._budget.free
        if held:
            await self._budget.enter()
        try:
            due = self._clock() >= tokens.renew_at
            await _stop_if_late(trace, 2 * self.timeout if due else self.timeout)
            breaker.enter()
            if due:
                await self._renew(trace)
            used = tokens.authorization
            name = label or path.partition("?")[0]
            answer = await self._send(Call(self.system, method, name, 0, 0.0), path, body, trace)
            if answer.status == 401:  # noqa: PLR2004
                answer = await self._again(
                    used, Call(self.system, method, name, 0, 0.0), path, body, trace=trace
                )
        finally:
            if held:
                self._budget.leave()
        if answer.status in _OK or answer.status in accept:
            breaker.succeeded()
            if keep:
                trace.calls[-1].answer = brief(answer.body)
            return answer
        call = trace.calls[-1]
        call.sent, call.answer = excerpt(body), excerpt(answer.body)
        raise self.learn(error_of(f"{self.system} {method} {call.path}", answer, self._clock()))

    def learn(self, error: ConnectError) -> ConnectError:
        """Let breaker and budget know what an answer came to, and return the error."""
        self.breaker.failed(error)
        if isinstance(error, RateLimitedError):
            self._budget.slow_down(error.retry_after)
        return error

    def unreadable(self, trace: Trace, answer: Answer, why: str) -> ConnectError:
        """Return the error for a 2xx whose body is not as it should be: the outcome is unclear."""
        call = trace.calls[-1]
        call.answer = call.answer or excerpt(answer.body)
        return self.learn(UnreachableError(f"{self.system} {call.path}: {why}"))

    async def _send(self, call: Call, path: str, body: bytes | None, trace: Trace) -> Answer:
        trace.calls.append(call)
        request = Request(call.method, self._url + path, self._headers(body, trace), body)
        begun = time.perf_counter()
        reach(self._points[0])
        try:
            answer = await self._transport.send(request, self.timeout)
        except UnreachableError as error:
            call.sent, call.answer = excerpt(body), str(error)
            self.breaker.failed(error)
            error.args = (f"{self.system} {call.method} {call.path}: {error}",)
            raise
        finally:
            call.seconds = time.perf_counter() - begun
        reach(self._points[1])
        call.status = answer.status
        return answer

    async def _again(
        self, refused: str, call: Call, path: str, body: bytes | None, *, trace: Trace
    ) -> Answer:
        """Repeat a call whose token was refused: it was not carried out."""
        self._tokens.drop(refused)
        await _stop_if_late(trace, 2 * self.timeout)
        if self._clock() >= self._tokens.renew_at:
            await self._renew(trace)
        return await self._send(call, path, body, trace)

    async def _renew(self, trace: Trace) -> None:
        """Sign in; one failure counts once, however many calls have waited for it."""
        try:
            await self._tokens.renew(trace)
        except ConnectError as error:
            if error is not self._refusal:
                self._refusal = error
                self.learn(error)
            raise error from None

    def _headers(self, body: bytes | None, trace: Trace) -> Mapping[str, str]:
        if self._signed != self._tokens.authorization:
            self._signed = self._tokens.authorization
            self._plain = {**self._fixed, "Authorization": self._signed}
            self._with_body = {**self._plain, "Content-Type": "application/json"}
        headers = self._plain if body is None else self._with_body
        if trace.correlation:
            return {**headers, "X-Correlation-ID": trace.correlation}
        return headers


async def _stop_if_late(trace: Trace, needed: float) -> None:
    lease = trace.lease
    if lease is not None and lease.left() < needed and not await lease.covers(needed):
        raise RetryableError("the lease ends before a call could", counts=False)


def _told(error: BaseException) -> str:
    return str(error) or type(error).__name__
