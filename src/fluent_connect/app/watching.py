"""What looks after commercetools beside the traffic: the Subscription's health, missing Messages.

Its calls go by doors of their own: where a scope is missing, or nobody answers, no message waits.
"""

from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

from fluent_connect.app.clients import Clients
from fluent_connect.app.config.result import Config
from fluent_connect.app.gap_fetching import GapFetcher
from fluent_connect.app.gaps import GapWatch
from fluent_connect.app.subscription_watch import SubscriptionWatch
from fluent_connect.app.subscriptions import projects, statuses, taken_in_full
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.clients.breaker import BreakerSettings
from fluent_connect.clients.commercetools.client import Commercetools
from fluent_connect.clients.trace import Trace
from fluent_connect.queues.store import Store

_BREAKER = BreakerSettings(wait=1.0, longest_wait=10.0)
"""Who asks but twice a minute may ask again soon: an alert must not wait for it."""


class Watching:
    """The watches that a configuration asks for."""

    def __init__(
        self, store: Store, telemetry: Telemetry, config: Config, clients: Clients
    ) -> None:
        self._clients = clients.beside(_BREAKER)
        self._accounts = {
            each.commercetools.project_key: each for each in projects(config.accounts)
        }
        self._subscription = self._subscription_watch(store, telemetry, config)
        self._gaps = self._gap_watch(store, telemetry, config)

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what is to run until the service stops."""
        watches = (self._subscription, self._gaps)
        return [each.run() for each in watches if each is not None]

    def problems(self) -> Sequence[str]:
        """Return why the service is not ready."""
        return self._subscription.problems() if self._subscription is not None else ()

    def _subscription_watch(
        self, store: Store, telemetry: Telemetry, config: Config
    ) -> SubscriptionWatch | None:
        section = config.subscription
        if section is None:
            return None
        ask = partial(statuses, self._clients, config)
        return SubscriptionWatch(store, telemetry, ask, key=section.key, every=section.watch_every)

    def _gap_watch(self, store: Store, telemetry: Telemetry, config: Config) -> GapWatch | None:
        section = config.gaps
        if section.record == "off":
            return None
        full = frozenset(taken_in_full(config))
        return GapWatch(
            store,
            telemetry,
            section,
            full=full.__contains__,
            fetch=GapFetcher(store, self._client) if section.fetch else None,
            project=next(iter(self._accounts)) if len(self._accounts) == 1 else None,
        )

    def _client(self, project: str) -> Commercetools | None:
        account = self._accounts.get(project)
        return None if account is None else self._clients(account, Trace())[0]
