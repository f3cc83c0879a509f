"""The other transport: requests sent by a Rust client, on a thread of its own."""

from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    DetailedPyreqwestError,
    PoolTimeoutError,
    PyreqwestError,
)

from fluent_connect.clients.transport import Answer, Request
from fluent_connect.model.errors import UnreachableError

_TOLD = 300
"""Headers are copied out of Rust for these statuses only: of a success nobody reads them."""
_NEVER_LEFT = "client error (Connect)"
"""The cause that tells a refused connection from one that broke with the request on it: both are
called connection errors."""


class PyreqwestTransport:
    """A pool of connections, made by pyreqwest."""

    def __init__(self, *, connections: int = 256, keepalive: float = 30.0) -> None:
        self._client: Client = (
            ClientBuilder()
            .max_connections(connections)
            .pool_max_idle_per_host(connections)
            .pool_idle_timeout(timedelta(seconds=keepalive))
            .follow_redirects(enable=False)
            .referer(enable=False)
            .http1_only()
            .build()
        )

    async def send(self, request: Request, timeout: float) -> Answer:  # noqa: ASYNC109
        """Return the whole answer within `timeout` seconds; UnreachableError if there is none."""
        building = (
            self._client.request(request.method, request.url)
            .headers(request.headers)
            .timeout(timedelta(seconds=timeout))
        )
        if request.body is not None:
            building = building.body_bytes(request.body)
        try:
            response = await building.build().send()
            body = bytes(await response.bytes())
        except PyreqwestError as error:
            raise _unreachable(error, timeout) from error
        status = response.status
        return Answer(status, body, response.headers if status >= _TOLD else {})

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.close()


def _unreachable(error: PyreqwestError, timeout: float) -> UnreachableError:
    """Return our error; the class of theirs does not tell whether the request left."""
    details = error.details["causes"] if isinstance(error, DetailedPyreqwestError) else None
    causes = [cause["message"] for cause in details or ()]
    never_left = _NEVER_LEFT in causes or isinstance(error, PoolTimeoutError)
    said = ": ".join((error.message, *causes[1:]))
    if isinstance(error, TimeoutError) and not never_left:
        said = f"no answer within {timeout:g} s"
    return UnreachableError(said, sent=not never_left)
