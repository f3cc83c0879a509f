"""`doctor`: Python, SQLite, extras, limits and the disk under the store."""

import platform
import resource
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from fluent_connect.app import disk
from fluent_connect.app.cli.probes.finding import Finding, State
from fluent_connect.app.cli.version import sqlite

_GROUP = "runtime"
_PYTHON = (3, 11)
_SQLITE = (3, 51, 3)
_FILES = 1024
_WARN, _REFUSE = 0.80, 0.95
_GIB = 1024**3


def runtime(store: Path, transport: str) -> Iterator[Finding]:
    """Yield what this machine offers. `store`: its file, there or not."""
    yield _python()
    yield _sqlite(sqlite())
    yield _transport(transport)
    yield _open_files()
    yield _room(store)
    yield _file_system(store)


def _python() -> Finding:
    good = sys.version_info[:2] >= _PYTHON
    return Finding(
        group=_GROUP,
        name="Python",
        state="ok" if good else "fail",
        measured=platform.python_version(),
        expected=">= 3.11",
        fix="" if good else "install Python 3.11 or newer",
    )


def _sqlite(version: str) -> Finding:
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    good = numbers >= _SQLITE
    return Finding(
        group=_GROUP,
        name="SQLite",
        state="ok" if good else "fail",
        measured=version or "not installed",
        expected=">= 3.51.3",
        fix="" if good else "pip install --upgrade apsw",
    )


def _transport(wanted: str) -> Finding:
    there = wanted == "aiohttp" or find_spec(wanted) is not None
    faster = find_spec("pyreqwest") is not None
    return Finding(
        group=_GROUP,
        name="transport",
        state="ok" if there else "fail",
        measured=f"{wanted} (extra `fast` {'is' if faster else 'not'} installed)",
        expected="installed",
        fix="" if there else "pip install 'fluent-connect[fast]'",
    )


def _open_files() -> Finding:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    good = soft == resource.RLIM_INFINITY or soft >= _FILES
    return Finding(
        group=_GROUP,
        name="open files",
        state="ok" if good else "warn",
        measured="unlimited" if soft == resource.RLIM_INFINITY else str(soft),
        expected=f">= {_FILES}",
        fix="" if good else f"ulimit -n {_FILES}, or LimitNOFILE={_FILES} in the unit file",
    )


def _room(store: Path) -> Finding:
    used, free = disk.room(store.absolute())
    state: State = "ok" if used < _WARN else "warn" if used < _REFUSE else "fail"
    return Finding(
        group=_GROUP,
        name="disk",
        state=state,
        measured=f"{used:.0%} used, {free / _GIB:.1f} GiB free",
        expected=f"< {_WARN:.0%} used; from {_REFUSE:.0%} on the door answers 503",
        fix="" if state == "ok" else "make room, or move the data folder",
    )


def _file_system(store: Path) -> Finding:
    why = disk.danger(store.absolute())
    kind = disk.file_system(store.absolute()) or "unknown"
    return Finding(
        group=_GROUP,
        name="file system",
        state="warn" if why else "ok",
        measured=why or kind,
        expected="a local disk that outlives the container",
        fix="keep --data on a real disk or a volume" if why else "",
    )
