"""What a long queue costs on PostgreSQL: rows written by SQL, then drained at the head and the end.

python bench/backlog.py N SECONDS URL. URL: of an empty database. The rate is that of a short queue
first, then that of the first SECONDS of N messages of 1 KB; then all but the last ones go as if
they had been worked on, with no vacuum, and what is left is drained. Prints one JSON object.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import uvloop
from drain import Memory, events, rss
from run import ACCOUNT

from fluent_connect.app import logs
from fluent_connect.app.config.load import load
from fluent_connect.app.discovery import discover
from fluent_connect.app.service import Service
from fluent_connect.clients.transport import Answer, Request
from fluent_connect.model.fact import Paused, Resumed
from fluent_connect.model.outcome import Outcome
from fluent_connect.queues.store import Write

HERE = Path(__file__).parent
SHORT = 5_000
ROWS = """
    CREATE TEMP TABLE made AS SELECT extract(epoch FROM now()) + n * 1e-4 AS at,
        lpad(to_hex($1 + n), 32, '0') AS id, gen_random_uuid()::text AS resource
        FROM generate_series(1, $2::bigint) AS n"""
FILL = (
    "INSERT INTO receipt SELECT id, 'default', at, 1000 FROM made",
    """INSERT INTO notification SELECT id, gen_random_uuid(), 'OrderCreated', 'bench', 'order',
        resource, 1, 1, at FROM made""",
    """INSERT INTO message SELECT id || '.0', id, 'commercetools.connect.order.create', 'BENCH',
        '1', 'order', resource, 1, 'notification', at FROM made""",
    "INSERT INTO fate SELECT id, 'done', '1 message', at, 1 FROM made",
    """INSERT INTO body SELECT id, '{}', convert_to('{"x":"' || repeat(md5(id), 20) || '"}',
        'UTF8'), at FROM made""",
    """INSERT INTO parcel (queue, id, lane, rank, grp, due, ordered, origin, headers, body, put_at)
        SELECT 'event-queue', id || '.0', 'BENCH/1/order/' || resource, 0,
        'BENCH/commercetools.connect.order.create', at - 10000, 0, id, '{}', convert_to(
        '{"id":"' || id || '.0","name":"commercetools.connect.order.create","key":"BENCH/1/order/'
        || resource || '","account":"BENCH","retailer":"1","project_key":"bench","resource":'
        || '{"type_id":"order","id":"' || resource || '"},"kind":"OrderCreated","version":1,'
        || '"sequence":1,"notification":"' || id || '","cause":"notification","attributes":'
        || '{"orderNumber":"' || left(resource, 13) || '"},"only":[],"dependencies":{}}', 'UTF8'),
        at - 10000
        FROM made ORDER BY id""",
    "DROP TABLE made",
)
SKIP = """WITH gone AS (DELETE FROM parcel WHERE queue = 'event-queue' AND seq <= (
            SELECT seq FROM parcel ORDER BY seq DESC OFFSET $1 LIMIT 1) RETURNING id, origin),
        bodies AS (DELETE FROM body USING gone WHERE body.id = gone.origin)
    INSERT INTO fate SELECT id, 'done', '', 0, 1 FROM gone"""


class Counted(Memory):
    """Counts the orders that it takes."""

    done = 0

    async def send(self, request: Request, timeout: float) -> Answer:
        answer = await super().send(request, timeout)
        self.done += request.url.endswith("/graphql")
        return answer


class Bench:
    def __init__(self, service: Service, systems: Counted, url: str) -> None:
        self.service, self.systems, self.url = service, systems, url
        self.filled, self.pages, self.most = 0, [0.0], 0.0

    async def sql(self, *texts: str, values: tuple[object, ...] = ()) -> None:
        connection = await asyncpg.connect(self.url, command_timeout=1800)
        async with connection.transaction():
            for text in texts:
                await connection.execute(text, *(values if "$1" in text else ()))
        await connection.execute("ANALYZE")
        await connection.close()

    async def fill(self, count: int) -> None:
        await self.sql(ROWS, *FILL, values=(self.filled, count))
        self.filled += count

    async def say(self, fact: object) -> None:
        await self.service.store.commit(Write(Outcome(facts=(fact,))))  # type: ignore[arg-type]
        await self.service.pulse.look_at_pauses()
        await asyncio.sleep(1.5)  # a take that waits does not know of it

    async def rate(self, seconds: float, until: int) -> dict[str, float]:
        """Drain for a while, or until so many were taken; return the rate and the CPU of 1,000."""
        before, cpu = self.systems.done, time.process_time()
        theirs = await self.backend()
        began = time.perf_counter()
        await self.service.store.commit(Write(Outcome(facts=(Resumed("*"),))))
        await self.service.pulse.look_at_pauses()
        while time.perf_counter() - began < seconds and self.systems.done < until:
            await asyncio.sleep(0.1)
            if int((time.perf_counter() - began) * 10) % 100 == 50:
                self.pages.append(await events(self.service))
        took, done = time.perf_counter() - began, self.systems.done - before
        self.most = max(self.most, rss())
        cpu = (time.process_time() - cpu) / done * 1000
        await self.say(Paused("*", time.time(), "bench"))
        theirs = (await self.backend() - theirs) / done * 1000
        cpus = {"cpu_per_1000": round(cpu, 3), "server_cpu_per_1000": round(theirs, 3)}
        return {"per_second": round(done / took), **cpus, "messages": done}

    async def backend(self) -> float:
        """Return the CPU seconds of the server's processes for our commits, on this machine."""
        connection = await asyncpg.connect(self.url)
        rows = await connection.fetch(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'fluent-connect'"
        )
        await connection.close()
        stats = (Path(f"/proc/{row['pid']}/stat").read_text().rsplit(")", 1)[1] for row in rows)
        return sum(sum(map(int, each.split()[11:13])) for each in stats) / 100


async def measured(bench: Bench, count: int, seconds: float) -> dict[str, object]:
    await bench.say(Paused("*", time.time(), "bench"))
    await bench.fill(500)
    await bench.rate(60, 500)
    await bench.fill(SHORT)
    result: dict[str, object] = {"short": await bench.rate(120, bench.systems.done + SHORT)}
    began = time.perf_counter()
    await bench.fill(count)
    result["fill_seconds"] = round(time.perf_counter() - began)
    await bench.say(Paused("*", time.time(), "bench"))
    head = await bench.rate(seconds, 10**9)
    keep = int(head["per_second"] * seconds)
    await bench.sql(SKIP, values=(keep,))
    result |= {"head": head, "end": await bench.rate(seconds * 3, bench.systems.done + keep)}
    return result | {"events_list_seconds": round(max(bench.pages), 3), "rss_mb": bench.most}


async def main(count: int, seconds: float, url: str) -> None:
    logs.configure("warning", "json")
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as data:
        environ = {**ACCOUNT, "BENCH_PARTNER": str(HERE / "contestant" / "partner")}
        environ["FC_JOURNAL_URL"] = url
        flags = {"data": str(Path(data).absolute()), "port": 0, "admin.port": 0}
        config = load(HERE / "contestant" / "config", (), environ, flags)
        systems = Counted()
        service = Service(config, discover(config.packages, config.paths), transport=systems)
        await service.start()
        result = await measured(Bench(service, systems, url), count, seconds)
        await service.stop(0.0)
    print(json.dumps({"count": count, **result}))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
