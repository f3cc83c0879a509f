"""Everything about jobs in the running service: their router, what starts them, what is told."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import cache, partial

import msgspec

from fluent_connect.app.build import job_table, planned_jobs, targets
from fluent_connect.app.clients import Clients
from fluent_connect.app.config.result import Config
from fluent_connect.app.config.sections import NotificationsSection
from fluent_connect.app.handlers import Handlers
from fluent_connect.app.job_metrics import JobMetrics
from fluent_connect.app.job_pages import JobPages, offered_jobs
from fluent_connect.app.notices import Notifier
from fluent_connect.app.scheduler_door import App, SchedulerDoor
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.clients.accounts import Account, Accounts
from fluent_connect.handlers.settings import Settings
from fluent_connect.jobs.comparer import Comparer
from fluent_connect.jobs.job_router import JobRouter
from fluent_connect.jobs.job_settings import FluentSettings, JobSettings, JournalSettings
from fluent_connect.jobs.outage_sweeps import OutageSweeps
from fluent_connect.jobs.scheduler import Scheduler
from fluent_connect.queues.store import Delivery, Store, Verdict, Write
from fluent_connect.router.routes import RouteTable

_DEFAULT_SETTINGS = Settings()


class Batch:
    """The jobs of one service: the stations of batch and notification queue, what starts jobs.

    quiet: nobody outside is told anything.
    """

    def __init__(
        self,
        config: Config,
        handlers: Handlers,
        store: Store,
        clients: Clients,
        routes: RouteTable,
        *,
        telemetry: Telemetry,
        outage: Callable[[Delivery], bool],
        accepting: Callable[[], bool],
        quiet: bool = False,
    ) -> None:
        self._config = config
        self._handlers = handlers
        self._store = store
        self._accepting = accepting
        self._places = [(each.name, each.retailer) for each in config.accounts]
        self._metrics = JobMetrics(telemetry)
        self.jobs = job_table(config.jobs, config.routes, handlers)
        self.router = JobRouter(
            store,
            self.jobs,
            Accounts(config.accounts),
            clients,
            self._documents(),
            targets=targets(routes),
            settings=self._settings,
            retry=config.retry.policy,
            outage=outage,
            comparer=cache(partial(_comparer, config, handlers, store, clients, telemetry)),
        )
        planned = planned_jobs(config.jobs, config.accounts, config.time_zone)
        self._scheduler = Scheduler(store, planned)
        self._sweeps = OutageSweeps(store, config.accounts)
        told = NotificationsSection() if quiet else config.notifications
        self.notifier = Notifier(told, clients.transport)

    def door(self, webhook: App) -> SchedulerDoor:
        """Return the application of the webhook port: the scheduler's endpoint, and the rest."""
        return SchedulerDoor(
            webhook,
            self._store,
            self.jobs,
            self._places,
            self._config.api_keys,
            accepting=self._accepting,
        )

    def pages(self) -> JobPages:
        """Return what the admin port says of jobs and their runs."""
        return JobPages(
            self._store, offered_jobs(self.jobs, self._places), self._scheduler.next_due
        )

    def background(self) -> Sequence[Coroutine[None, None, None]]:
        """Return what is to run beside the consumers: what starts jobs by itself."""
        return (self._scheduler.run(), self._sweeps.run())

    def committed(self, write: Write, verdict: Verdict) -> None:
        """Count what became of a step."""
        self._metrics.committed(write, verdict)

    def active(self) -> list[Mapping[str, object]]:
        """Describe the jobs, as the actuator shows them."""
        return _plain(self._handlers.active_jobs(self._props()))

    def inactive(self) -> list[Mapping[str, object]]:
        """Describe the job handlers that are displaced."""
        return _plain(self._handlers.inactive_jobs(self._props()))

    def _props(self) -> Mapping[str, Mapping[str, str]]:
        return {job.name: job.props for job in self.jobs}

    def _documents(self) -> JobSettings:
        connector = self._config.connector_name
        if self._config.job_settings == "fluent":
            return FluentSettings(connector)
        return JournalSettings(self._store, connector)

    def _settings(self, account: Account) -> Settings:
        return self._config.settings.get((account.name, account.retailer), _DEFAULT_SETTINGS)


def _comparer(
    config: Config, handlers: Handlers, store: Store, clients: Clients, telemetry: Telemetry
) -> Comparer:
    """Return what compares both systems; it parses GraphQL, which nothing else here needs."""
    from fluent_connect.app.reconcile.scheduled import Scheduled  # noqa: PLC0415 - 6 MB

    return Scheduled(config, handlers, store, clients, telemetry)


def _plain(described: Sequence[msgspec.Struct]) -> list[Mapping[str, object]]:
    found: list[Mapping[str, object]] = msgspec.to_builtins(described)
    return found
