"""Measure the compiled mapping of an order of ten lines against the same in plain Python.

`.venv/bin/python bench/mapping.py` prints the ratio, and exits 1 if it is over 2.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median

import msgspec
from order_by_hand import BY_HAND

from fluent_connect.handlers.message_handler import MapContext
from fluent_connect.handlers.order.create import OrderCreateHandler
from fluent_connect.handlers.order.export import ExportedOrder
from fluent_connect.handlers.settings import Settings
from fluent_connect.mapping.defaults.packaged import packaged
from fluent_connect.mapping.rules.compiler import Rules
from fluent_connect.mapping.rules.mapper import Mapper
from fluent_connect.model.message import Message
from fluent_connect.model.notification import Reference

LINES = 10
ROUNDS, CALLS = 21, 200
MOST = 2.0


class Watching(Mapper):
    """Fills as any mapper does, and keeps what it was asked for."""

    def fill(self, target, source):
        made = super().fill(target, source)
        if target in BY_HAND:
            ASKED.append((target, source))
        return made


ASKED: list = []


def main() -> int:
    settings = Settings()
    context = MapContext("ACME", "5", "shop", settings, {})
    watched = MapContext(
        "ACME", "5", "shop", settings, {}, Watching(Rules(packaged(), settings=Settings))
    )
    list(OrderCreateHandler().map(_order(), _message(), watched))
    fill = context.mapping.fill
    for target, source in ASKED:
        compiled, by_hand = fill(target, source), BY_HAND[target](source, settings)
        assert compiled == by_hand, f"{target}:\n{compiled}\n{by_hand}"
    parts = Counter(target for target, _ in ASKED)
    compiled, by_hand = [], []
    for _ in range(ROUNDS):
        compiled.append(_timed(lambda: [fill(*each) for each in ASKED]))
        by_hand.append(_timed(lambda: [BY_HAND[t](s, settings) for t, s in ASKED]))
    ratio = median(one / other for one, other in zip(compiled, by_hand, strict=True))
    print(", ".join(f"{count} {target}" for target, count in parts.items()))
    print(
        f"order of {LINES} lines: compiled {min(compiled):.0f} us, by hand {min(by_hand):.0f} us,"
        f" ratio {ratio:.2f} (at most {MOST:g})"
    )
    return int(ratio > MOST)


def _timed(run) -> float:
    began = time.perf_counter()
    for _ in range(CALLS):
        run()
    return (time.perf_counter() - began) / CALLS * 1e6


def _order() -> ExportedOrder:
    held = json.loads((Path(__file__).parent / "order.json").read_text("utf-8"))
    line = held["lineItems"][0]
    held["lineItems"] = [{**line, "id": f"l-{n}", "key": f"line-{n}"} for n in range(LINES)]
    return msgspec.convert(held, ExportedOrder)


def _message() -> Message:
    return Message(
        id="m.0",
        name="commercetools.connect.order.create",
        key="ACME/5/order/o-1",
        account="ACME",
        retailer="5",
        project_key="shop",
        resource=Reference("order", "o-1"),
        kind="OrderCreated",
        version=4,
    )


if __name__ == "__main__":
    sys.exit(main())
