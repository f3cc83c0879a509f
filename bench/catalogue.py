"""A whole catalogue in random order into the sandbox's Fluent: calls per entity, and what came.

python bench/catalogue.py [--products 5000] [--seed 1] [--batch 20]. Three levels of categories,
four variants a product. The first run fills an empty Fluent; the second begins with an empty store
of the connector and must only read. Fluent's workflows set the status of what is new a little
later, and it carries out the mutations of a request backwards: nothing may depend on their order.
Prints one JSON object as its last line.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import apsw
import uvloop
from connector import served, variables

from fluent_connect.app import logs
from fluent_connect.app.config.load import load
from fluent_connect.app.discovery import discover
from fluent_connect.app.service import Service
from fluent_connect.model.fact import Received
from fluent_connect.model.ids import new_id
from fluent_connect.model.outcome import Outcome
from fluent_connect.model.parcel import CT_QUEUE, EVENT_QUEUE, Parcel, Put
from fluent_connect.queues.store import Write
from fluent_connect.sandbox.faults import Fault
from fluent_connect.sandbox.servers import Options, Sandbox, ready
from fluent_connect.sandbox.shop import Shop, euro, money

BRANCHES = (5, 5, 6)
"""Roots, children of each, and children of each of those: three levels."""
VARIANTS = 4
KINDS = ("category", "standardProduct", "variantProduct")
SHOP = Shop(7)
FAULTS = (
    Fault(kind="status", operation="graphql", status=429, retry_after="1", probability=0.01),
    Fault(kind="status", operation="mutation", status=500, processed=True, probability=0.03),
    Fault(kind="reset", operation="mutation", processed=True, probability=0.03),
    Fault(kind="reset", operation="query", probability=0.03),
    Fault(kind="truncated", operation="graphql", processed=True, probability=0.03),
    Fault(kind="html", operation="graphql", probability=0.02),
    Fault(kind="errors", operation="graphql", code="S0002E", probability=0.02),
)
"""What `--faulty` makes go wrong in Fluent."""


def reference(kind: str, name: str) -> dict[str, str]:
    return {"typeId": kind, "id": SHOP.id(kind, name)}


def paths(branches: tuple[int, ...] = BRANCHES) -> Iterator[str]:
    """Yield the places in the tree, parents first: "2", "2.0", "2.0.5"."""
    level = [""]
    for width in branches:
        level = [f"{above}.{n}".lstrip(".") for above in level for n in range(width)]
        yield from level


def tree(products: int) -> list[str]:
    """Return the places of a tree that suits so many products."""
    return list(paths(BRANCHES if products >= 1000 else (2, 3, 3)))


def category(path: str) -> dict[str, object]:
    above = path.rpartition(".")[0]
    made = {
        "id": SHOP.id("category", path),
        "key": f"c-{path}",
        "name": {"en": f"Category {path}"},
        "slug": {"en": f"c-{path}"},
        "orderHint": f"0.{path.replace('.', '')}1",
    }
    return {**made, "parent": reference("category", above)} if above else made


def variant(product: int, index: int) -> dict[str, object]:
    cents = 900 + 13 * product + 250 * index
    return {
        "id": index,
        "sku": f"K{product:05}-{index}",
        "key": f"k{product:05}-{index}",
        "prices": [{"value": euro(cents)}, {"value": money(cents + 80, "USD")}],
        "attributes": [
            {"name": "colour", "value": ("ochre", "slate", "moss")[index % 3]},
            {"name": "gtin", "value": f"41{product:06}{index:04}"},
        ],
        "images": [{"url": f"https://cdn.invalid/{product}-{index}.jpg"}],
    }


def product(number: int, leaves: list[str]) -> dict[str, object]:
    chance = random.Random(f"product {number}")
    variants = [variant(number, index) for index in range(1, VARIANTS + 1)]
    return {
        "id": SHOP.id("product", f"p-{number}"),
        "key": f"p-{number}",
        "productType": reference("product-type", "household"),
        "taxCategory": reference("tax-category", "standard"),
        "name": {"en": f"Thing {number}"},
        "slug": {"en": f"p-{number}"},
        "description": {"en": f"Thing {number}, made to last."},
        "categories": [reference("category", path) for path in chance.sample(leaves, 2)],
        "masterVariant": variants[0],
        "variants": variants[1:],
        "publish": True,
    }


async def serve(products: int, latency: float, *, faulty: bool) -> None:
    """Be both platforms: fill the shop, say where it is, and serve until the input ends."""
    async with Sandbox(Options(seed=None)) as sandbox:
        knobs = sandbox.fluent.knobs
        knobs.workflow_delay, knobs.backwards = 0.2, True
        if latency:
            slow = Fault(kind="latency", operation="graphql", seconds=latency)
            sandbox.fluent.faults.add(slow)
        if faulty:
            sandbox.fluent.faults.add(*FAULTS)
        create = sandbox.commercetools.create
        create("tax-categories", SHOP.tax_category())
        create("product-types", SHOP.product_type())
        places = tree(products)
        for path in places:
            create("categories", category(path))
        leaves = [path for path in places if path.count(".") == len(BRANCHES) - 1]
        for number in range(products):
            create("products", product(number, leaves))
        print(json.dumps(ready(sandbox)), flush=True)
        await asyncio.to_thread(sys.stdin.read)


def notifications(products: int) -> list[dict[str, object]]:
    """Return what commercetools tells of the catalogue, the parents first."""
    found: list[dict[str, object]] = []
    for kind, ids in (
        ("category", [SHOP.id("category", path) for path in tree(products)]),
        ("product", [SHOP.id("product", f"p-{number}") for number in range(products)]),
    ):
        name = "CategoryCreated" if kind == "category" else "ProductPublished"
        for id_ in ids:
            told = {
                "notificationType": "Message", "projectKey": "sandbox", "id": str(uuid.uuid4()),
                "version": 1, "sequenceNumber": 1, "resource": {"typeId": kind, "id": id_},
                "resourceVersion": 1, "type": name,
            }  # fmt: skip
            found.append(told)
    return found


def written(told: dict[str, object]) -> Write:
    id_, body = new_id(), json.dumps(told).encode()
    parcel = Parcel(id_, "", body, {"door": "default", "content-type": "application/json"})
    return Write(
        Outcome(
            puts=(Put(CT_QUEUE, parcel),), facts=(Received(id_, "default", time.time(), len(body)),)
        )
    )


def configuration(
    platforms: dict[str, object], data: Path, batch: int, parallel: int, *, faulty: bool
) -> object:
    more: dict[str, object] = {"data": str(data), "port": 0, "admin.port": 0}
    if batch:
        more["http.batch.max"] = batch
    if parallel:
        more["http.batch.parallel"] = parallel
    if faulty:
        more["retry.waits"] = ", ".join(["200ms"] * 12)
    return load(None, (), variables(platforms), more)


async def run(
    platforms: dict[str, object], data: Path, told: list[dict[str, object]], asked: object
) -> dict[str, object]:
    """Carry all that is told through a connector with an empty store; return what it took."""
    config = configuration(platforms, data, asked.batch, asked.parallel, faulty=asked.faulty)
    before = await state(platforms)
    service = Service(config, discover(config.packages, config.paths))
    await service.start()
    began, used = time.perf_counter(), time.process_time()
    for at in range(0, len(told), 500):
        await service.store.commit(*(written(each) for each in told[at : at + 500]))
    while await waits(service):
        await asyncio.sleep(0.1)
        if time.perf_counter() - began > asked.within:
            raise SystemExit(f"not done after {asked.within} s: {stuck(data / 'connect.db')}")
    seconds, used = time.perf_counter() - began, time.process_time() - used
    await service.stop(0.0)
    after = await state(platforms)
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used, 1),
        **difference(before["requests"], after["requests"]),
        **books(data / "connect.db"),
        "entities": {kind: after["entities"].get(kind, 0) for kind in KINDS},
    }


async def waits(service: Service) -> bool:
    for queue in (CT_QUEUE, EVENT_QUEUE):
        depth = await service.store.depth(queue)
        if depth.waiting:
            return True
    return False


async def state(platforms: dict[str, object]) -> dict[str, dict[str, int]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{platforms['fluent_url']}/__sandbox/state") as answer,
    ):
        return await answer.json()


async def odd(platforms: dict[str, object]) -> int:
    """Return how many entities of Fluent are not as commercetools has them."""
    found = 0
    async with aiohttp.ClientSession() as session:
        for kind in KINDS:
            after = "0"
            while True:
                url = f"{platforms['fluent_url']}/__sandbox/entities"
                query = {"kind": kind, "whole": "true", "after": after}
                async with session.get(url, params=query) as answer:
                    page = await answer.json()
                if not page:
                    break
                found += sum(not as_it_should_be(kind, each) for each in page)
                after = page[-1]["id"]
    return found


def as_it_should_be(kind: str, entity: dict[str, object]) -> bool:
    """Say whether an entity is active, has its parent, and stands in its categories."""
    if entity["status"] != "ACTIVE":
        return False
    if kind == "category":
        return ("parent" in entity) == ("." in entity["name"])
    at_home = kind == "standardProduct" or "standard" in entity
    return at_home and len(entity["categories"]) == 2


def difference(before: dict[str, int], after: dict[str, int]) -> dict[str, object]:
    grown = {name: count - before.get(name, 0) for name, count in after.items()}
    writes = ("create", "update", "remove")
    return {
        "calls": grown.get("graphql", 0) + grown.get("token", 0),
        "writes": sum(n for name, n in grown.items() if name.startswith(writes)),
        "mutation_calls": grown.get("mutation", 0),
        "query_calls": grown.get("query", 0),
    }


def stuck(file: Path) -> list[tuple[object, ...]]:
    """Return what still waits, and why."""
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    return connection.execute(
        "SELECT queue, state, tries, substr(reason, 1, 120), count(*), min(due) - unixepoch()"
        " FROM parcel GROUP BY 1, 2, 3, 4"
    ).fetchall()


def books(file: Path) -> dict[str, object]:
    """Return what the connector's own journal says."""
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    ask = connection.execute
    fates = dict(ask("SELECT state, count(*) FROM fate GROUP BY state"))
    causes = dict(ask("SELECT cause, count(*) FROM message GROUP BY cause"))
    (attempts,) = ask("SELECT count(*) FROM attempt").fetchone()
    errors = ask(
        "SELECT substr(error, 1, 40), count(*) FROM attempt WHERE error <> '' GROUP BY 1"
        " ORDER BY 2 DESC"
    ).fetchall()
    connection.close()
    return {"fates": fates, "messages": causes, "attempts": attempts, "failed": dict(errors)}


