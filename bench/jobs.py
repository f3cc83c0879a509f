"""Jobs at size: the catalogue sync, killed on the way, and history loaded beside live orders.

python bench/jobs.py catalogue [--products 20000] [--against 5000] [--kills 10]
    Sync a catalogue of so many products, and one of `--against`, into the sandbox's Fluent. The
    connector is a process of its own, killed so often on the way. Then once more, unchanged.
python bench/jobs.py history [--orders 20000] [--live 300] [--rate 50]
    Orders that come in alone, and then while history is loaded: seconds from the webhook to Fluent.
Prints one JSON object as its last line.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import aiohttp
import apsw
from catalogue import (
    KINDS,
    VARIANTS,
    both_platforms,
    difference,
    odd,
    state,
    tree,
)

from fluent_connect.sandbox.servers import Options, Sandbox, ready

JOB = "batch-product-catalogue-sync"
KEY = "bench"
_READY = re.compile(r"ready (http://\S+) admin")
_ENDED = "SELECT count(*) FROM job_run WHERE ended IS NOT NULL"
_STEP = "SELECT coalesce(max(step), 0) FROM job_run"
_WAITING = "SELECT count(*) FROM parcel WHERE state <> 4 AND queue <> 'notification-queue'"


def ask(data: Path, text: str) -> int:
    """Return the number that a search of the connector's store finds; 0 before there is one."""
    try:
        connection = apsw.Connection(str(data / "connect.db"), flags=apsw.SQLITE_OPEN_READONLY)
    except apsw.CantOpenError:
        return 0
    try:
        connection.setbusytimeout(5000)
        return int(connection.execute(text).fetchone()[0] or 0)
    except apsw.SQLError:
        return 0
    finally:
        connection.close()


def environment(platforms: Mapping[str, object]) -> dict[str, str]:
    commercetools, fluent = platforms["commercetools"], platforms["fluent"]
    told = {
        "FC_PROJECT_KEY": commercetools["project_key"],
        "FC_CT_API_URL": platforms["commercetools_url"],
        "FC_CT_AUTH_URL": platforms["commercetools_url"],
        "FC_CT_CLIENT_ID": commercetools["client_id"],
        "FC_CT_CLIENT_SECRET": commercetools["client_secret"],
        "FC_FLUENT_URL": platforms["fluent_url"],
        "FC_FLUENT_ACCOUNT": fluent["account"],
        "FC_FLUENT_RETAILER": fluent["retailers"][0],
        "FC_FLUENT_USERNAME": fluent["username"],
        "FC_FLUENT_PASSWORD": fluent["password"],
        "FC_FLUENT_CLIENT_ID": fluent["client_id"],
        "FC_FLUENT_CLIENT_SECRET": fluent["client_secret"],
        "FC_FLUENT_CATALOGUE": fluent["catalogue"],
        "FC_DOOR_SECRET": KEY,
    }
    return {**os.environ, **{name: str(value) for name, value in told.items()}}


