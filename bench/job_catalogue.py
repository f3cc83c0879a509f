"""`jobs.py catalogue`: the sync of a whole catalogue, killed on the way."""

import argparse
import asyncio
import time
from pathlib import Path

from catalogue import (
    KINDS,
    VARIANTS,
    both_platforms,
    difference,
    odd,
    state,
    tree,
)
from connector import ENDED, WAITING, Connector, ask, put, variables, within

JOB = "batch-product-catalogue-sync"
OWN = {"jobs": [{"name": JOB, "trail": "0s"}]}
_STEP = "SELECT coalesce(max(step), 0) FROM job_run"


async def sync(connector: Connector, products: int, kills: int, seconds: float) -> None:
    """Wait until the run and its messages have ended; kill the connector so often on the way."""
    pages, begun, killed = max(1, products // 50), time.monotonic(), 0
    before = ask(connector.data, ENDED)
    while ask(connector.data, ENDED) == before or ask(connector.data, WAITING):
        await asyncio.sleep(0.2)
        connector.look()
        within(begun, seconds, f"{ask(connector.data, WAITING)} wait")
        due = ask(connector.data, _STEP) >= pages * (killed + 1) / (kills + 1)
        if killed < kills and (due or ask(connector.data, ENDED) > before):
            connector.kill()
            killed += 1
            connector.start()
    if killed < kills:
        raise SystemExit(f"it was over after {killed} kills")


async def catalogue_of(products: int, folder: Path, asked: argparse.Namespace) -> dict[str, object]:
    """Return what a sync of so many products took."""
    given = argparse.Namespace(products=products, latency=0.0, faulty=False)
    with both_platforms(given) as platforms:
        connector = Connector(folder / str(products), variables(platforms), OWN)
        connector.start()
        try:
            before, began = await state(platforms), time.monotonic()
            await put(connector.url, JOB)
            await sync(connector, products, asked.kills, asked.within)
            first = await state(platforms)
            seconds = time.monotonic() - began
            await put(connector.url, JOB)
            await sync(connector, products, 0, asked.within)
            second = await state(platforms)
        finally:
            connector.stop()
        expected = dict(
            zip(KINDS, (len(tree(products)), products, VARIANTS * products), strict=True)
        )
        entities = sum(expected.values())
        took = difference(before["requests"], first["requests"])
        again = difference(first["requests"], second["requests"])
        held = {kind: first["entities"].get(kind, 0) for kind in KINDS}
        return {
            "products": products,
            "entities": entities,
            "seconds": round(seconds, 1),
            "entities_per_second": round(entities / seconds, 1),
            "calls_per_entity": round(took["calls"] / entities, 3),
            "kills": asked.kills,
            "peak_mb": round(connector.peak, 1),
            "exact": held == expected and not await odd(platforms),
            "second_run": {name: again[name] for name in ("calls", "writes")},
            "dead": ask(connector.data, "SELECT count(*) FROM parcel WHERE state = 4"),
        }


async def measure(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    found = []
    for products in (asked.against, asked.products):
        found.append(await catalogue_of(products, folder, asked))
        print(found[-1], flush=True)
    small, large = found
    exact = small["exact"] and large["exact"]
    growth = round(large["peak_mb"] / small["peak_mb"], 2)
    return {"small": small, "large": large, "memory_growth": growth, "exact": exact}
