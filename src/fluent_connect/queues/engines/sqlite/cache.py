"""What this process knows of the file without looking at it."""

from fluent_connect.queues.engines.sqlite.fresh import Fresh
from fluent_connect.queues.engines.sqlite.leases import Leases
from fluent_connect.queues.engines.sqlite.wakes import Wakes


class Cache:
    """Kept by the database thread alone, and wrong at no time: where it is not sure it looks.

    groups: per queue those that may have something ready; looked up anew at each sweep.
    """

    def __init__(self) -> None:
        self.fresh = Fresh()
        self.leases = Leases()
        self.wakes = Wakes()
        self.groups: dict[str, set[str]] = {}

    def put(self, queue: str, group: str) -> None:
        """Note that a group may have something ready."""
        groups = self.groups.get(queue)
        if groups is not None:
            groups.add(group)

    def forget(self) -> None:
        """Look again at what another process may have changed."""
        self.groups.clear()
