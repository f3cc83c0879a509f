"""Has changed secrets take effect while the service runs, and refuses nobody over it."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog
from msgspec import structs

from fluent_connect.app.build import doors
from fluent_connect.app.clients import Clients
from fluent_connect.app.config.credentials import Values
from fluent_connect.app.config.doors import DoorEntry
from fluent_connect.app.config.mistakes import CredentialError, errors
from fluent_connect.app.config.result import Config
from fluent_connect.app.telemetry import Telemetry
from fluent_connect.ingest.verify.door import FLUENT, Door, schemes
from fluent_connect.ingest.verify.published import Published
from fluent_connect.ingest.verify.scheme import Scheme
from fluent_connect.model.errors import ConfigError

_OURS = frozenset({"api-key", "basic", "hmac", "query-key", "standard-webhooks", FLUENT})
"""The schemes whose secrets stand in our configuration; what others publish they rotate."""


class _Retired(msgspec.Struct, frozen=True):
    door: str
    schemes: Sequence[Scheme]
    until: float


class Doors:
    """The doors as the configuration says; what was replaced at one counts for `overlap` seconds.

    steady: seconds that only go forward.
    """

    def __init__(
        self,
        entries: Mapping[str, DoorEntry],
        published: Published,
        overlap: float,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries = entries
        self._published = published
        self._overlap = overlap
        self._steady = steady
        self._retired: list[_Retired] = []
        self._doors = doors(entries, published)

    def replace(self, entries: Mapping[str, DoorEntry]) -> Sequence[str]:
        """Have these entries; return which doors they change. Raise ConfigError, and change none.

        A door whose secrets are the same keeps what it had.
        """
        changed = [name for name, entry in entries.items() if self._entries.get(name) != entry]
        made = doors({name: entries[name] for name in changed}, self._published)
        until = self._steady() + self._overlap
        for name in changed:
            if (old := self._entries.get(name)) is not None and self._overlap:
                names = [each for each in old.all_schemes if each in _OURS]
                kept = schemes(names, old.given, self._published)
                self._retired.append(_Retired(name, kept, until))
        self._entries = entries
        self._doors = {**self._doors, **made}
        return changed

    def now(self) -> Mapping[str, Door]:
        """Return the doors as they are to stand open now."""
        now = self._steady()
        self._retired = [each for each in self._retired if each.until > now]
        found = dict(self._doors)
        for each in self._retired:
            door = found[each.door]
            found[each.door] = structs.replace(door, schemes=(*door.schemes, *each.schemes))
        return found

    @property
    def retiring(self) -> Sequence[str]:
        """Return the doors at which something counts that was replaced."""
        return sorted({each.door for each in self._retired})


class Rotation:
    """Looks for changed secrets, and has doors and clients use them.

    open: given the doors each time that they change. What cannot be read, or would be no
    configuration to start with, changes nothing, and is told.
    """

    def __init__(
        self,
        config: Config,
        doors: Doors,
        clients: Clients,
        telemetry: Telemetry,
        open: Callable[[Mapping[str, Door]], None],
    ) -> None:
        self._config = config
        self._values = config.secrets.values
        self._doors = doors
        self._clients = clients
        self._open = open
        self._complaint = ""
        self._read = telemetry.gauge("secrets_read_timestamp_seconds", "Read without a mistake.")
        self._changed = telemetry.gauge("secrets_changed_timestamp_seconds", "Took effect last.")
        self._overlap = telemetry.gauge("secrets_retiring", "Doors where a replaced one counts.")
        self._log = structlog.get_logger("fluent_connect")
        self._read_at = time.time()
        self._changed_at: float | None = None
        self._read.set(self._read_at)

    @property
    def runs(self) -> bool:
        """Say whether a secret can change while we run."""
        secrets = self._config.secrets
        return bool(secrets.credentials.changes and secrets.names and secrets.every)

    async def run(self) -> None:
        """Look again and again, for ever."""
        while True:
            await asyncio.sleep(self._config.secrets.every)
            await self.look()

    async def look(self) -> None:
        """Look once, and have what has changed take effect."""
        try:
            values = await asyncio.to_thread(self._config.secrets.fetch)
            if values != self._values:
                await self._take(values)
        except ConfigError as error:
            self._complain(str(error), error.fix if isinstance(error, CredentialError) else "")
        else:
            self._complaint = ""
            self._read_at = time.time()
            self._read.set(self._read_at)
        retiring = self._doors.retiring
        doors = self._doors.now()
        if retiring != self._doors.retiring:
            self._open(doors)
            gone = sorted(set(retiring) - set(self._doors.retiring))
            self._log.info("what was replaced counts no longer", doors=gone)
        self._overlap.set(len(self._doors.retiring))

    def details(self) -> Mapping[str, object]:
        """Return what operators want to know: when secrets were read, and what still counts."""
        return {
            "read": self._read_at,
            "changed": self._changed_at,
            "retiring": list(self._doors.retiring),
            "problem": self._complaint,
        }

    async def _take(self, values: Values) -> None:
        """Use other secrets. Raise ConfigError if that cannot be done, and use none of them."""
        emptied = [
            name for name, (text, _) in self._values.items() if text and _empty(values, name)
        ]
        if emptied:
            raise CredentialError(
                f"empty or gone, so what was there still counts: {', '.join(sorted(emptied))}",
                "CFG060",
                "write a secret's file beside it, then rename it",
            )
        examined = await asyncio.to_thread(self._config.reread, values)
        if wrong := errors(examined.mistakes):
            raise ConfigError("; ".join(f"{each.code} {each.what}" for each in wrong))
        changed = self._doors.replace(examined.config.doors)
        signed = self._clients.sign_in_as(examined.config.accounts)
        before, self._values = self._values, values
        names = sorted(name for name in values if before.get(name) != values[name])
        if changed:
            self._open(self._doors.now())
        self._changed_at = time.time()
        self._changed.set(self._changed_at)
        self._log.info("secrets changed", names=names, doors=changed, accounts=signed)

    def _complain(self, why: str, fix: str) -> None:
        """Tell once what is wrong, until it is something else."""
        if why != self._complaint:
            self._complaint = why
            self._log.error("secrets could not be read again", why=why, fix=fix)


def _empty(values: Values, name: str) -> bool:
    return not values.get(name, ("", ""))[0]
