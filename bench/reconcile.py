"""Seeded drift of one per cent, found and mended: `python bench/reconcile.py [--entities 20000]`.

Customers, products and categories of a sandbox are brought to Fluent by `reconcile --repair` and a
running service. A reconcile of the quiet system must find nothing. Then one resource in a hundred
drifts: deleted in Fluent, changed in commercetools without a word, edited in Fluent (a name, a
price), or left over in Fluent. All of these must be found, nothing else, and after a repair none is
left. Each command is a process of its own, whose memory and time are told. Exit 1 if anything
differs from that; the last line is JSON.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fluent_connect.app import logs
from fluent_connect.app.discovery import discover
from fluent_connect.app.options import Options as ServiceOptions
from fluent_connect.app.playground import configured, variables
from fluent_connect.app.service import Service
from fluent_connect.model.fact import Statement
from fluent_connect.sandbox.servers import Options, Sandbox
from fluent_connect.sandbox.shop import PRODUCTS, Shop

_SHARES = {"categories": 0.05, "products": 0.30, "customers": 0.65}
_WAITING = Statement("SELECT count(*) AS n FROM parcel WHERE queue = 'event-queue' AND state <> 4")
_PLURALS = {"category": "categories", "product": "products", "customer": "customers"}
Seeded = dict[str, str]
"""The class of each resource that was made to drift, by `type/id`."""


class Bench:
    """A sandbox, a service between its systems, and the command line beside it."""

    def __init__(self, sandbox: Sandbox, data: Path, seed: int) -> None:
        self.sandbox = sandbox
        self.data = data
        self.chance = random.Random(seed)
        self.peak = 0
        self.took: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def fill(self, entities: int) -> None:
        """Fill the shop with so many resources."""
        counts = {what: int(entities * share) for what, share in _SHARES.items()}
        shop, system = Shop(1), self.sandbox.commercetools
        products = max(PRODUCTS, counts["products"])
        for path, draft in shop.resources(
            customers=counts["customers"], orders=0, products=products
        ):
            if path != "inventory":
                system.create(path, draft)
        there = system.project.count("category")
        for number in range(there, max(there, counts["categories"])):
            system.create("categories", shop.category(number))

    async def run(self, what: str, *words: str) -> tuple[int, list[dict[str, Any]]]:
        """Run `reconcile` as a process; return its exit code and what it told."""
        began, before = time.monotonic(), self._requests()
        given = ["-m", "fluent_connect", "reconcile", what, "--settle", "0s", "--json", *words]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *given,
            "--data",
            str(self.data),
            env={**os.environ, **variables(self.sandbox)},
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        watching = asyncio.create_task(self._watch(process.pid))
        out, _ = await process.communicate()
        watching.cancel()
        self.took[" ".join([what, *words[:1]])] += round(time.monotonic() - began)
        if not words:
            self.calls.update(self._requests() - before)
        return process.returncode or 0, [json.loads(line) for line in out.splitlines()]

    async def mend(self, service: Service, what: str) -> dict[str, Any]:
        """Repair what differs, wait until it is carried out, and return the plan."""
        _, rows = await self.run(what, "--repair", "--yes", "--rate", "2000")
        while (await service.store.read(_WAITING))[0]["n"]:
            await asyncio.sleep(0.2)
        (plan,) = [row["plan"] for row in rows if "plan" in row]
        found: dict[str, Any] = plan
        return found

    async def _watch(self, pid: int) -> None:
        """Note how much memory a process has taken at most, until it has ended."""
        with contextlib.suppress(FileNotFoundError):
            while True:
                status = Path(f"/proc/{pid}/status").read_text()
                if found := re.search(r"VmHWM:\s+(\d+)", status):
                    self.peak = max(self.peak, int(found[1]) // 1024)
                await asyncio.sleep(0.2)

    def _requests(self) -> Counter[str]:
        """Return how many requests each system was sent so far."""
        commercetools, fluent = self.sandbox.commercetools.requests, self.sandbox.fluent.requests
        return Counter(commercetools=sum(commercetools.values()), fluent=fluent.get("graphql", 0))

    def drift(self, share: float) -> Seeded:
        """Have one share of each type drift, in all ways in turn."""
        seeded: Seeded = {}
        for type_id, ways in (
            ("category", ("different", "stale", "extra")),
            ("product", ("missing", "stale", "different", "price", "extra")),
            ("customer", ("missing", "stale", "different")),
        ):
            all_ = [each["id"] for each in self.sandbox.commercetools.project.scan(type_id)]
            chosen = self.chance.sample(all_, max(len(ways), int(len(all_) * share)))
            for number, id_ in enumerate(chosen):
                way = ways[number % len(ways)]
                about, class_ = self._drift(type_id, id_, way, number)
                seeded[about] = class_
        return seeded

    def _drift(self, type_id: str, id_: str, way: str, number: int) -> tuple[str, str]:
        project, fluent = self.sandbox.commercetools.project, self.sandbox.fluent.entities
        found = project.get(type_id, id_)
        assert found is not None
        kind = {"product": "standardProduct"}.get(type_id, type_id)
        ref = f"P_{found['key']}" if type_id == "product" else id_
        held = fluent.find(kind, ref)
        assert held is not None, (kind, ref)
        match way:
            case "missing":
                gone = (int(held["id"]), int(held["id"]))
                fluent.database.execute("DELETE FROM entity WHERE id = ? OR owner = ?", gone)
            case "different":
                name = "firstName" if type_id == "customer" else "name"
                fluent.save({**held, name: "Edited in Fluent"})
            case "price":
                (variant, *_) = fluent.owned(held["id"], "variantProduct")
                prices = [{**each, "value": 1} for each in variant["prices"]]
                fluent.save({**variant, "prices": prices})
                return f"{type_id}/{id_}", "different"
            case "stale":
                project.change(type_id, _renamed(type_id, found))
            case "extra":
                return f"{type_id}/{self._extra(kind, held, number)}", "extra"
        return f"{type_id}/{id_}", way

    def _extra(self, kind: str, held: dict[str, Any], number: int) -> str:
        ref = f"left-over-{number}"
        attributes = [
            {**each, "value": ref} if each["name"] == "commercetoolsId" else each
            for each in held["attributes"]
        ]
        made = {name: value for name, value in held.items() if name != "id"}
        named = f"P_{ref}" if kind == "standardProduct" else ref
        self.sandbox.fluent.entities.add(
            kind,
            {**made, "ref": named, "attributes": attributes},
            scope=held["catalogue"]["ref"],
        )
        return ref


def _renamed(type_id: str, found: dict[str, Any]) -> dict[str, Any]:
    if type_id == "customer":
        return {**found, "firstName": "Renamed"}
    if type_id == "category":
        return {**found, "name": {"en": "Renamed"}}
    data = found["masterData"]
    current = {**data["current"], "name": {"en": "Renamed"}}
    return {**found, "masterData": {**data, "current": current}}


def told(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield resource and class of each finding."""
    for row in rows:
        if "class" in row:
            yield row["resource"], row["class"]


