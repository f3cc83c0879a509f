"""`demo`: a fixed set of notifications through faults, and the proof that all arrived."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import uvloop

from fluent_connect.app import logs
from fluent_connect.app.discovery import discover
from fluent_connect.app.options import Options
from fluent_connect.app.playground import SECRET, configured
from fluent_connect.app.service import Service
from fluent_connect.ingest.webhook import PATH
from fluent_connect.journal.ledger import Ledger
from fluent_connect.sandbox.commercetools.envelopes import Target
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Options as SandboxOptions
from fluent_connect.sandbox.servers import Sandbox

Refs = Mapping[str, set[str]]

_KINDS = ("order", "customer", "category", "product")
_AT_COMMERCETOOLS = (
    Fault(kind="status", status=500, probability=0.05),
    Fault(kind="status", status=429, retry_after="0", probability=0.04),
    Fault(kind="reset", probability=0.03),
    Fault(kind="stale", probability=0.05),
    Fault(kind="duplicate", operation="notification", probability=0.2),
    Fault(kind="delay", operation="notification", probability=0.3, seconds=0.5),
)
_AT_FLUENT = (
    Fault(kind="status", status=500, probability=0.04),
    Fault(kind="status", status=429, retry_after="0", probability=0.03),
    Fault(kind="reset", probability=0.03),
    Fault(kind="reset", operation="createOrder", processed=True, every=7),
)
_FASTER = {
    "retry.waits": "0.2s, 0.5s, 1s, 1s, 2s, 2s, 3s, 3s, 5s, 5s, 10s, 10s",
    "retry.park-waits": "1s, 2s, 5s",
    "http.breaker.open-for": "1s",
    "log.level": "error",
}


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a demo. `keep`: where its data shall stay; None: nowhere."""

    json: bool = False
    seed: int = 1
    keep: Path | None = None
    orders: int = 60
    timeout: float = 180.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a demo came to."""

    accepted: int
    done: int
    skipped: int
    superseded: int
    dead: int
    waiting: int
    unaccounted: int
    fluent_orders: int
    fluent_customers: int
    fluent_products: int
    fluent_categories: int
    repeats: int
    seconds: float
    missing: list[str]
    surplus: list[str]

    @property
    def holds(self) -> bool:
        """Say whether everything arrived, once, and is accounted for."""
        wrong = self.dead or self.waiting or self.unaccounted or self.missing or self.surplus
        return bool(self.accepted) and not wrong


def run(wishes: Wishes) -> int:
    """Run the demo; return 0 if it holds, 1 if it does not."""
    return uvloop.run(_run(wishes))


async def _run(wishes: Wishes) -> int:
    with tempfile.TemporaryDirectory(prefix="fluent-connect-demo-") as folder:
        data = wishes.keep or Path(folder)
        async with Sandbox(SandboxOptions(seed=wishes.seed)) as sandbox:
            result = await _carry(sandbox, data, wishes)
    if wishes.json:
        print(msgspec.json.encode(result).decode())  # noqa: T201 - what was asked for
    else:
        print("\n".join(_told(result)))  # noqa: T201
    return 0 if result.holds else 1


async def _carry(sandbox: Sandbox, data: Path, wishes: Wishes) -> Result:
    options = Options(data=data, port=0, admin_port=0, host="127.0.0.1")
    config = configured(sandbox, options, os.environ, _FASTER)
    logs.configure(config.log.level, "text")
    service = Service(config, discover(config.packages, config.paths))
    await service.start()
    began = time.monotonic()
    try:
        _disturb(sandbox, wishes)
        _tell(sandbox, service, wishes)
        await _settle(sandbox, service, wishes, began)
        return _result(sandbox, service.pulse.ledger, time.monotonic() - began)
    finally:
        sandbox.commercetools.faults.clear()
        sandbox.fluent.faults.clear()
        await service.stop(0.0)


def _disturb(sandbox: Sandbox, wishes: Wishes) -> None:
    sandbox.commercetools.faults.set(_AT_COMMERCETOOLS, seed=wishes.seed)
    sandbox.fluent.faults.set(_AT_FLUENT, seed=wishes.seed + 1)


def _tell(sandbox: Sandbox, service: Service, wishes: Wishes) -> None:
    """Have the shop tell of all that it holds, and of as much again that it makes now."""
    door = f"http://127.0.0.1:{service.server.port}{PATH}"
    sandbox.commercetools.notifier.aim(Target(url=door, api_key=SECRET))
    sandbox.announce()
    sandbox.build("customer", range(1000, 1000 + wishes.orders // 3))
    sandbox.build("category", range(1000, 1000 + wishes.orders // 10))
    sandbox.build("product", range(1000, 1000 + wishes.orders // 4))
    sandbox.build("order", range(1000, 1000 + wishes.orders))


async def _settle(sandbox: Sandbox, service: Service, wishes: Wishes, began: float) -> None:
    """Wait until all is told and nothing waits; show how far it is."""
    deadline = began + wishes.timeout
    while time.monotonic() < deadline:
        await asyncio.sleep(0.25)
        await service.pulse.look()
        ledger, untold = service.pulse.ledger, sandbox.commercetools.notifier.counts()["waiting"]
        _show(ledger, untold, wishes)
        if not untold and not ledger.waiting:
            break
    _show(None, 0, wishes)


def _show(ledger: Ledger | None, untold: int, wishes: Wishes) -> None:
    if wishes.json or not sys.stderr.isatty():
        return
    line = ""
    if ledger is not None:
        line = f"{ledger.accepted} accepted, {untold} to come, {ledger.waiting} waiting"
    sys.stderr.write(f"\r{line:<70}\r")
    sys.stderr.flush()


def _result(sandbox: Sandbox, ledger: Ledger, seconds: float) -> Result:
    wanted, found = expected(sandbox), held(sandbox)
    return Result(
        accepted=ledger.accepted,
        done=ledger.done,
        skipped=ledger.skipped,
        superseded=ledger.superseded,
        dead=ledger.dead,
        waiting=ledger.waiting,
        unaccounted=ledger.unaccounted,
        fluent_orders=len(found["order"]),
        fluent_customers=len(found["customer"]),
        fluent_products=len(found["product"]),
        fluent_categories=len(found["category"]),
        repeats=ledger.repeats,
        seconds=round(seconds, 1),
        missing=sorted(_apart(wanted, found)),
        surplus=sorted(_apart(found, wanted)),
    )


def _apart(these: Refs, those: Refs) -> Iterator[str]:
    for kind in _KINDS:
        yield from (f"{kind} {ref}" for ref in these[kind] - those[kind])


def expected(sandbox: Sandbox) -> Refs:
    """Return the refs that Fluent must hold, read off what the shop holds."""
    scan = sandbox.commercetools.project.scan
    customers = {each["id"] for each in scan("customer")}
    orders = list(scan("order"))
    guests = {f"guest-{each['id']}" for each in orders if "customerId" not in each}
    products: set[str] = set()
    for product in scan("product"):
        current = product["masterData"]["current"]
        products.add(f"P_{product.get('key') or product['id']}")
        products.update(each["sku"] for each in (current["masterVariant"], *current["variants"]))
    return {
        "order": {each["orderNumber"] for each in orders},
        "customer": customers | guests,
        "category": {each["id"] for each in scan("category")},
        "product": products,
    }


def held(sandbox: Sandbox) -> Refs:
    """Return the refs that the sandbox's Fluent holds."""
    listing = sandbox.fluent.entities.listing

    def refs(*kinds: str) -> set[str]:
        return {str(each["ref"]) for kind in kinds for each in listing(kind)}

    return {
        "order": refs("order"),
        "customer": refs("customer"),
        "category": refs("category"),
        "product": refs("standardProduct", "variantProduct"),
    }


def _told(result: Result) -> Iterator[str]:
    yield "What was told: duplicates, out of order, through 429, 500, resets and stale reads."
    yield (
        f"  {result.accepted} notifications accepted ({result.repeats} repeats beside them)"
        f" in {result.seconds} s"
    )
    for state in ("done", "superseded", "skipped", "dead", "waiting", "unaccounted"):
        yield f"  {state:<12}{getattr(result, state):>6}"
    yield "What Fluent holds:"
    for kind in ("orders", "customers", "products", "categories"):
        yield f"  {kind:<12}{getattr(result, f'fluent_{kind}'):>6}"
    yield from (f"MISSING in Fluent: {each}" for each in result.missing)
    yield from (f"SURPLUS in Fluent: {each}" for each in result.surplus)
    if result.holds:
        yield "The ledger closes, nothing waits, and Fluent holds exactly what the shop does."
    else:
        yield "THIS DOES NOT HOLD: see above."
