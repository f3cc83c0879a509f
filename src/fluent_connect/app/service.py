"""The running service: puts the rooms together. Read `Service.start` to see the whole path."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import structlog

from fluent_connect.app import disk, schemas
from fluent_connect.app.batch import Batch
from fluent_connect.app.build import (
    account_map,
    externals,
    restrictions,
    route_map,
    route_table,
)
from fluent_connect.app.clients import Clients
from fluent_connect.app.config.result import Config
from fluent_connect.app.dryrun.rehearsal import Rehearsal
from fluent_connect.app.entrance import Entrance
from fluent_connect.app.handlers import Handlers
from fluent_connect.app.housekeeping import Housekeeping, Keep
from fluent_connect.app.http import Admin, Described, by_kind
from fluent_connect.app.pulse import Pulse
from fluent_connect.app.server import Server
from fluent_connect.app.suspects import Suspects
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.app.troubles import Troubles
from fluent_connect.app.watchdog import Watchdog
from fluent_connect.app.watching import Watching
from fluent_connect.clients.accounts import Accounts
from fluent_connect.clients.transport import Transport
from fluent_connect.handlers.settings import Settings
from fluent_connect.ingest.webhook import Webhook
from fluent_connect.journal.record import recorder
from fluent_connect.listener.ct_external_message_receiver import CTExternalMessageReceiver
from fluent_connect.listener.ct_queue_listener import CTQueueListener
from fluent_connect.model.errors import ConfigError
from fluent_connect.model.fact import Delivered
from fluent_connect.model.outcome import Outcome
from fluent_connect.model.parcel import BATCH_QUEUE, EVENT_QUEUE, NOTIFICATION_QUEUE
from fluent_connect.queues.consumer import Consumer, Station
from fluent_connect.queues.open import open_store, sqlite_path
from fluent_connect.queues.store import Delivery, Shared, Store, Verdict, Write
from fluent_connect.router.message_router import MessageRouter

_GRACE = 14.0
_SHARED_EVERY = 2.0
DOOR_SECRET = "FC_DOOR_SECRET"  # noqa: S105 - the name of the variable
_DEFAULT_SETTINGS = Settings()


class Service:
    """One process that ingests, listens and works.

    `patience`: as MessageRouter takes it. `transport`: instead of the configured one. `rehearsal`:
    nothing is written, and it is told what would have been. `role`: as `Options` has it. `sockets`:
    of the webhooks and of the admin port, where a parent listens already.
    """

    def __init__(
        self,
        config: Config,
        handlers: Handlers,
        *,
        patience: float = 30.0,
        transport: Transport | None = None,
        rehearsal: Rehearsal | None = None,
        role: str = "all",
        sockets: tuple[int | None, int | None] = (None, None),
    ) -> None:
        self._role = role
        self._sockets = sockets
        self._patience = patience
        self._transport = transport
        self._rehearsal = rehearsal
        self.config = config
        self.handlers = handlers
        self.telemetry = Telemetry(verbose=config.log.level == "debug")
        self.troubles = Troubles()
        self.draining = False
        self._log = structlog.get_logger("fluent_connect")
        self._stop = asyncio.Event()
        self._consumers: list[Consumer] = []
        self._running: list[asyncio.Task[None]] = []
        self._background: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open the store, then the stations from the last to the first, then the doors."""
        config = self.config
        self.store = await self._open_store()
        http, transport = config.http, self._transport
        if self._rehearsal is not None:
            http = self._rehearsal.calls(http)
            transport = self._rehearsal.transport(http.transport, transport)
        self.clients = Clients(
            config.accounts,
            http,
            config.error_table,
            transport=transport,
            on_schema=schemas.log,
        )
        await self._learn_schemas()
        self.routes = route_table(config.routes, self.handlers)
        self.pulse = self._pulse()
        await self._wake_parked()
        await self.pulse.look_at_pauses()
        self._watch_the_loop()
        self.batch = self._batch()
        if self._does("work"):
            self._consume(EVENT_QUEUE, self._router())
            self._consume(BATCH_QUEUE, self.batch.router)
            self._consume(NOTIFICATION_QUEUE, self.batch.notifier)
        if self._does("listen"):
            for queue, listener in self._listeners().items():
                self._consume(queue, listener)
        await self.pulse.look()
        self._start_background()
        self._make_servers()
        try:
            await self.admin_server.start()
            if self.ingests:
                await self.server.start()
        except ConfigError:
            await self._end()
            raise

    def _make_servers(self) -> None:
        config, (public, admin) = self.config, self._sockets
        self.admin_server = Server(
            self._admin().app, config.admin.host, config.admin.port, inherited=admin
        )
        webhook = self._webhook()
        door = self.batch.door(webhook)
        self.server = Server(door, config.host, config.port, webhook=webhook, inherited=public)

    @property
    def ingests(self) -> bool:
        """Say whether this process takes webhooks."""
        return self._does("ingest")

    def _does(self, role: str) -> bool:
        return self._role in {"all", role}

    async def _learn_schemas(self) -> None:
        """Ask Fluent what it takes; do not begin where nothing could be sent."""
        try:
            await self.clients.learn_schemas()
        except ConfigError:
            await self.clients.close()
            await self.store.close()
            raise

    async def stop(self, drain: float) -> None:
        """Be not ready at once, accept for `drain` seconds, then finish or release what runs."""
        self.draining = True
        if self.ingests:
            await asyncio.sleep(drain)
            await self.server.stop()
        await self._end()

    async def _end(self) -> None:
        """Finish or release what runs, and let go of everything but the webhook's port."""
        self._stop.set()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._watchdog.stop()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.admin_server.stop()
        await self.clients.close()
        await self.store.close()

    async def _open_store(self) -> Store:
        urls = {name: queue.url for name, queue in self.config.queues.items()}
        return await open_store(
            urls,
            recorder(),
            journal=self.config.store,
            lease=self.config.lease,
            record=self.config.journal.record,
            sample=self.config.journal.sample,
            serving=True,
            role=self._role,
            poll=max(each.poll_wait for each in self.config.listeners.values()),
            trouble=self.troubles.tell,
        )

    def _router(self) -> Station:
        settings = self.config.settings
        router = MessageRouter(
            self.store,
            self.routes,
            Accounts(self.config.accounts),
            self.clients,
            settings=lambda each: settings.get((each.name, each.retailer), _DEFAULT_SETTINGS),
            patience=self._patience,
            mapping=self.config.mapping.blocks,
        )
        return router if self._rehearsal is None else self._rehearsal.station(router)

    def _batch(self) -> Batch:
        """Return jobs, their router and what starts them."""
        return Batch(
            self.config,
            self.handlers,
            self.store,
            self.clients,
            self.routes,
            telemetry=self.telemetry,
            outage=self._is_out,
            accepting=lambda: not (self.draining or self.pulse.disk_full),
            quiet=self._rehearsal is not None,
        )

    def _listeners(self) -> Mapping[str, Station]:
        """Return a CT Queue Listener for each listener block that is about notifications."""
        receiver = (self.handlers.receiver() or CTExternalMessageReceiver)()
        mapped = route_map(self.config.route_mapping, self.routes)
        outside = externals(self.config.doors, self.config.accounts, self.routes)
        only = restrictions(self.config.doors)
        stations: dict[str, Station] = {}
        for block in self.config.listeners.values():
            if block.queue in {EVENT_QUEUE, BATCH_QUEUE}:
                continue
            accounts = account_map(self.config.accounts, only=block.fluent_account)
            stations[block.queue] = CTQueueListener(
                mapped, accounts, receiver=receiver, doors=only, external=outside
            )
        return stations

    def _consume(self, queue: str, station: Station) -> None:
        """Have one more queue worked on, until the service stops."""
        place = self.config.queues[queue]
        works = queue in {EVENT_QUEUE, BATCH_QUEUE}
        consumer = Consumer(
            self.store,
            queue,
            station,
            retry=self.config.retry.policy,
            concurrency=place.concurrency,
            on_committed=self._committed,
            paused=self.pulse.stopped if works else tuple,
            outage=self._is_out if works else lambda _: False,
            renew_every=self.config.lease / 3,
            grace=_GRACE,
            workers=None if works else 1,
        )
        self._consumers.append(consumer)
        self._running.append(asyncio.create_task(consumer.run(self._stop), name=queue))

    def _committed(self, write: Write, verdict: Verdict) -> None:
        self.telemetry.committed(write, verdict)
        if write.delivery is not None and write.delivery.queue == BATCH_QUEUE:
            self.batch.committed(write, verdict)

    def _is_out(self, delivery: Delivery) -> bool:
        return self.clients.breakers.is_open(delivery.parcel.group.partition("/")[0])

    async def _wake_parked(self) -> None:
        """Let messages that no route took try again: there may be one now."""
        facts = [Delivered(f"route/{route.name}") for route in self.routes]
        await self.store.commit(Write(Outcome(facts=facts)))

    def _webhook(self) -> Webhook:
        self._entrance = Entrance(
            self.config,
            self.store,
            self.clients,
            self.telemetry,
            accepting=lambda: not self.pulse.disk_full,
            confirms=self._rehearsal is None,
        )
        self._background += self._entrance.tasks
        return self._entrance.webhook

    def _pulse(self) -> Pulse:
        return Pulse(
            self.store,
            self.telemetry,
            self._path(),
            warn=self.config.disk.warn,
            refuse=self.config.disk.refuse,
            outages=self.clients.breakers.paused,
            always=self.config.pause,
        )

    def _path(self) -> Path | None:
        url = self.config.store
        return sqlite_path(url).absolute() if url.startswith("sqlite:") else None

    def _watch_the_loop(self) -> None:
        """Watch before anything is taken: the first message may be the one that blocks."""
        suspects = Suspects(self.store, self.routes, self._consumers)
        self._watchdog = Watchdog(suspects.timeout, before_end=suspects.spare)
        self._watchdog.start()
        self.telemetry.gauge("worker_loop_lag_seconds", "Of the event loop.").set_function(
            lambda: self._watchdog.lag
        )

    def _start_background(self) -> None:
        journal = self.config.journal
        keep = Keep(journal.retention_settled, journal.retention_seen, journal.retention_bodies)
        house = Housekeeping(self.store, keep)
        self._watching = Watching(self.store, self.telemetry, self.config, self.clients)
        runs = [self.pulse.run(), house.run(), self._share_budgets()]
        if self._does("schedule"):
            runs += [*self.batch.background(), *self._watching.runs()]
        self._background = [asyncio.create_task(each, name=_called(each)) for each in runs]
        path = self._path()
        if path is not None and (why := disk.danger(path)) is not None:
            self._log.warning("THE STORE WILL NOT SURVIVE", why=why, fix="--data on a real disk")

    async def _share_budgets(self) -> None:
        """Keep to this process's part of what all processes may ask of the two systems."""
        while isinstance(self.store, Shared):
            self.clients.share(self.store.workers)
            await asyncio.sleep(_SHARED_EVERY)

    def _admin(self) -> Admin:
        return Admin(
            routes=self._described_routes,
            handlers=self._described_handlers,
            problems=self.problems,
            details=self._details,
            registry=self.telemetry.registry,
            more=self.batch.pages().routes(),
        )

    def problems(self) -> Sequence[str]:
        """Return why the service is not ready."""
        found = [
            *self.troubles.problems(),
            *self.pulse.problems(),
            *self._watching.problems(),
        ]
        dead = [task.get_name() for task in self._running if task.done()]
        if dead and not self.draining:
            found.append(f"stopped: the consumer of {', '.join(dead)}")
        gone = [task.get_name() for task in self._background if _broke(task)]
        if gone and not self.draining:
            found.append(f"stopped: {', '.join(gone)}")
        return ["draining", *found] if self.draining else found

    def _details(self) -> Mapping[str, object]:
        breakers = self.clients.breakers.all()
        return {
            "ledger": msgspec.to_builtins(self.pulse.ledger),
            "queues": {name: msgspec.to_builtins(d) for name, d in self.pulse.depths.items()},
            "paused": list(self.pulse.paused),
            "breakers": {f"{each.account}/{each.system}": each.state for each in breakers},
            "schemas": msgspec.to_builtins(self.clients.schemas()),
            "secrets": self._entrance.rotation.details(),
            "disk": {"used": round(self.pulse.room.used, 4), "free": self.pulse.room.free},
        }

    def _described_routes(self) -> Described:
        active = self.handlers.active(self.config.routes)
        return by_kind(msgspec.to_builtins(active), [], self.batch.active(), [])

    def _described_handlers(self) -> Described:
        active = self.handlers.active(self.config.routes)
        inactive = self.handlers.inactive(self.config.routes)
        jobs = self.batch.active(), self.batch.inactive()
        return by_kind(msgspec.to_builtins(active), msgspec.to_builtins(inactive), *jobs)


def _called(run: object) -> str:
    """Return what a coroutine is called in the code: "Scheduler.run"."""
    return str(getattr(run, "__qualname__", run))


def _broke(task: asyncio.Task[None]) -> bool:
    """Say whether a task has ended otherwise than by coming to its end."""
    return task.done() and (task.cancelled() or task.exception() is not None)