class Connector:
    """The connector as a process; `peak` is the most memory that any of its lives took, in MB."""

    def __init__(self, data: Path, environ: Mapping[str, str], journal: str | None = None) -> None:
        self.data = data
        self.peak = 0.0
        self._environ = environ
        conf = data / "conf"
        conf.mkdir(parents=True)
        jobs = [{"name": JOB, "trail": "0s"}, {"name": "load-orders", "trail": "0s"}]
        own = {"api-keys": [KEY], "jobs": jobs, "log": {"level": "error"}}
        own |= {"journal": {"url": journal}} if journal else {}
        (conf / "application-connector.yml").write_text(json.dumps({"fluent-connect": own}))

    def start(self) -> None:
        command = [sys.executable, "-m", "fluent_connect", "run", "--port", "0", "--admin-port"]
        command += ["0", "--data", str(self.data), "--config", str(self.data / "conf")]
        self._process = subprocess.Popen(
            command, env=self._environ, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := _READY.match(line):
                self.url = found[1]
                return
        raise SystemExit("the connector did not start")

    def look(self) -> None:
        """Note how much memory this life has taken at most."""
        with contextlib.suppress(FileNotFoundError):
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            if found := re.search(r"VmHWM:\s+(\d+)", status):
                self.peak = max(self.peak, int(found[1]) / 1024)

    def kill(self) -> None:
        self.look()
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self.look()
        self._process.terminate()
        self._process.communicate(timeout=60)


async def put(url: str, job: str) -> None:
    target = f"{url}/api/v1/fluent-connect/scheduler/add/SANDBOX/1/{job}"
    async with (
        aiohttp.ClientSession() as session,
        session.put(target, headers={"x-api-key": KEY}) as answer,
    ):
        if answer.status != 202:
            raise SystemExit(f"{answer.status} {await answer.text()}")


async def sync(connector: Connector, products: int, kills: int, within: float) -> None:
    """Wait until the run and its messages have ended; kill the connector so often on the way."""
    pages, begun, killed = max(1, products // 50), time.monotonic(), 0
    before = ask(connector.data, _ENDED)
    while ask(connector.data, _ENDED) == before or ask(connector.data, _WAITING):
        await asyncio.sleep(0.2)
        connector.look()
        if time.monotonic() - begun > within:
            raise SystemExit(f"not done after {within} s: {ask(connector.data, _WAITING)} wait")
        due = ask(connector.data, _STEP) >= pages * (killed + 1) / (kills + 1)
        if killed < kills and (due or ask(connector.data, _ENDED) > before):
            connector.kill()
            killed += 1
            connector.start()
    if killed < kills:
        raise SystemExit(f"it was over after {killed} kills")


async def catalogue_of(products: int, folder: Path, asked: argparse.Namespace) -> dict[str, object]:
    """Return what a sync of so many products took."""
    given = argparse.Namespace(products=products, latency=0.0, faulty=False)
    with both_platforms(given) as platforms:
        connector = Connector(folder / str(products), environment(platforms))
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


async def catalogues(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    found = []
    for products in (asked.against, asked.products):
        found.append(await catalogue_of(products, folder, asked))
        print(found[-1], flush=True)
    small, large = found
    growth = round(large["peak_mb"] / small["peak_mb"], 2)
    return {"small": small, "large": large, "memory_growth": growth}


async def serve_history(orders: int) -> None:
    """Be both platforms, with so many orders, until the input ends."""
    async with Sandbox(Options(customers=50, orders=0)) as sandbox:
        sandbox.build("order", range(orders))
        print(json.dumps(ready(sandbox)), flush=True)
        await asyncio.to_thread(sys.stdin.read)


def history_platforms(orders: int) -> AbstractContextManager[dict[str, object]]:
    return served(__file__, "history", "--serve", "--orders", str(orders))


@contextlib.contextmanager
def served(*words: str) -> Iterator[dict[str, object]]:
    """Have a script of ours be both platforms as a process of its own; return where they are."""
    command = [sys.executable, *words]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate()


class Till:
    """Sells one order after the other, each told by a webhook."""

    def __init__(self, platforms: Mapping[str, object], url: str, pace: float) -> None:
        self._build = f"{platforms['commercetools_url']}/__sandbox/build"
        self._door = f"{url}/api/v1/fluent-connect/external-system/webhook"
        self._pace = pace

    async def sell(self, numbers: range) -> None:
        """Return when all of them were accepted."""
        async with aiohttp.ClientSession() as session:
            for number in numbers:
                began = time.monotonic()
                await self._one(session, number)
                await asyncio.sleep(max(0.0, self._pace - (time.monotonic() - began)))

    async def _one(self, session: aiohttp.ClientSession, number: int) -> None:
        made = {"type": "order", "from": number, "count": 1}
        async with session.post(self._build, json=made) as answer:
            (id_,) = (await answer.json())["ids"]
        told = {
            "notificationType": "Message", "projectKey": "sandbox", "id": f"live-{number}",
            "version": 1, "sequenceNumber": 1, "type": "OrderCreated",
            "resource": {"typeId": "order", "id": id_}, "resourceVersion": 1,
        }  # fmt: skip
        async with session.post(self._door, json=told, headers={"x-api-key": KEY}) as answer:
            if answer.status != 202:
                raise SystemExit(f"the door answered {answer.status}")


def latencies(data: Path, since: float) -> list[float]:
    """Return, for each order that was told since then, the seconds from the door to its end."""
    connection = apsw.Connection(str(data / "connect.db"), flags=apsw.SQLITE_OPEN_READONLY)
    connection.setbusytimeout(5000)
    rows = connection.execute(
        "SELECT f.at - r.at FROM receipt r JOIN message m ON m.id > r.id || '.' AND"
        " m.id < r.id || '/' JOIN fate f ON f.id = m.id"
        " WHERE r.at >= ? AND m.cause = 'notification' AND m.type_id = 'order'",
        (since,),
    ).fetchall()
    connection.close()
    return sorted(row[0] for row in rows)


def quantiles(found: list[float]) -> dict[str, object]:
    at = statistics.quantiles(found, n=100, method="inclusive")
    return {
        "orders": len(found),
        "p50_ms": round(at[49] * 1e3, 1),
        "p99_ms": round(at[98] * 1e3, 1),
        "max_ms": round(found[-1] * 1e3, 1),
    }


async def history(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Return the latency of live orders alone, and beside a load of history."""
    with history_platforms(asked.orders) as platforms:
        connector = Connector(folder / "history", environment(platforms))
        connector.start()
        try:
            return await beside(connector, platforms, asked)
        finally:
            connector.stop()


async def beside(
    connector: Connector, platforms: Mapping[str, object], asked: argparse.Namespace
) -> dict[str, object]:
    data, till = connector.data, Till(platforms, connector.url, asked.pace)
    first = range(1_000_000, 1_000_000 + asked.live)
    await till.sell(range(900_000, 900_020))
    await drained(data, asked.within)
    began = time.time()
    await till.sell(first)
    await drained(data, asked.within)
    alone = latencies(data, began)
    environ = environment(platforms)
    command = [sys.executable, "-m", "fluent_connect", "load", "orders", "--yes", "--no-wait"]
    command += ["--rate", str(asked.rate), "--data", str(data), "--config", str(data / "conf")]
    subprocess.run(command, env=environ, check=True)
    loading = time.time()
    await asyncio.sleep(3.0)
    began = time.time()
    await till.sell(range(first.stop, first.stop + asked.live))
    still = not ask(data, _ENDED) or ask(data, _WAITING) > 0
    while not ask(data, _ENDED):
        await asyncio.sleep(0.5)
    await drained(data, asked.within)
    took = time.time() - loading
    loaded = latencies(data, began)
    total = asked.orders + 2 * asked.live + 20
    held = await orders(platforms)
    connector.look()
    return {
        "history": asked.orders,
        "rate": asked.rate,
        "seconds": round(took, 1),
        "alone": quantiles(alone),
        "loading": quantiles(loaded),
        "still_loading": still,
        "p99_ratio": round(quantiles(loaded)["p99_ms"] / quantiles(alone)["p99_ms"], 2),
        "exact": held == {"created": total, "twice": 0},
        "unaccounted": await unaccounted(data),
        "peak_mb": round(connector.peak, 1),
    }


async def drained(data: Path, within: float) -> None:
    begun = time.monotonic()
    while ask(data, _WAITING):
        if time.monotonic() - begun > within:
            raise SystemExit(f"{ask(data, _WAITING)} wait after {within} s")
        await asyncio.sleep(0.2)


async def orders(platforms: Mapping[str, object]) -> dict[str, int]:
    """Return how many orders Fluent created, and how many refs it created twice."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{platforms['fluent_url']}/__sandbox/creations?kind=order") as answer,
    ):
        made = [each["created"] for each in await answer.json()]
    return {"created": sum(made), "twice": sum(n > 1 for n in made)}


async def unaccounted(data: Path) -> int:
    command = [sys.executable, "-m", "fluent_connect", "ledger", "--json", "--data", str(data)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(json.loads(ran.stdout)["unaccounted"])


async def main(asked: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as place:
        folder = Path(place).absolute()
        found = await (catalogues if asked.what == "catalogue" else history)(asked, folder)
    print(json.dumps(found))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("catalogue", "history"))
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--against", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--live", type=int, default=300)
    parser.add_argument("--pace", type=float, default=0.2, help="seconds between live orders")
    parser.add_argument("--rate", type=float, default=50.0, help="of the load, messages a second")
    parser.add_argument("--within", type=float, default=1500, help="seconds that a run may take")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    asyncio.run(serve_history(given.orders) if given.serve else main(given))
