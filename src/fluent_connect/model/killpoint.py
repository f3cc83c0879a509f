"""Named points at which a crash test may kill the process; nothing at any other time."""

import os
import signal

_at, _, _count = os.environ.get("FC_KILL_AT", "").rpartition(":")
_passes = int(_count) if _count.isdigit() else 0


def reach(name: str) -> None:
    """Pass the point; die here (SIGKILL) if this is the pass that FC_KILL_AT="name:n" names."""
    global _passes  # noqa: PLW0603 - a countdown of the process itself
    if name != _at:
        return
    _passes -= 1
    if _passes == 0:
        os.kill(os.getpid(), signal.SIGKILL)
