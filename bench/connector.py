"""The connector as a process of its own, between two sandboxes, and what its store says."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import aiohttp
import apsw

KEY = "bench"
_READY = re.compile(r"ready (http://\S+) admin")
WAITING = "SELECT count(*) FROM parcel WHERE state <> 4 AND queue <> 'notification-queue'"
ENDED = "SELECT count(*) FROM job_run WHERE ended IS NOT NULL"


def variables(platforms: Mapping[str, object]) -> dict[str, str]:
    """Return the environment of a connector between the two that a sandbox's `ready` tells of."""
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
    return {name: str(value) for name, value in told.items()}


@contextlib.contextmanager
def served(*command: str) -> Iterator[dict[str, object]]:
    """Run a program that serves both platforms until its input ends; yield its `ready` line."""
    words = [sys.executable, *command]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.communicate()


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


class Connector:
    """The connector as a process; `peak` is the most memory that any of its lives took, in MB."""

    def __init__(self, data: Path, environ: Mapping[str, str], own: Mapping[str, object]) -> None:
        self.data = data
        self.peak = 0.0
        self.url = ""
        self._environ = {**os.environ, **environ}
        self._process: subprocess.Popen[str] | None = None
        self.conf = data / "conf"
        self.conf.mkdir(parents=True)
        told = {"api-keys": [KEY], "log": {"level": "error"}, **own}
        (self.conf / "application-connector.yml").write_text(json.dumps({"fluent-connect": told}))

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Return once it is ready."""
        command = [sys.executable, "-m", "fluent_connect", "run", "--port", "0", "--admin-port"]
        command += ["0", "--data", str(self.data), "--config", str(self.conf)]
        self._process = subprocess.Popen(
            command, env=self._environ, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            if found := _READY.match(line):
                self.url = found[1]
                return
            said.append(line)
        raise SystemExit(f"the connector did not start:\n{''.join(said)}")

    def look(self) -> None:
        """Note how much memory this life has taken at most."""
        with contextlib.suppress(FileNotFoundError):
            status = Path(f"/proc/{self.pid}/status").read_text()
            if found := re.search(r"VmHWM:\s+(\d+)", status):
                self.peak = max(self.peak, int(found[1]) / 1024)

    def kill(self) -> None:
        """End it as a power cut does."""
        self.look()
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Have it end what it does, and wait for that; whatever state it is in."""
        self.look()
        assert self._process is not None
        self._process.terminate()
        self._process.communicate(timeout=60)

    def command(self, *words: str, may_fail: bool = False) -> str:
        """Run a command beside it; return what it printed. Stop if it fails, unless it may."""
        where = ["--data", str(self.data), "--config", str(self.conf)]
        ran = subprocess.run(
            [sys.executable, "-m", "fluent_connect", *words, *where],
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode and not may_fail:
            raise SystemExit(f"{' '.join(words)}: exit {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    def told(self, *words: str, may_fail: bool = False) -> list[dict[str, object]]:
        """Run a command with `--json`; return its lines."""
        out = self.command(*words, "--json", may_fail=may_fail)
        return [json.loads(line) for line in out.splitlines()]

    def ledger(self) -> dict[str, object]:
        """Return what was accepted, and what became of all of it."""
        (found,) = self.told("ledger", may_fail=True)
        return found


async def put(url: str, job: str) -> None:
    """Have a job run, as an external scheduler does."""
    target = f"{url}/api/v1/fluent-connect/scheduler/add/SANDBOX/1/{job}"
    async with (
        aiohttp.ClientSession() as session,
        session.put(target, headers={"x-api-key": KEY}) as answer,
    ):
        if answer.status != 202:
            raise SystemExit(f"{answer.status} {await answer.text()}")


def order_told(id_: str, number: int, kind: str = "OrderCreated") -> dict[str, object]:
    """Return the notification of an order."""
    return {
        "notificationType": "Message", "projectKey": "sandbox", "id": f"live-{kind}-{number}",
        "version": 1, "sequenceNumber": 1, "type": kind,
        "resource": {"typeId": "order", "id": id_}, "resourceVersion": 1,
    }  # fmt: skip


def within(begun: float, seconds: float, what: str) -> None:
    """Stop the measurement if it takes longer than it may."""
    if time.monotonic() - begun > seconds:
        raise SystemExit(f"not done after {seconds:g} s: {what}")


def exit_code(found: Mapping[str, object], *holds: str) -> int:
    """Print what was found as JSON; return 0 only if all of these hold."""
    print(json.dumps(found))
    return int(not all(found[each] for each in holds))
