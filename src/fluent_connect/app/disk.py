"""Whether the disk under the store can be trusted, and has room."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

_MOUNTS = Path("/proc/self/mounts")
_FLEETING = {
    "tmpfs": "memory: all is lost when the machine stops",
    "ramfs": "memory: all is lost when the machine stops",
    "overlay": "a container's own layer: all is lost when the container is replaced",
    "nfs": "a network file system: SQLite's locks and syncs cannot be trusted there",
    "nfs4": "a network file system: SQLite's locks and syncs cannot be trusted there",
    "cifs": "a network file system: SQLite's locks and syncs cannot be trusted there",
}


class Room(NamedTuple):
    """How full the disk is (0 to 1), and how many bytes are free."""

    used: float
    free: int


def room(path: Path) -> Room:
    """Return how full the file system is that holds `path`, as a service without root sees it."""
    usage = shutil.disk_usage(_existing(path))
    available = usage.used + usage.free
    return Room(usage.used / available if available else 1.0, usage.free)


def file_system(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the type of the file system that holds `path`; None where the system does not say."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    where = str(_existing(path).resolve())
    found: tuple[int, str] = (-1, "")
    for line in lines:
        _, point, kind, *_ = line.split(" ")
        point = point.encode().decode("unicode_escape")
        inside = where == point or where.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= found[0]:
            found = (len(point), kind)
    return found[1] or None


def danger(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return why a store at `path` would not survive, or None."""
    kind = file_system(path, mounts)
    if kind is None or kind not in _FLEETING:
        return None
    return f"{path} lies on {kind}, {_FLEETING[kind]}"


def _existing(path: Path) -> Path:
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path
