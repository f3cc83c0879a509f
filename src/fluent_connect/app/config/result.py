"""The configuration as the service uses it, and where each value of it came from."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from fluent_connect.app.config.commercetools import (
    CustomTypesSection,
    GapsSection,
    SubscriptionSection,
)
from fluent_connect.app.config.credentials import Secrets, Values
from fluent_connect.app.config.doors import DoorEntry
from fluent_connect.app.config.mapping import MappingFiles
from fluent_connect.app.config.mistakes import Mistake
from fluent_connect.app.config.queues import Listener, Queue
from fluent_connect.app.config.schema import Connect, Core, JobEntry, MappingEntry, RouteEntry
from fluent_connect.app.config.sections import (
    AdminSection,
    DiskSection,
    ErrorEntry,
    HttpSection,
    JournalSection,
    LogSection,
    NotificationsSection,
    RetrySection,
)
from fluent_connect.app.config.validate import leaves, written
from fluent_connect.app.config.values import is_secret
from fluent_connect.clients.accounts import Account
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.model.yaml import Table
from fluent_connect.queues.address import shown

MASK = "***"


class Origin(msgspec.Struct, frozen=True):
    """A key, its effective value (secrets masked), and where it came from.

    `origin`: `file:line:column`, `env NAME`, `flag --name` or `default`.
    """

    key: str
    value: str
    origin: str


class Examined(msgspec.Struct, frozen=True):
    """The configuration as far as it can be read, and everything that is wrong with it."""

    config: "Config"
    mistakes: Sequence[Mistake]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the configuration decides. Rooms get their sections, never the whole.

    `settings` by (account, retailer). `store` is the URL of the journal and of all queues in SQL.
    `broken` names sections that could not be read: empty after `load`. `reread`: the same files
    with other secrets. `table` is the merged tree, for places in later findings. `mapping`: the
    mapping files.
    """

    connector_name: str
    profiles: Sequence[str]
    files: Sequence[Path]
    data: Path
    host: str
    port: int
    admin: AdminSection
    log: LogSection
    route_mapping: Sequence[MappingEntry]
    routes: Sequence[RouteEntry]
    listeners: Mapping[str, Listener]
    queues: Mapping[str, Queue]
    accounts: Sequence[Account]
    settings: Mapping[tuple[str, str], Settings]
    doors: Mapping[str, DoorEntry]
    retry: RetrySection
    http: HttpSection
    journal: JournalSection
    store: str
    disk: DiskSection
    packages: Sequence[str]
    paths: Sequence[Path]
    jobs: Sequence[JobEntry]
    job_settings: Literal["journal", "fluent"]
    time_zone: str
    pause: Sequence[str]
    api_keys: Sequence[str]
    notifications: NotificationsSection
    error_table: Sequence[ErrorEntry]
    subscriptions: Mapping[str, Sequence[str]]
    subscription: SubscriptionSection | None
    custom_types: CustomTypesSection
    gaps: GapsSection
    credential_manager: str
    secrets: Secrets
    reread: Callable[[Values], "Examined"]
    fluent_domains: Mapping[str, str]
    fluent_webhook_keys: Mapping[str, str]
    notices: Sequence[str]
    warnings: Sequence[Mistake]
    table: Table
    mapping: MappingFiles
    broken: frozenset[str] = frozenset()

    @property
    def lease(self) -> float:
        """Return for how many seconds a delivery is ours: one time for the queues of a store."""
        return self.queues[EVENT_QUEUE].lease

    def origins(self) -> list[Origin]:
        """Return every key with its effective value and where that came from, sorted by key."""
        told = [
            Origin(written(path), _shown(path, leaf.text), leaf.source or str(leaf.place))
            for path, leaf in leaves(self.table)
            if leaf.text is not None
        ]
        above = tuple(f"{one.key}{end}" for one in told for end in ("", ".", "["))
        stated = {one.key for one in told}
        rest = [
            one for one in _defaults() if one.key not in stated and not _covered(one.key, above)
        ]
        return sorted([*told, *rest], key=lambda one: one.key)

    def __repr__(self) -> str:
        return f"Config({self.connector_name!r}, files={[str(one) for one in self.files]})"


def render_origins(origins: Sequence[Origin], *, origin: bool = True) -> str:
    """Return one line a key: its value and, with `origin`, where it came from."""
    width = max((len(one.key) for one in origins), default=0)
    lines = [
        f"{one.key:<{width}}  {one.value}" + (f"    # {one.origin}" if origin else "")
        for one in origins
    ]
    return "\n".join(lines)


def _shown(path: tuple[str | int, ...], text: str | None) -> str:
    return MASK if is_secret(path) else shown(text or '""')


def _covered(key: str, above: tuple[str, ...]) -> bool:
    return any(one.startswith((f"{key}.", f"{key}[")) for one in above)


def _defaults() -> list[Origin]:
    found: list[Origin] = []
    for root, section in (("fluent-connect", Connect()), ("fluentcommerce", Core())):
        _flatten(root, section.model_dump(mode="json", by_alias=True), found)
    return found


def _flatten(key: str, value: object, found: list[Origin]) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            _flatten(f"{key}.{name}", inner, found)
    elif isinstance(value, list):
        text = ", ".join(str(one) for one in value)
        found.append(Origin(key, f"[{text}]", "default"))
    elif value is not None:
        found.append(
            Origin(key, str(value).lower() if isinstance(value, bool) else str(value), "default")
        )
