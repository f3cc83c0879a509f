"""Start-up, memory and the drain of a long queue. `make bench`; prints one JSON object at the end.

python bench/run.py [--only help,idle,verify,drain] [--backlog 200000]
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
PROGRAM = Path(sys.executable).with_name("fluent-connect")
ACCOUNT = {
    "FC_PROJECT_KEY": "bench",
    "FC_CT_API_URL": "http://127.0.0.1:9",
    "FC_CT_AUTH_URL": "http://127.0.0.1:9",
    "FC_CT_CLIENT_ID": "bench",
    "FC_CT_CLIENT_SECRET": "bench",
    "FC_FLUENT_URL": "http://127.0.0.1:9",
    "FC_FLUENT_ACCOUNT": "BENCH",
    "FC_FLUENT_RETAILER": "1",
    "FC_FLUENT_USERNAME": "bench",
    "FC_FLUENT_PASSWORD": "bench",
    "FC_FLUENT_CLIENT_ID": "bench",
    "FC_FLUENT_CLIENT_SECRET": "bench",
    "FC_DOOR_SECRET": "bench",
}


def best(command: list[str], times: int = 10) -> float:
    """Return the quickest of several runs, in seconds."""
    quickest = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        quickest = min(quickest, time.perf_counter() - began)
    return quickest


def start_up() -> dict[str, float]:
    """Compare `--help` with an empty program: at most 8 times that."""
    empty = best([sys.executable, "-c", "pass"])
    helped = best([str(PROGRAM), "--help"])
    return {
        "python_ms": round(empty * 1e3, 1),
        "help_ms": round(helped * 1e3, 1),
        "ratio": round(helped / empty, 2),
    }


def idle() -> dict[str, float]:
    """Measure the resident memory of a service that has nothing to do: under 90 MB.

    Of the second start: the first may have to compile, which an installed service has behind it.
    """
    resident(0)
    return {"rss_mb": round(resident(12) / 1000, 1)}


def resident(seconds: float) -> int:
    """Start a service, and return the kB that it holds so long after it is ready."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as data:
        command = [str(PROGRAM), "run", "--port", "0", "--admin-port", "0", "--data", data]
        service = subprocess.Popen(
            command, env={**env, **ACCOUNT}, stderr=subprocess.PIPE, text=True
        )
        try:
            wait_for_ready(service)
            time.sleep(seconds)
            status = Path(f"/proc/{service.pid}/status").read_text()
        finally:
            service.terminate()
            service.communicate(timeout=30)
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])


def wait_for_ready(service: "subprocess.Popen[str]") -> None:
    assert service.stderr is not None
    for line in service.stderr:
        if line.startswith("ready "):
            return
    raise SystemExit("the service did not start")


def drain(backlog: int) -> dict[str, float]:
    """Compare the drain of a long queue with that of a short one: at least 0.8 of its rate."""
    rates = {}
    for name, count in (("empty", 10_000), ("backlog", backlog), ("empty_again", 10_000)):
        command = [sys.executable, str(HERE / "drain.py"), str(count)]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        rates[name] = json.loads(out.splitlines()[-1])
        print(f"{name}: {rates[name]}", flush=True)
    empty = max(rates["empty"]["per_second"], rates["empty_again"]["per_second"])
    return {
        "empty_per_second": empty,
        "backlog_per_second": rates["backlog"]["per_second"],
        "ratio": round(rates["backlog"]["per_second"] / empty, 2),
        "rss_full_mb": rates["backlog"]["rss_full_mb"],
        "rss_drained_mb": rates["backlog"]["rss_drained_mb"],
    }


def verification() -> dict[str, float]:
    """Measure what verification costs at each kind of door: 1 ms (HMAC), 2 ms (RSA) at most."""
    command = [sys.executable, str(HERE / "verify.py")]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out.splitlines()[-1])["verification_ms"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="help,idle,verify,drain")
    parser.add_argument("--backlog", type=int, default=200_000)
    asked = parser.parse_args()
    parts = {
        "help": start_up,
        "idle": idle,
        "verify": verification,
        "drain": lambda: drain(asked.backlog),
    }
    results = {}
    for name in asked.only.split(","):
        results[name] = parts[name]()
        print(f"{name}: {results[name]}", flush=True)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