async def measure(entities: int, seed: int) -> dict[str, Any]:
    """Fill, reconcile, drift, find, mend; return the figures."""
    logs.configure("error", "text")
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(Options(seed=None)) as sandbox:
            bench = Bench(sandbox, Path(folder), seed)
            bench.fill(entities)
            options = ServiceOptions(data=Path(folder), port=0, admin_port=0, host="127.0.0.1")
            config = configured(sandbox, options, {}, {"log.level": "error"})
            logs.configure("error", "text")
            service = Service(config, discover(config.packages, config.paths))
            await service.start()
            try:
                return await _figures(bench, service)
            finally:
                await service.stop(0.0)


async def _figures(bench: Bench, service: Service) -> dict[str, Any]:
    types = list(_PLURALS.values())
    made = {what: (await bench.mend(service, what))["creates"] for what in types}
    quiet = {what: (await bench.run(what))[1][-1]["summary"] for what in types}
    seeded = bench.drift(0.01)
    found: dict[str, str] = {}
    for what in types:
        found |= dict(told((await bench.run(what))[1]))
    plans = {what: await bench.mend(service, what) for what in types}
    after = {what: (await bench.run(what))[1][-1]["summary"] for what in types}
    compared = sum(seconds for name, seconds in bench.took.items() if name in types)
    looked = 3 * sum(each["seen"] for each in after.values())
    return {
        "entities": sum(each["seen"] for each in quiet.values()),
        "created_by_repair": sum(made.values()),
        "false_alarms": sum(each["drift"] + each["unknown"] for each in quiet.values()),
        "seeded": len(seeded),
        "by_class": dict(Counter(seeded.values())),
        "found": sum(found.get(about) == class_ for about, class_ in seeded.items()),
        "wrong": {about: f for about, f in found.items() if seeded.get(about) != f},
        "repairs": sum(plan["count"] for plan in plans.values()),
        "left": sum(each["drift"] + each["unknown"] for each in after.values()),
        "seconds": dict(bench.took),
        "seconds_per_1000": round(compared / looked * 1000, 2),
        "calls_per_entity": {name: round(count / looked, 3) for name, count in bench.calls.items()},
        "peak_mb": bench.peak,
    }


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    figures = asyncio.run(measure(given.entities, given.seed))
    print(json.dumps(figures))
    exact = figures["found"] == figures["seeded"] and not figures["wrong"]
    return 0 if exact and not figures["false_alarms"] and not figures["left"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
