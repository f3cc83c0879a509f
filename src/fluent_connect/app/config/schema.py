"""What the files may hold: the keys of the path and the whole; `sections` has the rest."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from fluent_connect.app.config.commercetools import (
    CustomTypesSection,
    GapsSection,
    SubscriptionSection,
)
from fluent_connect.app.config.doors import DoorEntry
from fluent_connect.app.config.sections import (
    AdminSection,
    DiskSection,
    ErrorEntry,
    HttpSection,
    JournalSection,
    LogSection,
    NotificationsSection,
    RetrySection,
    Section,
)
from fluent_connect.app.config.values import (
    ConnectorName,
    Digits,
    Duration,
    Folders,
    Hidden,
    Port,
    Positive,
    Props,
    QueueUrl,
    Rate,
    Secrets,
    Text,
    WebUrl,
    Words,
    account_mappings,
)
from fluent_connect.jobs.job_table import OVERLAP, TRAIL


class MappingProps(Section):
    """What a `route-mapping` entry looks at; other props are free."""

    model_config = ConfigDict(extra="allow")

    name: str | None = None
    inclusion_filter: Words | None = None


class MappingEntry(Section):
    """Notifications of one resource type, and the route (message name) that they become.

    `skip` instead of `route`: they are skipped, with this reason.
    """

    route: str | None = None
    skip: str | None = None
    name: str | None = None
    inclusion_filter: Words | None = None
    props: MappingProps = MappingProps()

    @property
    def type_id(self) -> str:
        """Return the commercetools `typeId` that the entry is about."""
        return self.props.name or self.name or ""

    @property
    def kinds(self) -> frozenset[str]:
        """Return the kinds of notification that pass; none = all."""
        listed = self.props.inclusion_filter
        return frozenset((self.inclusion_filter or ()) if listed is None else listed)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.route) == bool(self.skip):
            fix = "write `route: <message name>`, or `skip: <reason>`"
            raise PydanticCustomError("one_of", "either a route or a reason to skip", {"fix": fix})
        if not self.type_id:
            fix = "write `props: { name: order }`, the typeId of the resource"
            raise PydanticCustomError("no_name", "a name under props", {"fix": fix})
        return self


class RouteEntry(Section):
    """A route (message name), and the handler that takes its messages.

    `upserts`: the typeId of what the route brings about in Fluent, where its name does not say it.
    """

    route: Text
    handler_name: str | None = None
    handler: str | None = None
    upserts: str | None = None
    props: Props = Field(default_factory=dict)

    @property
    def target(self) -> str:
        """Return the handler's registered name or dotted path."""
        return self.handler_name or self.handler or ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.handler_name) == bool(self.handler):
            fix = "write `handler-name: OrderCreateHandler` (or `handler:`), once"
            raise PydanticCustomError("no_handler", "one handler for the route", {"fix": fix})
        return self


class ListenerProps(Section):
    """How a listener polls its queue; other props are free."""

    model_config = ConfigDict(extra="allow")

    poll_wait: Duration = 20.0
    visibility_timeout: Duration | None = None
    dlq_name: str | None = None


class ListenerEntry(Section):
    """A listener: the name of its queue (or of the variable that holds it), its Fluent account."""

    name: str | None = None
    fluent_account: str | None = None
    props: ListenerProps = ListenerProps()


class CredentialSection(Section):
    """Where `${NAME}` finds secrets, and how those are changed while we run.

    directory:    one file a secret, for the manager `file`.
    prefix:       before each name, for `aws-secrets-manager`; the vendor's if none is given.
    reread_every: seconds between two looks for changed secrets; 0 = only at the start.
    overlap:      for how long what a sender proves himself by counts after it was replaced.
    """

    credential_manager: Literal["env", "file", "aws-secrets-manager"] = "env"
    directory: str = "/run/secrets"
    prefix: str | None = None
    region: str | None = None
    endpoint: WebUrl | None = None
    reread_every: Duration = 30.0
    overlap: Duration = 3600.0


class SchedulerSection(Section):
    """How jobs are started from outside."""

    job_scheduler_type: Literal["message-queue"] = "message-queue"


