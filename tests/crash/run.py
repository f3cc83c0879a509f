"""`python tests/crash/run.py --kills N`: kill the service N times, and account for everything.

The last line is one JSON object. Exit code 0: nothing lost, doubled, dead, waiting or unaccounted.
"""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crash.engines import ENGINES
from crash.report import continued
from crash.rounds import Result, Wishes, run


def main() -> int:
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    reader.add_argument("--kills", type=int, default=30)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--rate", type=float, default=8.0, help="changes in the shop a second")
    reader.add_argument("--point", action="append", default=[], metavar="POINT")
    reader.add_argument("--engine", default="sqlite", choices=[*ENGINES])
    reader.add_argument("--mutation", default="", help="a mistake of child.py: must turn this red")
    reader.add_argument("--folder", type=Path, help="keep data and logs in this empty folder")
    reader.add_argument(
        "--append",
        type=Path,
        metavar="FILE",
        help="in parts that are kept in FILE as they end; the kills that it holds count",
    )
    reader.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    given = reader.parse_args()
    wishes = Wishes(
        kills=given.kills,
        seed=given.seed,
        rate=given.rate,
        mutation=given.mutation,
        points=given.point,
        folder=given.folder,
        engine=given.engine,
    )
    running = run(wishes) if given.append is None else continued(given.append, wishes, run)
    result = asyncio.run(running)
    if not given.json:
        print(told(result))
    print(msgspec.json.encode(result).decode())
    return 0 if result.holds else 1


def told(result: Result) -> str:
    where = ", ".join(f"{count} at {name}" for name, count in result.at.items())
    bound = f"at most {300 / result.kills:.2g} % of kills lose something, with 95 % confidence"
    lines = [f"{result.kills} kills in {result.seconds:g} s: {where}"]
    if result.holds:
        lines.append(f"None of {result.accepted} notifications was harmed: {bound} (3/n).")
    lines += [f"WRONG: {finding}" for finding in result.findings]
    if result.holds:
        lines.append("The service was killed and nothing was lost, doubled or left over.")
    elif not result.findings:
        lines.append("WRONG: see dead, waiting, unaccounted and exit below.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
