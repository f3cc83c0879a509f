"""Which delivery blocks the event loop: it alone shall pay for it."""

import asyncio
from collections.abc import Sequence

from fluent_connect.model.errors import NoRouteError
from fluent_connect.queues.consumer import Consumer
from fluent_connect.queues.store import Delivery, Store
from fluent_connect.router.routes import RouteTable

_PATIENCE = 2.0


class Suspects:
    """What the consumers of a loop have in hand, looked at from another thread while it is blocked.

    Made on the loop.
    """

    def __init__(self, store: Store, routes: RouteTable, consumers: Sequence[Consumer]) -> None:
        self._store = store
        self._routes = routes
        self._consumers = consumers
        self._loop = asyncio.get_running_loop()

    def timeout(self) -> float:
        """Return the time-out of the handler that blocks; of the slowest if it is none of them."""
        for delivery in self._held(blocking=True):
            try:
                route = self._routes.find(delivery.parcel.group.partition("/")[2])
            except NoRouteError:
                continue
            return route.handler.timeout
        return max((route.handler.timeout for route in self._routes), default=60.0)

    def spare(self) -> None:
        """Give back, untried, what was in hand beside the delivery that blocks."""
        others = self._held(blocking=False)
        if others:
            asyncio.run(asyncio.wait_for(self._store.release(*others), _PATIENCE))

    def _held(self, *, blocking: bool) -> list[Delivery]:
        current = asyncio.current_task(self._loop)
        return [
            delivery
            for consumer in self._consumers
            for delivery, worker in consumer.held
            if (worker is not None and worker is current) == blocking
        ]
