"""`python tests/mutants/run.py`: make each known mistake in a copy of the source, and see it found.

First the chosen tests pass on the copy as it is. Then each mistake is made by itself and must turn
one of its tests red; a test that does not run at all is no proof. The last line is one JSON object.
Exit code 0: all were found.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mutants.mutations import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("src", "tests", "docs", "pyproject.toml")
_LEFT = shutil.ignore_patterns("__pycache__", "node_modules", "*.egg-info")
_RED = 1
_WITHIN = 300
_DEEP = ["--timeout", "25", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:schemathesis"]


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--only", default="", help="mutations whose name contains this")
    reader.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = reader.parse_args()
    chosen = [each for each in MUTATIONS if given.only in each.name]
    with tempfile.TemporaryDirectory(prefix="fluent-connect-mutants-") as folder:
        copies = [_copied(Path(folder, str(number))) for number in range(given.workers)]
        green = _green(copies[0], chosen)
        if green:
            print(f"WRONG: the tests fail on the source as it is:\n{green}")
            return 1
        shares = [chosen[at :: given.workers] for at in range(given.workers)]
        with ThreadPoolExecutor(given.workers) as pool:
            found = [each for share in pool.map(_judged, copies, shares) for each in share]
    print(msgspec.json.encode({"mutants": len(chosen), "killed": sum(found)}).decode())
    return 0 if found and all(found) else 1


def _copied(folder: Path) -> Path:
    folder.mkdir()
    for name in _COPIED:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, folder / name, ignore=_LEFT)
        else:
            shutil.copy2(place, folder / name)
    return folder


def _green(copy: Path, chosen: Sequence[Mutation]) -> str:
    """Return what fails on the source as it is; nothing if all the chosen tests pass."""
    told = []
    for tests, only in dict.fromkeys((each.tests, each.only) for each in chosen):
        ran = _run(copy, tests, only)
        if ran.returncode != 0:
            told.append(f"{' '.join(tests)}: exit {ran.returncode}\n{ran.stdout[-2000:]}")
    return "\n".join(told)


def _judged(copy: Path, share: Sequence[Mutation]) -> list[bool]:
    return [_is_killed(copy, each) for each in share]


def _is_killed(copy: Path, mutation: Mutation) -> bool:
    """Make the mistake, run its tests, put it right again."""
    file = copy / mutation.file
    right = file.read_text("utf-8")
    began = time.monotonic()
    file.write_text(mutated(right, mutation), "utf-8")
    try:
        ran = _run(copy, mutation.tests, mutation.only, "-x")
    finally:
        file.write_text(right, "utf-8")
    killed = ran.returncode == _RED
    by = next((line for line in ran.stdout.splitlines() if line.startswith("FAILED")), "")
    words = f"killed by {by[7:].split(' - ')[0]}" if killed else f"SURVIVED (exit {ran.returncode})"
    print(f"{mutation.name}: {words} after {time.monotonic() - began:.1f} s", flush=True)
    if not killed:
        print(ran.stdout[-1500:])
    return killed


def mutated(text: str, mutation: Mutation) -> str:
    """Return the source with the mistake in it. Raise ValueError if its place is not there."""
    count = text.count(mutation.old)
    if count != 1:
        raise ValueError(f"{mutation.name}: its text stands {count} times in {mutation.file}")
    return text.replace(mutation.old, mutation.new)


def _run(
    copy: Path, tests: Sequence[str], only: str, *more: str
) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pytest", "-q", *_DEEP, *more, *tests]
    words += ["-k", only] if only else []
    environ = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        words,
        cwd=copy,
        env=environ,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_WITHIN,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
