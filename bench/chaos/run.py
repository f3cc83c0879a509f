"""`python bench/chaos/run.py`: bring about every fault that can be brought about here.

Faults that need pytest are run in one go, with 20 rounds of those that are repeated; `make crash`
is run by itself (`--no-crash` leaves it out). The last line is one JSON object: how many faults
there are, how many of them were brought about, how many of these the service held against. Exit
code 0: it held against all.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from chaos.faults import FAULTS, Fault  # noqa: E402 - only now there

ROUNDS = "20"


def main() -> int:
    """Run what the faults name; print a line for each."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--only", nargs="*", default=[], help="ids, such as T12")
    reader.add_argument("--no-crash", action="store_true", help="leave `make crash` out")
    given = reader.parse_args()
    chosen = [each for each in FAULTS if not given.only or each.id in given.only]
    began = time.monotonic()
    words = dict.fromkeys(word for each in chosen for word in each.run)
    targets = [word.removeprefix("make:") for word in words if word.startswith("make:")]
    tests = [word for word in words if not word.startswith("make:")]
    went = {} if given.no_crash else {f"make:{name}": _made(name) for name in targets}
    outcomes = _tested(tests) if tests else {}
    went |= {word: _word(word, outcomes) for word in tests}
    told = {each.id: _told(each, went) for each in chosen}
    for each in chosen:
        print(f"{each.id} {told[each.id]:<9} {each.name}: {each.holds}")
    counts = Counter(told.values())
    figures = {
        "faults": len(chosen),
        "brought_about": counts["held"] + counts["FAILED"],
        "held": counts["held"],
        "tests": sum(outcomes.values(), Counter()).total(),
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(figures))
    return 1 if counts["FAILED"] or not figures["brought_about"] else 0


def _made(name: str) -> bool:
    return subprocess.run(["make", name], cwd=ROOT, check=False).returncode == 0


def _tested(tests: Sequence[str]) -> Mapping[str, Counter[str]]:
    """Run tests; return how often each `file::test` passed or failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        # -v: what is red has its name at once, not only after the last of thousands.
        words = [sys.executable, "-m", "pytest", "-v", "-n", "auto", "--dist", "loadgroup"]
        words += ["-o", "junit_family=xunit1", f"--junit-xml={report}", *tests]
        subprocess.run(words, cwd=ROOT, env={**os.environ, "FAULTS_REPEAT": ROUNDS}, check=False)
        found: dict[str, Counter[str]] = {}
        for case in ET.parse(report).iter("testcase"):
            place = f"{case.get('file')}::{str(case.get('name')).partition('[')[0]}"
            bad = case.find("failure") is not None or case.find("error") is not None
            skipped = case.find("skipped") is not None
            word = "failed" if bad else "skipped" if skipped else "passed"
            found.setdefault(place, Counter())[word] += 1
        return found


def _word(word: str, outcomes: Mapping[str, Counter[str]]) -> bool:
    """Say whether the tests that a word names ran, and none failed."""
    file, _, test = word.partition("::")
    found = [
        count
        for place, count in outcomes.items()
        if (place == word if test else place.startswith((f"{file}::", f"{file}/")))
    ]
    total = sum(found, Counter())
    return total["passed"] > 0 and not total["failed"]


def _told(fault: Fault, went: Mapping[str, bool]) -> str:
    ran = [went[word] for word in fault.run if word in went]
    if not ran:
        return "not here"
    return "held" if all(ran) else "FAILED"


if __name__ == "__main__":
    sys.exit(main())
