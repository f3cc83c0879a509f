"""Fuzz every target, some at once: `python tests/fuzz/run.py [--seconds 120] [TARGET ...]`.

What a target has learnt stays in .fuzz/ and is where the next run begins; an input that is a
finding stays there too, under findings/. Exits with 1 if there is one.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from fuzz.targets import TARGETS  # noqa: E402 - found beside this file

CORPUS = HERE / "corpus"
_HANG = 5
_LONGEST = 4096
_MEMORY_MB = 1024
_SLACK = 60


def fuzz(target: str, seconds: float, learnt: Path) -> tuple[int, str]:
    """Fuzz one target; return its exit code, and what it has written."""
    findings, known = learnt / "findings", learnt / target
    findings.mkdir(parents=True, exist_ok=True)
    known.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as honest:
        if target in TARGETS:
            for number, seed in enumerate(TARGETS[target].seeds()):
                (Path(honest) / str(number)).write_bytes(seed)
        folders = [known, CORPUS / target, Path(honest)]
        command = [
            sys.executable,
            str(HERE / "one.py"),
            target,
            f"-max_total_time={seconds:g}",
            f"-timeout={_HANG}",
            f"-rss_limit_mb={_MEMORY_MB}",
            f"-max_len={_LONGEST}",
            f"-dict={HERE / 'words.dict'}",
            f"-artifact_prefix={findings}/{target}-",
            *(str(folder) for folder in folders if folder.is_dir()),
        ]
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds + _SLACK,
            check=False,
        )
    return ran.returncode, ran.stdout + ran.stderr


def main(arguments: Sequence[str]) -> int:
    """Fuzz what is asked for; return how many targets have a finding, at most 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", default=[], help=f"of {', '.join(TARGETS)}")
    usual = float(os.environ.get("FUZZ_SECONDS") or 120)
    parser.add_argument("--seconds", type=float, default=usual)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--learnt", type=Path, default=Path(".fuzz"))
    asked = parser.parse_args(arguments)
    began, failed = time.monotonic(), []
    with ThreadPoolExecutor(asked.jobs) as pool:
        targets = asked.targets or list(TARGETS)
        runs = {name: pool.submit(fuzz, name, asked.seconds, asked.learnt) for name in targets}
        for name, run in runs.items():
            code, text = run.result()
            done = [line for line in text.splitlines() if line.startswith("Done ")]
            print(f"{name:14} {'; '.join(done) or text[-3000:]}", flush=True)
            if code or not done:
                failed.append(name)
    took = time.monotonic() - began
    print(f"{len(targets)} targets in {took:.0f} s, findings: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
