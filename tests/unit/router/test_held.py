"""What a run still holds while it waits for Fluent: hundreds of runs wait at a time."""

from typing import Any
from weakref import ReferenceType, ref

from fluent_connect.clients.fluent.model import Pushed
from fluent_connect.handlers.message_handler import Fetched, HandlerContext
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference
from fluent_connect.model.outcome import Done
from fluent_connect.testing.bench import Bench
from fluent_connect.testing.deliver import message_for
from fluent_connect.testing.fake_fluent import FakeFluent
from unit.router.handlers import Json, OrderHandler
from unit.router.scene import hand


class Source(dict[str, Any]):
    """A resource as it was read; unlike a plain dict it can be watched."""


class WatchedHandler(OrderHandler):
    """An order whose source is watched from its fetch on."""

    name = "WatchedHandler"
    watched: list[ReferenceType[Source]]

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        fetched = await super().fetch(message, context)
        source = Source(fetched.resource or {})
        type(self).watched = [ref(source)]
        return Fetched(source, fetched.version)


class SlowlyWatchedHandler(WatchedHandler):
    """The same, mapped on another thread."""

    name = "SlowlyWatchedHandler"
    slow = True


class Looking(FakeFluent):
    """Notes whether the source is still held when its entity is pushed."""

    def __init__(self, handler: type[WatchedHandler]) -> None:
        super().__init__()
        self._handler = handler
        self.seen: list[bool] = []

    async def push(self, change: Any) -> Pushed:
        self.seen += [watched() is not None for watched in self._handler.watched]
        return await super().push(change)


async def test_a_run_lets_its_source_go_before_it_pushes() -> None:
    for handler in (WatchedHandler, SlowlyWatchedHandler):
        fluent = Looking(handler)
        bench = Bench(handler, fluent=fluent)
        bench.commercetools.put("order", {"id": "o1", "version": 1})
        result = await hand(bench, message_for(handler, Reference("order", "o1"), version=1))
        assert result.fate == Done("created")
        assert fluent.seen == [False]
