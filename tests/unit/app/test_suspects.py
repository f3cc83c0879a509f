"""Who pays for a blocked loop: looked at from another thread, as the watchdog does."""

import asyncio
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from fluent_connect.app.suspects import Suspects
from fluent_connect.handlers.message_handler import Fetched, HandlerContext, MessageHandler
from fluent_connect.model.message import Message
from fluent_connect.model.parcel import EVENT_QUEUE, Parcel
from fluent_connect.queues.consumer import Consumer
from fluent_connect.queues.store import Delivery, Store
from fluent_connect.router.routes import Route, RouteTable

ROUTES: list[tuple[str, float]] = [("quick", 3.0), ("slow", 90.0)]


class _Store:
    def __init__(self) -> None:
        self.released: list[str] = []

    async def release(self, *deliveries: Delivery) -> None:
        self.released += [each.parcel.id for each in deliveries]


class _Consumer:
    def __init__(self, held: Iterable[tuple[Delivery, asyncio.Task[None] | None]]) -> None:
        self.held = tuple(held)


def delivery(id_: str, name: str) -> Delivery:
    parcel = Parcel(id_, id_, b"", group=f"acme/{name}")
    return Delivery(EVENT_QUEUE, parcel, 1, None, id_, 0.0)


def handler(seconds: float) -> MessageHandler[None]:
    class Handler(MessageHandler[None]):
        name = f"Handler{seconds}"
        timeout = seconds

        async def fetch(self, message: Message, context: HandlerContext) -> Fetched[None]:
            return Fetched(None, None)

        def map(self, resource: None, message: Message, context: Any) -> Iterable[Any]:
            return ()

    return Handler()


def looked_at(name: str, *, at_work: bool = True) -> tuple[float, list[str]]:
    """Block a loop; return the time-out that counts, and which deliveries were given back."""
    store, go, blocked = _Store(), threading.Event(), threading.Event()
    found: list[Suspects] = []
    routes = RouteTable([Route(name, handler(seconds)) for name, seconds in ROUTES])

    async def main() -> None:
        worker = cast("asyncio.Task[None]", asyncio.current_task()) if at_work else None
        held = [(delivery("idle", "slow"), None), (delivery("at-work", name), worker)]
        consumer = cast("Consumer", _Consumer(held))
        found.append(Suspects(cast("Store", store), routes, [consumer]))
        blocked.set()
        go.wait(30)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(asyncio.run, main())
        assert blocked.wait(30)
        timeout = found[0].timeout()
        found[0].spare()
        go.set()
        running.result(30)
    return timeout, store.released


def test_only_the_delivery_that_blocks_pays_with_a_try() -> None:
    assert looked_at("quick") == (3.0, ["idle"])


def test_a_delivery_without_a_route_gets_the_longest_time_there_is() -> None:
    routed = looked_at("gone")
    assert routed == (90.0, ["idle"])


def test_nothing_pays_if_no_handler_blocks() -> None:
    assert looked_at("quick", at_work=False) == (90.0, ["idle", "at-work"])
