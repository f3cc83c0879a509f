"""What the service answers beside the webhooks: the vendor's actuator, probes and metrics."""

from collections.abc import Callable, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

Described = Mapping[str, Mapping[str, Sequence[Mapping[str, object]]]]
"""Per kind (message, job, ...) what is active and what is not."""


class Admin:
    """The admin port: loopback by default, nothing on it changes anything.

    routes, handlers: the vendor's shapes (fluent-connector.md 4.4).
    problems:         why the service is not ready; nothing if it is.
    details:          figures that `/actuator/health` shows beside its status.
    more:             further paths.
    """

    def __init__(
        self,
        *,
        routes: Callable[[], Described],
        handlers: Callable[[], Described],
        problems: Callable[[], Sequence[str]],
        details: Callable[[], Mapping[str, object]],
        registry: CollectorRegistry,
        more: Sequence[Route] = (),
    ) -> None:
        self._routes = routes
        self._handlers = handlers
        self._problems = problems
        self._details = details
        self._registry = registry
        self.app = Starlette(
            routes=[
                Route("/livez", self._live),
                Route("/healthz", self._live),
                Route("/readyz", self._ready),
                Route("/metrics", self._metrics),
                Route("/actuator/health", self._health),
                Route("/actuator/routes", self._all_routes),
                Route("/actuator/handlers", self._all_handlers),
                *more,
            ]
        )

    async def _live(self, _: Request) -> Response:
        """Say that the process and its loop run; nothing else is asked."""
        return JSONResponse({"status": "ok"})

    async def _ready(self, _: Request) -> Response:
        problems = list(self._problems())
        body = {"status": "not ready" if problems else "ready", "problems": problems}
        return JSONResponse(body, 503 if problems else 200)

    async def _health(self, _: Request) -> Response:
        problems = list(self._problems())
        status = "DOWN" if problems else "UP"
        body = {"status": status, "problems": problems, **self._details()}
        return JSONResponse(body, 503 if problems else 200)

    async def _metrics(self, _: Request) -> Response:
        return PlainTextResponse(
            generate_latest(self._registry), media_type=CONTENT_TYPE_PLAIN_0_0_4
        )

    async def _all_routes(self, _: Request) -> Response:
        return JSONResponse(self._routes())

    async def _all_handlers(self, _: Request) -> Response:
        return JSONResponse(self._handlers())


def by_kind(
    active: Sequence[Mapping[str, object]],
    rest: Sequence[Mapping[str, object]],
    jobs: Sequence[Mapping[str, object]],
    other_jobs: Sequence[Mapping[str, object]],
) -> Described:
    """Return the shape of the actuator: of the kinds that there are, what is active and not."""
    empty: Mapping[str, Sequence[Mapping[str, object]]] = {"active": [], "inactive": []}
    return {
        "configuration": empty,
        "job": {"active": jobs, "inactive": other_jobs},
        "message": {"active": active, "inactive": rest},
        "notification": empty,
    }
