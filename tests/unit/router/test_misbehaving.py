"""Handlers that a partner got wrong: few tries, then dead with a traceback; nobody else notices."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from fluent_connect.handlers.message_handler import Change, Fetched, HandlerContext, MapContext
from fluent_connect.model.fact import Attempted
from fluent_connect.model.message import Message
from fluent_connect.model.outcome import Dead, Later
from fluent_connect.testing.bench import Bench
from fluent_connect.testing.deliver import message_for
from unit.router.handlers import Json, OrderHandler
from unit.router.scene import O1, delivery, facts, order


class Mischief(OrderHandler):
    """Does in `fetch` and `map` what a test wants."""

    name = "Mischief"
    fetching: Callable[[], Any] | None = None
    mapping: Callable[[], Any] | None = None

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[Json]:
        if self.fetching is not None:
            return self.fetching()  # type: ignore[no-any-return]
        return await super().fetch(message, context)

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        if self.mapping is not None:
            return self.mapping()  # type: ignore[no-any-return]
        return super().map(resource, message, context)


class Slow(Mischief):
    slow = True


def raising(error: BaseException) -> Callable[[], Any]:
    def act() -> Any:
        raise error

    return act


def bench_with(handler: type[Mischief], **does: Any) -> Bench:
    made = handler()
    for name, value in does.items():
        setattr(made, name, value)
    bench = Bench(made)
    bench.commercetools.put("order", order())
    return bench


@pytest.mark.parametrize("handler", [Mischief, Slow])
@pytest.mark.parametrize("place", ["fetching", "mapping"])
@pytest.mark.parametrize("error", [ValueError("oh"), SystemExit(3), KeyboardInterrupt()])
async def test_what_a_handler_raises_is_a_failed_attempt(
    handler: type[Mischief], place: str, error: BaseException
) -> None:
    bench = bench_with(handler, **{place: raising(error)})

    outcome = await bench.router(delivery(message_for(handler, O1)))

    (attempt,) = facts(outcome.facts, Attempted)
    assert (attempt.outcome, type(error).__name__ in attempt.error) == ("failed", True)
    assert isinstance(outcome.error, Exception)
    assert outcome.error is error or outcome.error.__cause__ is error


@pytest.mark.parametrize("error", [ValueError("oh"), SystemExit(3)])
async def test_a_handler_that_always_raises_gets_few_tries_and_a_traceback(
    error: BaseException,
) -> None:
    bench = bench_with(Mischief, mapping=raising(error))
    await bench.put(message_for(Mischief, O1))

    results = await bench.drain()

    *tries, last = [result.fate for result in results]
    assert [type(fate) for fate in tries] == [Later, Later]
    assert isinstance(last, Dead)
    assert last.reason.startswith("gave up after 3 tries")
    assert "in act" in last.error
    assert type(error).__name__ in last.error


@pytest.mark.parametrize("handler", [Mischief, Slow])
@pytest.mark.parametrize("garbage", [None, 7, [None], ["createOrder"], [{"ref": "o1"}]])
async def test_a_mapping_that_returns_garbage_gets_few_tries(
    handler: type[Mischief], garbage: object
) -> None:
    bench = bench_with(handler, mapping=lambda: garbage)
    await bench.put(message_for(handler, O1))

    results = await bench.drain()

    assert isinstance(results[-1].fate, Dead)
    assert len(results) == 3
    assert not bench.fluent.held


@pytest.mark.parametrize("garbage", [None, "o1", {"id": "o1"}])
async def test_a_read_that_returns_garbage_gets_few_tries(garbage: object) -> None:
    bench = bench_with(Mischief, fetching=lambda: garbage)
    await bench.put(message_for(Mischief, O1))

    results = await bench.drain()

    assert isinstance(results[-1].fate, Dead)
    assert len(results) == 3


@pytest.mark.parametrize("handler", [Mischief, Slow])
@pytest.mark.timeout(5)
async def test_a_stop_iteration_hangs_nobody(handler: type[Mischief]) -> None:
    bench = bench_with(handler, mapping=raising(StopIteration()))

    outcome = await bench.router(delivery(message_for(handler, O1)))

    assert isinstance(outcome.error, RuntimeError)
