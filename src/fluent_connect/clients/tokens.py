"""Access tokens of both systems: renewed early, by one at a time, and never shown."""

import asyncio
import time
from abc import ABC, abstractmethod
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

import msgspec

from fluent_connect.clients.accounts import CommercetoolsAccess, FluentAccess
from fluent_connect.clients.statuses import error_of
from fluent_connect.clients.trace import Call, Trace
from fluent_connect.clients.transport import Answer, Request, Transport
from fluent_connect.model.errors import RateLimitedError, UnreachableError

_EARLY = 60.0
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = 600.0
    refresh_token: str | None = None


_granted = msgspec.json.Decoder(_Granted, strict=False)


class Tokens(ABC):
    """One access token, shared by all calls of a door."""

    def __init__(
        self,
        system: str,
        url: str,
        transport: Transport,
        *,
        timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self.authorization = ""
        """The value of the header; "" if there is none."""
        self.renew_at = 0.0
        """From then on a call renews first."""
        self._system = system
        self._url = url
        self._transport = transport
        self._timeout = timeout
        self._clock = clock
        self._expires_at = 0.0
        self._renewal: asyncio.Task[None] | None = None

    def drop(self, authorization: str) -> None:
        """Forget the token that was refused, if it is still the one we hold."""
        if self.authorization == authorization:
            self.authorization, self.renew_at, self._expires_at = "", 0.0, 0.0

    async def renew(self, trace: Trace) -> None:
        """Return once there is a token; whoever comes while one is under way waits for that one.

        A token that is only due early is kept if there is no new one. Raise UnreachableError if
        there is none: an outage if the other system refuses to sign us in.
        """
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew(trace))
            self._renewal.add_done_callback(_retrieve)
        try:
            await asyncio.shield(self._renewal)
        except (UnreachableError, RateLimitedError):
            if self._clock() >= self._expires_at:
                raise
            self.renew_at = min(self._clock() + _EARLY / 2, self._expires_at)

    @abstractmethod
    async def _grant(self, trace: Trace) -> _Granted:
        """Ask for a token."""

    async def _renew(self, trace: Trace) -> None:
        granted = await self._grant(trace)
        now = self._clock()
        early = min(max(_EARLY, granted.expires_in / 10), granted.expires_in / 2)
        self.authorization = f"Bearer {granted.access_token}"
        self._expires_at = now + granted.expires_in
        self.renew_at = self._expires_at - early

    async def _ask(
        self, form: Mapping[str, str], headers: Mapping[str, str], trace: Trace
    ) -> _Granted:
        request = Request("POST", self._url, {**_FORM, **headers}, urlencode(form).encode())
        call = Call(self._system, "POST", "/oauth/token", 0, 0.0)
        trace.calls.append(call)
        begun = time.perf_counter()
        try:
            answer = await self._transport.send(request, self._timeout)
            call.status = answer.status
        finally:
            call.seconds = time.perf_counter() - begun
        return self._read(answer)

    def _read(self, answer: Answer) -> _Granted:
        where = f"the token endpoint of {self._system}"
        if answer.status == 200:  # noqa: PLR2004
            try:
                return _granted.decode(answer.body)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise UnreachableError(f"{where} answered without a token") from error
        problem = error_of(where, answer)
        if isinstance(problem, UnreachableError | RateLimitedError):
            raise problem
        raise UnreachableError(str(problem), outage=True)


class ClientCredentials(Tokens):
    """commercetools' way: the client's id and secret, again and again."""

    def __init__(
        self,
        access: CommercetoolsAccess,
        transport: Transport,
        *,
        timeout: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        url = f"{access.auth_url.rstrip('/')}/oauth/token"
        super().__init__("commercetools", url, transport, timeout=timeout, clock=clock)
        self._headers = _basic(access)
        self._form = {"grant_type": "client_credentials"}
        if access.scopes:
            self._form["scope"] = " ".join(access.scopes)

    def use(self, access: CommercetoolsAccess) -> bool:
        """Sign in as this client from the next call on; say whether it is another."""
        headers = _basic(access)
        if headers == self._headers:
            return False
        self._headers, self.renew_at = headers, 0.0
        return True

    async def _grant(self, trace: Trace) -> _Granted:
        return await self._ask(self._form, self._headers, trace)


class PasswordGrant(Tokens):
    """Fluent's way: a user's password, then refresh tokens, each of which works once.

    At most `most_grants` passwords are sent in `window` seconds: a locked user stops a shop.
    Only those that were judged count, not those that met an outage.
    """

    def __init__(
        self,
        access: FluentAccess,
        transport: Transport,
        *,
        timeout: float = 10.0,
        clock: Callable[[], float] = time.time,
        most_grants: int = 3,
        window: float = 600.0,
    ) -> None:
        url = f"{access.url.rstrip('/')}/oauth/token"
        super().__init__("fluent", url, transport, timeout=timeout, clock=clock)
        self._access = access
        self._headers = {"fluent.account": access.account}
        self._client = _client(access)
        self._window = window
        self._refresh: str | None = None
        self._grants: deque[float] = deque(maxlen=most_grants)

    def use(self, access: FluentAccess) -> bool:
        """Sign in as this user from the next call on; say whether anything of it is another.

        What was sent before counts no more: it was about another password.
        """
        if _told(access) == _told(self._access):
            return False
        self._access, self._client = access, _client(access)
        self._refresh, self.renew_at = None, 0.0
        self._grants.clear()
        return True

    async def _grant(self, trace: Trace) -> _Granted:
        refresh, self._refresh = self._refresh, None
        granted = await self._refreshed(refresh, trace) if refresh else None
        if granted is None:
            granted = await self._signed_in(trace)
        self._refresh = granted.refresh_token
        return granted

    async def _refreshed(self, refresh: str, trace: Trace) -> _Granted | None:
        form = {"grant_type": "refresh_token", "refresh_token": refresh, **self._client}
        try:
            return await self._ask(form, self._headers, trace)
        except UnreachableError as error:
            if not error.sent:
                self._refresh = refresh  # it never left: it is still good
                raise
        except RateLimitedError:
            self._refresh = refresh
            raise
        return None  # spent, whatever became of it: the password is all that is left

    async def _signed_in(self, trace: Trace) -> _Granted:
        now = self._clock()
        if len(self._grants) == self._grants.maxlen and now - self._grants[0] < self._window:
            raise UnreachableError(
                f"the password was sent to Fluent {self._grants.maxlen} times in "
                f"{self._window:.0f} s: not again for now",
                outage=True,
                sent=False,
                retry_after=self._grants[0] + self._window - now,
            )
        self._grants.append(now)
        form = {
            "grant_type": "password",
            "username": self._access.username,
            "password": self._access.password,
            **self._client,
        }
        try:
            return await self._ask(form, self._headers, trace)
        except (UnreachableError, RateLimitedError) as error:
            if not getattr(error, "outage", False):
                self._grants.pop()  # nobody judged it: a 500 or a time-out locks no user
            raise


def _basic(access: CommercetoolsAccess) -> Mapping[str, str]:
    pair = f"{quote(access.client_id, safe='')}:{quote(access.client_secret, safe='')}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _client(access: FluentAccess) -> Mapping[str, str]:
    told = {"client_id": access.client_id, "client_secret": access.client_secret}
    return {**told, "scope": "api"}


def _told(access: FluentAccess) -> tuple[str, str, str, str]:
    return access.username, access.password, access.client_id, access.client_secret


def _retrieve(task: asyncio.Task[None]) -> None:
    """Look at a renewal's error even where whoever asked for it is gone."""
    if not task.cancelled():
        task.exception()
