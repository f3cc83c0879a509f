"""A private server on a free port, which a test may stop as hard as it likes."""

import asyncio
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from ports import free_port


def binaries() -> Path | None:
    """Return the folder of the newest server's programs; None if none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: each.parent.name)
    there = shutil.which("initdb")
    return found[-1] if found else Path(there).parent if there else None


class PrivateServer:
    """Data in a folder of its own; fsync as it should be."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._as: list[str] = []
        self._port = free_port()
        if os.getuid() == 0:
            self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            home = pwd.getpwnam("postgres")
            os.chown(folder, home.pw_uid, home.pw_gid)

    @property
    def url(self) -> str:
        return f"postgresql://tester@127.0.0.1:{self._port}/postgres"

    async def start(self) -> None:
        if not (self._folder / "data").exists():
            await self._run("initdb", "-A", "trust", "-U", "tester", "--no-sync")
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1"
        log = str(self._folder / "log")
        await self._run("pg_ctl", "-w", "-l", log, "-o", options, "start")

    async def stop(self, mode: str = "immediate") -> None:
        await self._run("pg_ctl", "-w", "-m", mode, "stop")

    async def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self._programs / program), "-D", str(self._folder / "data")]
        process = await asyncio.create_subprocess_exec(
            *command, *arguments, stdout=subprocess.DEVNULL, cwd=self._folder
        )
        assert await process.wait() == 0, f"{program} failed"
