import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from fluent_connect.app.config.load import load
from fluent_connect.app.config.mistakes import Lint, errors, render_mistakes
from fluent_connect.app.config.result import Config
from fluent_connect.app.discovery import discover
from fluent_connect.app.handlers import Handlers
from fluent_connect.app.lints import check
from fluent_connect.handlers.message_handler import (
    Change,
    Fetched,
    HandlerContext,
    MapContext,
    MessageHandler,
)
from fluent_connect.model.message import Message

Write = Callable[..., Path]


class Quick(MessageHandler[dict[str, Any]]):
    name = "Quick"

    async def fetch(self, message: Message, context: HandlerContext) -> Fetched[dict[str, Any]]:
        return Fetched({}, 1)

    def map(
        self, resource: dict[str, Any], message: Message, context: MapContext
    ) -> tuple[Change, ...]:
        return ()


class AlsoQuick(Quick):
    pass


class Slow(Quick):
    name = "Slow"
    timeout: ClassVar[float] = 300.0


OURS = discover(packages=())


def configured(write: Write, environ: Mapping[str, str], text: str) -> Config:
    text = "fluent-connect:\n" + textwrap.indent(textwrap.dedent(text), "  ")
    return load(write(application__connector=text), (), {**environ, "P": "p"})


def with_ours(*handlers: type[Quick]) -> Handlers:
    return Handlers(handlers=(*OURS.handlers, *handlers))


def codes(lints: list[Lint]) -> list[str]:
    return [one.code for one in lints]


def test_the_packaged_defaults_raise_no_doubts(environ: dict[str, str]) -> None:
    lints = check(load(None, (), environ, {}), OURS)
    assert not lints, render_mistakes(lints)


def test_a_route_to_an_unknown_handler_is_an_error_with_a_suggestion(
    write: Write, environ: dict[str, str]
) -> None:
    text = """\
        routes:
          - route: commercetools.connect.order.create
            handler-name: OrderCreatHandler
    """
    [lint] = check(configured(write, environ, text), OURS)
    assert (lint.code, lint.place.line, lint.place.column) == ("CFG012", 4, 21)
    assert lint.fix == 'did you mean "OrderCreateHandler"?'
    assert lint.severity == "error"


def test_two_handlers_of_one_name_and_priority_are_an_error_where_routed(
    write: Write, environ: dict[str, str]
) -> None:
    handlers = with_ours(Quick, AlsoQuick)
    config = configured(write, environ, "port: 1")
    [lint] = check(config, handlers)
    assert (lint.code, lint.severity) == ("CFG015", "warning")
    text = "routes: [{ route: fc.connect.quick, handler: Quick }]"
    assert codes(errors(check(configured(write, environ, text), handlers))) == ["CFG012"]


def test_an_unreachable_route_is_doubted(write: Write, environ: dict[str, str]) -> None:
    text = """\
        routes:
          - { route: commercetools.connect.quick, handler: Quick }
          - { route: fc.connect.webhook, handler: Quick }
    """
    [lint] = check(configured(write, environ, text), with_ours(Quick))
    assert (lint.code, lint.place.line, lint.severity) == ("CFG032", 3, "warning")


def test_a_lease_shorter_than_the_handlers_time_out_is_doubted(
    write: Write, environ: dict[str, str]
) -> None:
    text = "routes: [{ route: fc.connect.slow, handler: Slow }]"
    [lint] = check(configured(write, environ, text), with_ours(Slow))
    assert lint.code == "CFG035"
    assert "450s" in lint.fix


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("queues: { event-queue: { lease: 60s } }", 2, 35),
        ("listeners: { message: { props: { visibility-timeout: 1m } } }", 2, 56),
        ("http: { timeouts: { total: 45s } }", 2, 30),
        ("http: { timeouts: { total: 5s } }\nqueues: { event-queue: { lease: 10s } }", 3, 35),
    ],
)
def test_a_lease_in_which_no_call_could_begin_is_a_mistake(
    text: str, line: int, column: int, write: Write, environ: dict[str, str]
) -> None:
    [lint] = errors(check(configured(write, environ, text), OURS))
    assert (lint.code, lint.place.line, lint.place.column) == ("CFG038", line, column)
    assert "event-queue: { lease: " in lint.fix


def test_a_lease_that_covers_a_sign_in_and_a_call_is_right(
    write: Write, environ: dict[str, str]
) -> None:
    text = "http: { timeouts: { total: 5s } }\nqueues: { event-queue: { lease: 11s } }"
    assert not errors(check(configured(write, environ, text), OURS))


