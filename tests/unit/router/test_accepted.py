"""What Fluent would refuse is dead before it is sent, and says where it comes from."""

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from fluent_connect.clients.fluent.model import Mutation, Ref, Upsert
from fluent_connect.handlers.message_handler import Change, MapContext
from fluent_connect.mapping.rules.target import Target
from fluent_connect.mapping.rules.tracing import Origin
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.model.outcome import Dead
from fluent_connect.router.accepted import origin
from fluent_connect.testing.bench import Bench
from fluent_connect.testing.deliver import message_for
from unit.router.handlers import Json, OrderHandler, input_of
from unit.router.scene import O1, hand, order
from unit.router.test_mapping import mapping_router

RULES = """\
line:
  fields:
    ref: line.id
    productRef: line.sku
    quantity: line.quantity
    price: { path: line.price }
order:
  fields:
    type: order.kind
  attributes:
    note: order.note
"""


class Whole(msgspec.Struct, frozen=True):
    order: dict[str, Any]


class Line(msgspec.Struct, frozen=True):
    line: dict[str, Any]


class LineHandler(OrderHandler):
    name = "LineHandler"
    targets: ClassVar = {"order": Target(Whole), "line": Target(Line)}

    def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
        made = context.mapping.fill("order", Whole(resource))
        made |= {name: each for name, each in input_of("order", "1").items() if name not in made}
        made["items"] = [context.mapping.fill("line", Line(each)) for each in resource["lines"]]
        yield Upsert(entity="order", ref=resource["id"], create=made)


async def outcome(**fields: object) -> tuple[str, Bench]:
    bench = Bench(LineHandler)
    bench.router = mapping_router(bench, RULES, LineHandler)
    line = {"id": "1", "sku": "SKU-1", "quantity": 1, "price": 1}
    given: dict[str, Any] = {"kind": "HD", "lines": [line], **fields}
    bench.commercetools.put("order", order(1, **given))
    result = await hand(bench, message_for(LineHandler, O1, version=1))
    assert isinstance(result.fate, Dead)
    assert isinstance(result.error, UnprocessableError)
    return result.fate.reason, bench


async def test_a_violation_is_dead_with_the_path_of_both_sides() -> None:
    lines = [{"id": n, "sku": n, "quantity": 1, "price": p} for n, p in (("1", 1), ("2", -1))]
    reason, bench = await outcome(lines=lines)
    assert reason == (
        "not sent, Fluent would refuse it: createOrder.items[1].price is negative, which Fluent "
        "refuses (C0122E) (from commercetools line.price, by order.yml:6:5)"
    )
    assert bench.fluent.pushed == []


async def test_every_violation_is_told_with_its_own_line() -> None:
    reason, _ = await outcome(kind="x" * 300, lines=[{"id": 7, "sku": "S", "quantity": 1}])
    assert "type is too long: 300 characters" in reason
    assert "from commercetools order.kind, by order.yml:9:5" in reason
    assert "createOrder.items[0].ref is a number (int), and must be a text" in reason
    assert "from commercetools line.id, by order.yml:3:5" in reason


async def test_what_no_rule_made_is_told_without_a_line() -> None:
    reason, _ = await outcome(lines=[{"id": "1", "sku": "S"}])
    assert reason.endswith(
        "createOrder.items[0].quantity is missing: CreateOrderItemWithOrderInput requires it (Int!)"
    )


async def test_a_mapping_that_is_not_pure_cannot_hide_a_violation() -> None:
    class Moody(OrderHandler):
        name = "Moody"
        ran = 0

        def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
            self.ran += 1
            if self.ran > 1:
                raise RuntimeError("not again")
            yield Mutation("updateOrder", {"id": ""})

    bench = Bench(Moody)
    bench.commercetools.put("order", order(1))
    result = await hand(bench, message_for(Moody, O1, version=1))
    assert isinstance(result.fate, Dead)
    assert result.fate.reason.endswith("updateOrder.id is empty, and must be an id")


async def test_a_partners_own_mutation_is_checked() -> None:
    class Partner(OrderHandler):
        name = "Partner"

        def map(self, resource: Json, message: Message, context: MapContext) -> Iterable[Change]:
            yield Mutation("updateOrder", {"id": "1", "stattus": "BOOKED"})

    bench = Bench(Partner)
    bench.commercetools.put("order", order(1))
    result = await hand(bench, message_for(Partner, O1, version=1))
    assert isinstance(result.fate, Dead)
    assert "updateOrder.stattus is no field of UpdateOrderInput" in result.fate.reason


def test_the_innermost_origin_counts() -> None:
    inner = {"street": "x"}
    outer = {"items": [{"address": inner}], "billing": inner}
    told = {
        id(outer): [Origin("items", "o.yml:1:1"), Origin("items[0].address", "o.yml:2:1")],
        id(inner): [Origin("street", "o.yml:3:1", ("order.street",))],
    }

    def origins(value: object) -> list[Origin]:
        return told.get(id(value), [])

    assert origin(outer, ("items", 0, "address", "street"), origins) == (
        "from commercetools order.street, by o.yml:3:1"
    )
    assert origin(outer, ("items", 0, "address", "zip"), origins) == "by o.yml:2:1"
    assert origin(outer, ("items", 1), origins) == "by o.yml:1:1"
    assert origin(outer, ("itemsToo",), origins) == ""
    assert origin(Ref("customer", "c"), ("x", "y"), origins) == ""