def both_platforms(
    asked: argparse.Namespace,
) -> contextlib.AbstractContextManager[dict[str, object]]:
    """Have both platforms served by a process of their own, with so many products."""
    command = [__file__, "--serve", "--products", str(asked.products)]
    command += ["--latency", str(asked.latency), *(["--faulty"] if asked.faulty else [])]
    return served(*command)


async def main(asked: argparse.Namespace) -> None:
    logs.configure("error", "json")
    told = notifications(asked.products)
    expected = dict(
        zip(
            KINDS,
            (len(tree(asked.products)), asked.products, VARIANTS * asked.products),
            strict=True,
        )
    )
    entities = sum(expected.values())
    results: dict[str, object] = {"entities": entities, "expected": expected}
    with (
        tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder,
        both_platforms(asked) as platforms,
    ):
        for name in ("first", "second"):
            random.Random(f"{asked.seed} {name}").shuffle(told)
            found = await run(platforms, Path(folder).absolute() / name, told, asked)
            found["calls_per_entity"] = round(found["calls"] / entities, 3)
            found["entities_per_second"] = round(entities / found["seconds"], 1)
            odd_ones = await odd(platforms)
            found["complete"] = found.pop("entities") == expected and not odd_ones
            results[name] = found
            print(f"{name}: {found}", flush=True)
    print(json.dumps(results))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=0, help="http.batch.max; 1: no batches")
    parser.add_argument("--parallel", type=int, default=0, help="http.batch.parallel")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds of each call to Fluent")
    parser.add_argument("--faulty", action="store_true", help="Fluent fails in many ways")
    parser.add_argument("--within", type=float, default=900, help="seconds that a run may take")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    serving = serve(given.products, given.latency, faulty=given.faulty) if given.serve else None
    uvloop.run(serving or main(given))