class QueueEntry(Section):
    """Where a queue lives, how many of its parcels run at once, how long each is leased."""

    url: QueueUrl | None = None
    concurrency: Positive = 16
    lease: Duration = 90.0


class FluentSection(Section):
    """How a Fluent account is reached: a URL, or the name of a `fluent-domain`."""

    url: WebUrl | None = None
    domain: str | None = None
    username: str
    password: Hidden
    client_id: str
    client_secret: Hidden


class CommercetoolsSection(Section):
    """How a commercetools project is reached."""

    project_key: str
    auth_url: WebUrl
    api_url: WebUrl
    client_id: str
    client_secret: Hidden
    scopes: Words = ()


class WhenSection(Section):
    """Which resources of the project belong to the account; nothing set = all."""

    store: str | None = None
    country: str | None = None
    channel: str | None = None
    custom: Props = Field(default_factory=dict)


class AccountEntry(Section):
    """A commercetools project and the Fluent account and retailer that it feeds."""

    name: Text
    retailer: Digits
    fluent: FluentSection
    commercetools: CommercetoolsSection
    when: WhenSection = WhenSection()
    settings: dict[str, Any] = Field(default_factory=dict)


class AccountMappingEntry(WhenSection):
    """A project (or a part of it), and one of `accounts` that it feeds."""

    project_key: str
    account: str
    retailer: str
    catalogue: str | None = None


class JobEntry(Section):
    """A job that runs every so often, or by a cron expression; neither = when called.

    overlap, trail: by how much a window begins before the last one's end, and ends before now.
    rate:           messages a second; 0 = as fast as they are read.
    """

    name: Text
    every: Duration | None = None
    cron: str | None = None
    time_zone: str | None = None
    overlap: Duration = OVERLAP
    trail: Duration = TRAIL
    rate: Rate = 0.0
    account: str | None = None
    retailer: str | None = None
    props: Props = Field(default_factory=dict)


AccountMappings = Annotated[tuple[AccountMappingEntry, ...], BeforeValidator(account_mappings)]


class Connect(Section):
    """Everything under `fluent-connect`."""

    connector_name: ConnectorName = "commercetools"
    message_listener_mode: str = "sqlite"
    batch_listener_mode: str = "sqlite"
    available_listeners: Words = ()
    credential: CredentialSection = CredentialSection()
    job_scheduler: SchedulerSection = SchedulerSection()
    route_mapping: tuple[MappingEntry, ...] = ()
    routes: tuple[RouteEntry, ...] = ()
    listeners: dict[str, ListenerEntry] = Field(default_factory=dict)
    queues: dict[str, QueueEntry] = Field(default_factory=dict)
    accounts: tuple[AccountEntry, ...] = ()
    account_mapping: AccountMappings = ()
    settings: dict[str, Any] = Field(default_factory=dict)
    doors: dict[str, DoorEntry] = Field(default_factory=dict)
    retry: RetrySection = RetrySection()
    http: HttpSection = HttpSection()
    journal: JournalSection = JournalSection()
    disk: DiskSection = DiskSection()
    packages: Words = ("com.fluentcommerce.connect",)
    paths: Folders = ()
    jobs: tuple[JobEntry, ...] = ()
    job_settings: Literal["journal", "fluent"] = "journal"
    time_zone: str = "UTC"
    pause: Words = ()
    api_keys: Secrets = ()
    notifications: NotificationsSection = NotificationsSection()
    data: str = "var"
    host: str = "0.0.0.0"  # noqa: S104 - the webhook port is there to be reached
    port: Port = 8080
    admin: AdminSection = AdminSection()
    log: LogSection = LogSection()
    error_table: tuple[ErrorEntry, ...] = ()
    subscriptions: dict[str, Words] = Field(default_factory=dict)
    subscription: SubscriptionSection | None = None
    custom_types: CustomTypesSection = CustomTypesSection()
    gaps: GapsSection = GapsSection()


class Core(Section):
    """Everything under `fluentcommerce`."""

    fluent_domain: dict[str, str] = Field(default_factory=dict)
    fluent_webhook_keys: dict[str, str] = Field(default_factory=dict)


class Files(Section):
    """All files, merged."""

    fluent_connect: Connect = Connect()
    fluentcommerce: Core = Core()
