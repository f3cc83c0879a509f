"""A dry run as the service knows it: a way out, a station, and what is told of both."""

import shutil
import sys
from collections import Counter

from fluent_connect.app.config.sections import HttpSection
from fluent_connect.app.dryrun.shown import Teller
from fluent_connect.app.dryrun.station import Rehearsed
from fluent_connect.app.dryrun.values import Written
from fluent_connect.clients.transport import Transport
from fluent_connect.clients.transports import Kind, open_transport
from fluent_connect.queues.consumer import Station


class Rehearsal:
    """Everything real but the writes. `teller`: who is told; the default writes to stdout."""

    def __init__(self, teller: Teller | None = None, *, json: bool = False) -> None:
        self._teller = teller or Teller(json=json, width=_width())
        self._station: Rehearsed | None = None
        self._writes: Counter[str] = Counter()

    def transport(self, kind: Kind, real: Transport | None) -> Transport:
        """Return the way out: `real`, or one of this kind, without its writes."""
        # It reads GraphQL with a parser that a service has no need to load.
        from fluent_connect.app.dryrun.transport import DryTransport  # noqa: PLC0415
        from fluent_connect.app.shadow.problems import wrong  # noqa: PLC0415

        return DryTransport(
            real or open_transport(kind, connections=512), self._written, check=wrong
        )

    def calls(self, section: HttpSection) -> HttpSection:
        """Return how to call: no write shares a request, so that it is told whose it is."""
        alone = section.batch.model_copy(update={"max": 1})
        return section.model_copy(update={"batch": alone})

    def station(self, router: Station) -> Station:
        """Return the router's station, its outcomes changed to what is true of a dry run."""
        self._station = Rehearsed(router, self._teller.ended)
        return self._station

    def finish(self) -> None:
        """Tell what it all came to."""
        if self._station is not None:
            self._teller.summary(self._station.counts, self._writes)

    def _written(self, write: Written) -> None:
        if not write.again:
            self._writes[write.operation.partition(" ")[0]] += 1
        self._teller.written(write)


def _width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
