"""Has the running service compare both systems for the `reconcile` job, with its own clients."""

import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import msgspec

from fluent_connect.app.clients import Clients
from fluent_connect.app.config.result import Config
from fluent_connect.app.handlers import Handlers
from fluent_connect.app.reconcile.finding import Finding
from fluent_connect.app.reconcile.forward import Which
from fluent_connect.app.reconcile.mending import mended_by
from fluent_connect.app.reconcile.sweep import Sweep
from fluent_connect.app.shadow.editions import Edition, edition
from fluent_connect.app.shadow.studio import Studio
from fluent_connect.app.shadow.transports import FromFile
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.jobs.comparer import Part
from fluent_connect.model.errors import UnprocessableError
from fluent_connect.model.message import Message
from fluent_connect.queues.store import Store


class Scheduled:
    """Compares a page at a time; budgets and breakers are the service's."""

    def __init__(
        self,
        config: Config,
        handlers: Handlers,
        store: Store,
        clients: Clients,
        telemetry: Telemetry,
    ) -> None:
        self._config = config
        self._handlers = handlers
        self._store = store
        self._clients = clients
        self._edition: Edition | None = None
        self._drift = telemetry.gauge(
            "reconcile_resources",
            "Resources as the last reconcile found them.",
            "account",
            "type",
            "class",
        )
        self._at = telemetry.gauge(
            "reconcile_timestamp_seconds", "When a type was last compared.", "account", "type"
        )

    async def part(
        self,
        account: tuple[str, str],
        type_id: str,
        since: datetime | None,
        *,
        cursor: str | None,
        run: str,
        settle: float,
    ) -> Part:
        """Return the page of a type that follows the cursor."""
        own = next(
            (each for each in self._config.accounts if (each.name, each.retailer) == account), None
        )
        if own is None:
            raise UnprocessableError(f"no account {'/'.join(account)}")
        running = self._running()
        reading = Studio(self._clients.gathered, FromFile(self._clients.transport))
        sweep = Sweep(self._store, reading, running, settle=settle)
        moment = None if since is None else since.timestamp()
        found, following = await sweep.page(own, Which(type_id=type_id, since=moment), cursor)
        mending = (self._mended(each, running, run) for each in found)
        return Part(
            classes=Counter(each.class_ for each in found),
            repairs=[each for each in mending if each is not None],
            cursor=following,
        )

    def tell(self, account: tuple[str, str], type_id: str, classes: Mapping[str, int]) -> None:
        """Show what a type came to as metrics; what is found no more is zero."""
        name = "/".join(account)
        for class_ in ("missing", "stale", "different", "conflict", "extra", "unknown"):
            self._drift.labels(name, type_id, class_).set(classes.get(class_, 0))
        self._at.labels(name, type_id).set(time.time())

    def _running(self) -> Edition:
        if self._edition is None:
            self._edition = edition("the service", self._config, self._handlers)
        return self._edition

    def _mended(self, found: Finding, running: Edition, run: str) -> Message | None:
        """Return the message that mends it; a page that is read again makes the same one."""
        item = mended_by(found, running, run, 0)
        if item is None:
            return None
        unique = f"{run}-repair-{found.type_id}-{found.id}"
        return msgspec.structs.replace(item.message, id=unique)
