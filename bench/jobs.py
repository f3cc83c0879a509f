"""Jobs at full size; the connector is a process of its own, and each command a fresh sandbox.

python bench/jobs.py catalogue [--products 20000] [--against 5000] [--kills 10]
    Sync a catalogue of so many products, and one of `--against`, into the sandbox's Fluent. The
    connector is killed so often on the way. Then once more, unchanged.
python bench/jobs.py history [--orders 20000] [--live 300] [--rate 25]
    Orders that come in alone, then while history is loaded, then alone again: seconds from the
    webhook to Fluent.
python bench/jobs.py gate [--orders 1000] [--pass 350] [--kills 2]
    Load history of which so many orders pass the export gate, among live orders that pass it or do
    not. Killed on the way, loaded again; one order is paid later.
python bench/jobs.py leaders [--kills 100] [--store postgresql://...]
    Kill whoever carries out a scheduled job, again and again. With a PostgreSQL store two processes
    share the schedule.
Prints one JSON object as its last line; exit 1 if it did not end exact.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

import job_catalogue
import job_gate
import job_history
import job_leaders
from connector import exit_code

_MEASURE = {
    "catalogue": job_catalogue.measure,
    "gate": job_gate.measure,
    "history": job_history.measure,
    "leaders": job_leaders.measure,
}
_DEFAULTS = {
    "catalogue": {"kills": 10},
    "gate": {"orders": 1000, "kills": 2, "live": 60},
    "history": {"orders": 20_000, "live": 300},
    "leaders": {"kills": 100},
}


async def main(asked: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as place:
        found = await _MEASURE[asked.what](asked, Path(place).absolute())
    return exit_code(found, "exact")


def arguments() -> argparse.Namespace:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("what", choices=sorted(_MEASURE))
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--against", type=int, default=5_000)
    parser.add_argument("--orders", type=int, help="of history")
    parser.add_argument("--pass", type=int, default=350, dest="passing", help="through the gate")
    parser.add_argument("--live", type=int, help="orders that come in meanwhile")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--pace", type=float, default=0.2, help="seconds between live orders")
    parser.add_argument("--rate", type=float, default=25.0, help="of the load, messages a second")
    parser.add_argument("--store", help="URL of an empty PostgreSQL schema")
    parser.add_argument("--within", type=float, default=1800, help="seconds that a run may take")
    given = parser.parse_args()
    for name, value in _DEFAULTS[given.what].items():
        if getattr(given, name) is None:
            setattr(given, name, value)
    return given


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(arguments())))
