"""One of several processes that share a store: takes, works for a moment, commits, and says so.

`python worker.py URL LEASE`. Each line on standard output is JSON: what was taken or settled, when.
"""

import asyncio
import random
import sys
import time
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from contracts.scene import SCRIBE
from fluent_connect.model.outcome import Done, Outcome
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.queues.engines.postgresql import Place, PostgresStore
from fluent_connect.queues.store import Delivery, StoreError, Write

_LONGEST = 0.2


def say(what: str, delivery: Delivery, **more: object) -> None:
    line = {
        "what": what,
        "at": time.time(),
        "id": delivery.parcel.id,
        "lane": delivery.parcel.key,
        "until": delivery.lease_until,
        **more,
    }
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.flush()


async def work(store: PostgresStore, delivery: Delivery) -> None:
    say("taken", delivery)
    await asyncio.sleep(random.uniform(0, _LONGEST))
    asked = time.time()
    verdicts = await store.commit(Write(Outcome(fate=Done()), delivery))
    say("settled", delivery, verdict=verdicts[0].value, asked=asked)


async def main(url: str, lease: float) -> None:
    store = await PostgresStore.open(Place.of(url), SCRIBE, lease=lease, role="work")
    print("{}", flush=True)
    while True:
        try:
            taken = await store.take(EVENT_QUEUE, 4, 1.0)
            await asyncio.gather(*(work(store, each) for each in taken))
        except StoreError:
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