def test_a_retry_horizon_longer_than_retention_is_doubted(
    write: Write, environ: dict[str, str]
) -> None:
    lints = check(configured(write, environ, "journal: { retention-bodies: 1d }"), OURS)
    assert codes(lints) == ["CFG034"]
    assert (lints[0].place.line, lints[0].place.column) == (2, 32)


def test_concurrency_above_the_budget_is_doubted(write: Write, environ: dict[str, str]) -> None:
    text = "queues: { event-queue: { concurrency: 500 } }"
    assert codes(check(configured(write, environ, text), OURS)) == ["CFG036", "CFG036"]


def test_what_is_subscribed_and_what_is_mapped_have_to_agree(
    write: Write, environ: dict[str, str]
) -> None:
    text = """\
        route-mapping:
          - route: commercetools.connect.order.create
            props: { name: order, inclusion-filter: [OrderCreated, OrderImported] }
          - route: commercetools.connect.customer.upsert
            props: { name: customer }
          - { skip: no stock, props: { name: inventory-entry } }
        subscriptions: { order: [OrderCreated], review: [] }
    """
    config = configured(write, environ, text)
    whats = [one.what for one in check(config, OURS)]
    assert whats == [
        "review is subscribed to, but no route-mapping takes it",
        "order (OrderImported) is mapped, but not subscribed to",
        "customer is mapped, but not subscribed to",
    ]
    live = {"order": ["OrderCreated", "OrderImported"], "customer": []}
    assert not check(config, OURS, subscribed=live)


@pytest.mark.parametrize(
    ("engine", "driver"),
    [("sqs", "aiobotocore"), ("kafka", "aiokafka"), ("rabbitmq", "aio_pika")],
)
def test_an_engine_that_is_not_installed_is_one_clear_error_a_queue(
    engine: str,
    driver: str,
    write: Write,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, driver, None)
    text = f"queues: {{ ct-queue: {{ url: '{engine}://q' }} }}"
    lints = check(configured(write, environ, text), OURS)
    assert codes(lints) == ["CFG019"]
    extra = {"sqs": "aws"}.get(engine, engine)
    extra = {"sqs": "aws"}.get(engine, engine)
    assert f"pip install 'fluent-connect[{extra}]'" in lints[0].fix
    assert "--engine sqlite" in lints[0].fix


@pytest.mark.parametrize("mode", ["rabbitmq", "kafka", "postgresql"])
def test_an_engine_by_its_mode_alone_lacks_an_address(
    mode: str, write: Write, environ: dict[str, str]
) -> None:
    lints = check(configured(write, environ, f"batch-listener-mode: {mode}"), OURS)
    found = [one for one in lints if one.code == "CFG007"]
    assert [one.what for one in found] == [
        f"batch-queue lives in {mode}, and nothing says where that is"
    ]
    assert f"{mode}://" in found[0].fix


def test_a_queue_in_sql_lives_where_the_journal_does(write: Write, environ: dict[str, str]) -> None:
    text = """\
        journal: { url: 'sqlite:///a.db' }
        queues: { ct-queue: { url: 'sqlite:///b.db' } }
    """
    lints = check(configured(write, environ, text), OURS)
    assert codes(lints) == ["CFG011"]
    assert lints[0].what == "ct-queue lives in sqlite:///b.db, the journal in sqlite:///a.db"


def test_a_broker_keeps_no_journal(write: Write, environ: dict[str, str]) -> None:
    text = "journal: { url: 'rabbitmq://u:secret@h/q' }"
    lints = check(configured(write, environ, text), OURS)
    assert codes(lints) == ["CFG008"]
    assert "secret" not in render_mistakes(lints)


def test_a_job_without_a_handler_is_an_error(write: Write, environ: dict[str, str]) -> None:
    lints = check(configured(write, environ, "jobs: [{ name: sync, every: 1h }]"), OURS)
    assert codes(lints) == ["CFG012"]


def test_a_job_that_is_misspelt_is_understood(write: Write, environ: dict[str, str]) -> None:
    (lint,) = check(configured(write, environ, "jobs: [{ name: load-ordres }]"), OURS)
    assert (lint.code, lint.fix) == ("CFG012", 'did you mean "load-orders"?')


def test_a_route_may_name_a_job(write: Write, environ: dict[str, str]) -> None:
    text = """\
        routes: [{ route: batch-ours, handler-name: ProductCatalogueSyncJobHandler }]
        jobs: [{ name: batch-ours, every: 1h }]
    """
    assert check(configured(write, environ, text), OURS) == []
