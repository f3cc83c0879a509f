"""The doors of the service, and what works behind them: keys of others, secrets that change."""

import asyncio
from collections.abc import Callable, Sequence

from fluent_connect.app.clients import Clients
from fluent_connect.app.clocks import ClockWatch
from fluent_connect.app.config.result import Config
from fluent_connect.app.keeper import Keeper
from fluent_connect.app.remembered import Remembered
from fluent_connect.app.rotation import Doors, Rotation
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.ingest.verify.published import Published
from fluent_connect.ingest.webhook import Webhook
from fluent_connect.queues.store import Store


class Entrance:
    """The endpoint for webhooks, with the tasks that it needs. Make it inside the event loop.

    accepting: as Webhook takes it. confirms: False where nothing outside is to be changed.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        clients: Clients,
        telemetry: Telemetry,
        *,
        accepting: Callable[[], bool],
        confirms: bool,
    ) -> None:
        published, clock = Published(), ClockWatch()
        standing = Doors(config.doors, published, config.secrets.overlap)
        self.webhook = Webhook(
            store,
            standing.now(),
            accepting=accepting,
            on_request=telemetry.requested,
            confirm=published.confirm if confirms else _leave,
            doubt=clock.doubt,
            news=published.news,
        )
        remembered = Remembered(config.data, published)
        remembered.recall()
        keeper = Keeper(published, told=clock.told, on_taken=remembered.keep)
        self.keeper = asyncio.create_task(keeper.run(), name="what fetches the keys of doors")
        self.rotation = Rotation(config, standing, clients, telemetry, self.webhook.open)
        self._rotating: asyncio.Task[None] | None = None
        if self.rotation.runs:
            rotating = self.rotation.run()
            self._rotating = asyncio.create_task(rotating, name="what looks for changed secrets")

    @property
    def tasks(self) -> Sequence[asyncio.Task[None]]:
        """Return what runs beside, each by a name that tells what it does."""
        return [self.keeper, *([self._rotating] if self._rotating is not None else [])]


def _leave(url: str) -> None:
    """Confirm nothing: a dry run changes nothing outside."""
