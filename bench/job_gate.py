"""`jobs.py gate`: history goes through the export gate once, however often its load is killed."""

import argparse
import asyncio
import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp
from connector import ENDED, KEY, WAITING, Connector, ask, order_told, variables, within

from fluent_connect.sandbox.servers import Options, Sandbox, ready

GATE = {
    "orderState": ["Open", "Confirmed"],
    "shipmentState": ["", "Pending", "Ready"],
    "paymentState": ["Paid"],
}
CLOSED = (
    {"orderState": "Cancelled"},
    {"orderState": "Complete"},
    {"paymentState": "BalanceDue"},
    {"shipmentState": "Shipped"},
)
OWN = {
    "jobs": [{"name": "load-orders", "trail": "0s"}],
    "settings": {"export-when": GATE},
    "retry": {"park-waits": "0.3s, 0.5s", "waits": ", ".join(["500ms"] * 12)},
}
Orders = dict[str, dict[str, object]]


class Shop:
    """Orders of a sandbox by number: those that pass the gate, and those that it keeps back."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.open: Orders = {}
        self.closed: Orders = {}

    def order(self, number: int, *, passes: bool) -> dict[str, object]:
        system, shop = self.sandbox.commercetools, self.sandbox.shop
        system.create("payments", shop.payment(number))
        states = {} if passes else CLOSED[number % len(CLOSED)]
        draft = {**shop.order(number, guest=True), "orderState": "Open", "paymentState": "Paid"}
        made = system.create("orders", {**draft, **states})
        (self.open if passes else self.closed)[made["id"]] = made
        return made

    def unpaid(self) -> dict[str, object]:
        """Return an order that only waits for its payment."""
        return next(each for each in self.closed.values() if each["paymentState"] == "BalanceDue")

    def pay(self, order: dict[str, object]) -> None:
        paid = {"action": "changePaymentState", "paymentState": "Paid"}
        made = self.sandbox.commercetools.update(
            "orders", order["id"], paid, version=order["version"]
        )
        del self.closed[order["id"]]
        self.open[order["id"]] = made

    def created(self) -> dict[str, int]:
        """Return how often Fluent created an order, by its ref."""
        made = self.sandbox.fluent.entities.creations("order")
        return {each["ref"]: each["created"] for each in made if each["created"]}

    def exact(self) -> bool:
        """Say whether Fluent created what passes the gate, once each, and nothing else."""
        wanted = {str(each["orderNumber"]) for each in self.open.values()}
        return self.created() == dict.fromkeys(wanted, 1)


async def tell(connector: Connector, told: Mapping[str, object]) -> None:
    """Have a notification accepted; as commercetools does, again and again until it is."""
    headers = {"x-api-key": KEY}
    while True:
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            door = f"{connector.url}/api/v1/fluent-connect/external-system/webhook"
            async with (
                aiohttp.ClientSession() as session,
                session.post(door, json=told, headers=headers) as answer,
            ):
                if answer.status == 202:
                    return
        await asyncio.sleep(0.2)


async def traffic(shop: Shop, connector: Connector, count: int, pace: float) -> None:
    """Sell orders beside the load; every other one is kept back by the gate."""
    for number in range(500_000, 500_000 + count):
        made = shop.order(number, passes=number % 2 == 0)
        await tell(connector, order_told(made["id"], number))
        await asyncio.sleep(pace)


async def killed(shop: Shop, connector: Connector, asked: argparse.Namespace) -> int:
    """Kill the connector each time that a further part was created; return how often."""
    begun = time.monotonic()
    for kill in range(asked.kills):
        share = asked.passing * (kill + 1) // (asked.kills + 1)
        while len(shop.created()) < share:
            within(begun, asked.within, f"{len(shop.created())} of {share} created")
            await asyncio.sleep(0.05)
        await asyncio.to_thread(connector.kill)
        await asyncio.to_thread(connector.start)
    return asked.kills


async def over(connector: Connector, runs: int, seconds: float) -> None:
    """Wait until so many runs and all their messages have ended."""
    begun = time.monotonic()
    while ask(connector.data, ENDED) < runs or ask(connector.data, WAITING):
        within(begun, seconds, f"{ask(connector.data, WAITING)} wait")
        await asyncio.sleep(0.2)


async def measure(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Return what was planned, and what Fluent created after each step."""
    async with Sandbox(Options(customers=2, orders=0)) as sandbox:
        shop = Shop(sandbox)
        for number in range(1000, 1000 + asked.orders):
            shop.order(number, passes=number < 1000 + asked.passing)
        connector = Connector(folder / "gate", variables(ready(sandbox)), OWN)
        (plan,) = await asyncio.to_thread(connector.told, "load", "orders", "--dry-run")
        await asyncio.to_thread(connector.start)
        try:
            found = await loaded(shop, connector, asked)
        finally:
            await asyncio.to_thread(connector.stop)
        planned = plan["would_start_fulfilment"]
        return {
            "orders": asked.orders,
            "plan": planned,
            "kept_back": plan["kept_back"],
            **found,
            "exact": planned == asked.passing and all(found[each] for each in _MUST_HOLD),
        }


_MUST_HOLD = ("exact_after_kills", "nothing_again", "paid_once", "nothing_at_last", "closes")


async def loaded(shop: Shop, connector: Connector, asked: argparse.Namespace) -> dict[str, object]:
    """Load, killed on the way; load again; pay an order; load again."""

    async def load(rate: float, *more: str) -> None:
        words = ("load", "orders", "--yes", "--rate", str(rate), *more)
        await asyncio.to_thread(connector.command, *words)

    begun = time.monotonic()
    await load(asked.rate, "--no-wait")
    live = asyncio.create_task(traffic(shop, connector, asked.live, asked.pace))
    kills = await killed(shop, connector, asked)
    await live
    await over(connector, 1, asked.within)
    seconds = round(time.monotonic() - begun, 1)
    created, exact = len(shop.created()), shop.exact()
    await load(0)
    again = shop.exact()
    late = shop.unpaid()
    shop.pay(late)
    await tell(connector, order_told(str(late["id"]), 1, "OrderPaymentStateChanged"))
    await over(connector, 2, asked.within)
    paid = shop.exact() and len(shop.created()) == created + 1
    await load(0)
    await over(connector, 3, asked.within)
    ledger = connector.ledger()
    return {
        "kills": kills,
        "seconds": seconds,
        "live": asked.live,
        "created_of_history": created - (asked.live + 1) // 2,
        "exact_after_kills": exact,
        "nothing_again": again,
        "paid_once": paid,
        "nothing_at_last": shop.exact(),
        "closes": ledger["closes"],
        "ledger": ledger,
        "dead": ask(connector.data, "SELECT count(*) FROM parcel WHERE state = 4"),
    }
