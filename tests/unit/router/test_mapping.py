"""Mapping files at the router: what is cut is told, and changed rules are applied again."""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from fluent_connect.clients.accounts import Accounts
from fluent_connect.clients.fluent.model import Upsert
from fluent_connect.handlers.message_handler import Change, MapContext
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.rules.blocks import parsed
from fluent_connect.mapping.rules.cuts import Cut
from fluent_connect.mapping.rules.target import Target
from fluent_connect.model.message import Message
from fluent_connect.model.outcome import Done
from fluent_connect.router.desk import Desks
from fluent_connect.router.message_router import MessageRouter
from fluent_connect.router.notes import with_cuts
from fluent_connect.router.routes import Route, RouteTable
from fluent_connect.testing.bench import ACCOUNT, Bench
from fluent_connect.testing.deliver import message_for
from unit.router.handlers import Json, OrderHandler, input_of
from unit.router.scene import O1, hand, order


def mapping_router(
    bench: Bench, text: str, handler: type[OrderHandler] | None = None
) -> MessageRouter:
    handler = handler or FillingHandler
    return MessageRouter(
        bench.store,
        RouteTable([Route(handler.name, handler)]),
        Accounts([ACCOUNT]),
        lambda *_: (bench.commercetools, bench.fluent),
        clock=bench.clock,
        mapping=parsed(text, "order.yml"),
    )


RULES = "order: { fields: { ref: order.id, type: { path: order.note, cut: 5 } } }"


class Source(msgspec.Struct, frozen=True):
    order: dict[str, Any]


class FillingHandler(OrderHandler):
    name = "FillingHandler"
    targets: ClassVar = {"order": Target(Source)}

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        made = context.mapping.fill("order", Source(resource))
        yield Upsert(entity="order", ref=resource["id"], create={**input_of("order", "1"), **made})


async def test_what_did_not_fit_is_told_with_the_outcome() -> None:
    bench = Bench(FillingHandler)
    bench.router = mapping_router(bench, RULES)
    bench.commercetools.put("order", order(1, note="far too long"))
    result = await hand(bench, message_for(FillingHandler, O1, version=1))
    assert result.fate == Done("created; order.type cut from 12 to 5")
    bench.commercetools.put("order", order(2, note="fits"))
    result = await hand(bench, message_for(FillingHandler, O1, id="b.0", version=2))
    assert result.fate == Done("unchanged")


def test_of_many_cuts_a_few_are_told() -> None:
    cuts = [Cut(f"order.f{n}", "1.yml:1:1", 9, 5) for n in (1, 1, 2, 3, 4, 5)]
    told = with_cuts("created", cuts)
    assert told.startswith("created; order.f1 cut from 9 to 5; order.f2 ")
    assert told.endswith("; order.f3 cut from 9 to 5; 2 more cut")


async def test_an_applied_resource_is_looked_at_again_under_other_rules() -> None:
    message = message_for(FillingHandler, O1, version=1)
    prints = [
        Desks(RouteTable([route]), Accounts([ACCOUNT]), lambda _: Settings(), parsed(text, "o.yml"))
        .find(message)
        .fingerprint
        for route in [Route("FillingHandler", FillingHandler)]
        for text in (
            RULES,
            f"# moved down\n{RULES}",
            RULES.replace("cut: 5", "cut: 6"),
            f"{RULES}\nother: {{ fields: {{ ref: order.id }} }}",
        )
    ]
    assert prints[0] == prints[1] == prints[3]
    assert prints[2] != prints[0]


def test_rules_of_a_target_that_another_one_uses_count_too() -> None:
    text = "a: {{ fields: {{ x: {{ each: order.list, use: b }} }} }}\nb: {{ fields: {{ y: {} }} }}"
    one, other = (parsed(text.format(path), "o.yml").digest(["a"]) for path in ("s", "t"))
    assert one != other
