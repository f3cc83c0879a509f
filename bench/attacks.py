"""Flood and deceive a running service. `make attacks`; exits with 1 where it falls short.

1,000 slow connections are held while 10,000 oversized or malformed bodies, floods without proof,
replayed and tampered requests and forged tokens come in; an honest sender at a fixed rate goes on.

python bench/attacks.py [--share 1.0] [--rate 100]
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

import msgspec

sys.path[:0] = [str(Path(__file__).parents[1] / "tests"), str(Path(__file__).parent)]

from run import ACCOUNT  # noqa: E402 - found beside this file

from hostile.assault import Scale, timed, told  # noqa: E402 - found in the tests

_COUNTS = ("slow", "hoard", "broken", "flood", "replayed", "tampered", "confused")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the usual numbers")
    parser.add_argument("--rate", type=float, default=100.0, help="honest requests a second")
    asked = parser.parse_args()
    usual = Scale()
    counts = {name: max(1, int(getattr(usual, name) * asked.share)) for name in _COUNTS}
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as folder:
        scale = Scale(rate=asked.rate, **counts)
        result, seconds = asyncio.run(timed(scale, Path(folder) / "data", ACCOUNT))
    print(told(result, seconds))
    print(json.dumps(msgspec.to_builtins(result, str_keys=True)))
    raise SystemExit(1 if result.findings else 0)


if __name__ == "__main__":
    main()
