"""What is worth remembering about a delivery, and the SQL that remembers it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec


class Received(msgspec.Struct, frozen=True):
    """A request was accepted at a door. From now on it is accounted for."""

    id: str
    door: str
    at: float
    size: int


class Split(msgspec.Struct, frozen=True):
    """A batch became its parts: they are accounted for from now on, it no longer is."""

    id: str
    parts: Sequence[str]
    door: str
    at: float


class Told(msgspec.Struct, frozen=True):
    """The listener read what an accepted parcel says."""

    id: str
    notification_id: str
    kind: str
    project_key: str
    type_id: str
    resource: str
    version: int | None
    sequence: int | None
    at: float


class Queued(msgspec.Struct, frozen=True):
    """A message was put on the Event Queue. `notification` is the parcel that it came from."""

    id: str
    notification: str | None
    name: str
    account: str
    retailer: str
    type_id: str
    resource: str
    version: int | None
    cause: str
    at: float


class Settled(msgspec.Struct, frozen=True):
    """A delivery came to its end. Made by the store itself, with the fate that the guards left."""

    id: str
    state: str
    reason: str
    at: float
    tries: int


class Attempted(msgspec.Struct, frozen=True):
    """A handler ran: when, how long, to what end, and the calls it made (JSON, redacted)."""

    id: str
    tries: int
    at: float
    seconds: float
    handler: str
    route: str
    outcome: str
    error: str
    calls: bytes


class Known(msgspec.Struct, frozen=True):
    """By this value ("order-number" 1234, "sku", "fluent" ref) a message is found."""

    id: str
    kind: str
    value: str


class Delivered(msgspec.Struct, frozen=True):
    """This ref exists in Fluent now, or this route does: what is parked on it is woken."""

    ref: str


class Sent(msgspec.Struct, frozen=True):
    """A broker confirmed these parcels of an outbox queue: their rows may go."""

    queue: str
    ids: Sequence[str]


class Revived(msgspec.Struct, frozen=True):
    """An operator gives these dead parcels their tries back."""

    ids: Sequence[str]


class Dropped(msgspec.Struct, frozen=True):
    """An operator gives these dead parcels up: they end skipped."""

    ids: Sequence[str]


class Paused(msgspec.Struct, frozen=True):
    """An operator stops the groups that match this pattern (`account/name`, `*` allowed)."""

    pattern: str
    at: float
    by: str


class Resumed(msgspec.Struct, frozen=True):
    """An operator lets the groups of this pattern go on."""

    pattern: str


class Erased(msgspec.Struct, frozen=True):
    """Whatever is stored under this value of an index (a customer's id) loses its bodies."""

    kind: str
    value: str


class Expired(msgspec.Struct, frozen=True):
    """These are past their retention and go.

    ids: units of the journal. references: (value, kind, id) by which they were found. keys: of the
    inbox. bodies: ids of recorded bodies. gaps: keys of missed Messages.
    """

    ids: Sequence[str] = ()
    references: Sequence[tuple[str, str, str]] = ()
    keys: Sequence[str] = ()
    bodies: Sequence[str] = ()
    gaps: Sequence[str] = ()


class Audited(msgspec.Struct, frozen=True):
    """An operator did something: who, what, to what."""

    at: float
    by: str
    action: str
    what: str


class Outage(msgspec.Struct, frozen=True):
    """Another system failed us from `began` to `ended` (None: it still does): `of` what, and why.

    Told again with an end, it is the same outage.
    """

    of: str
    began: float
    ended: float | None
    why: str


class RunAdded(msgspec.Struct, frozen=True):
    """A run of a job was put on the batch queue: its `number`-th for this account and retailer."""

    id: str
    job: str
    account: str
    retailer: str
    number: int
    cause: str
    at: float


class RunAdvanced(msgspec.Struct, frozen=True):
    """A run has come to its `step`-th step: its window, and how many messages it has put.

    `expected`: how many it will put, where the job can tell.
    """

    id: str
    step: int
    begun: float
    since: float | None
    until: float
    messages: int
    expected: int | None
    at: float


class RunEnded(msgspec.Struct, frozen=True):
    """A run came to its end: SUCCESSFUL, FAILED or STOPPED, and why."""

    id: str
    status: str
    reason: str
    at: float


class RunStopped(msgspec.Struct, frozen=True):
    """An operator wants this run to end behind the page that it is at."""

    id: str
    by: str


class RunsExpired(msgspec.Struct, frozen=True):
    """Runs that ended before this time go; the last of each job stays."""

    before: float


class JobSet(msgspec.Struct, frozen=True):
    """A job's settings document stands like this from now on."""

    name: str
    document: str
    at: float


class JobDue(msgspec.Struct, frozen=True):
    """The scheduler has seen to the time `at` of this schedule."""

    name: str
    at: float


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A number of a resource's Messages did not come, though a higher one did (`revealed` by it).

    key:  the inbox key that it would have left. door: by which the higher one came.
    full: all Messages of the resource's type are subscribed to, so that it ought to have come.
    Told again, it stays as it is.
    """

    key: str
    project_key: str
    type_id: str
    resource: str
    sequence: int
    revealed: str
    door: str
    at: float
    full: bool


class Sought(msgspec.Struct, frozen=True):
    """What became of a missed Message: `state`, `why`, and the unit that it came as, if it did."""

    key: str
    state: str
    at: float
    why: str = ""
    unit: str = ""


class Swept(msgspec.Struct, frozen=True):
    """A sweep over the journal has come to here; the next goes on after it."""

    name: str
    cursor: str
    at: float


Fact = (
    Received
    | Split
    | Told
    | Queued
    | Settled
    | Attempted
    | Known
    | Delivered
    | Sent
    | Revived
    | Dropped
    | Paused
    | Resumed
    | Erased
    | Expired
    | Audited
    | Outage
    | RunAdded
    | RunAdvanced
    | RunEnded
    | RunStopped
    | RunsExpired
    | JobSet
    | JobDue
    | Missed
    | Sought
    | Swept
)


class Statement(msgspec.Struct, frozen=True):
    """One SQL statement: `head row suffix`, with `?` for each of `values`.

    `row` may be repeated with commas between, so that an engine can send many statements with the
    same head and suffix as one. `few`: it reads few rows, each by its key, however many there are;
    an engine that guesses how to go about a search is told so.
    """

    head: str
    row: str = ""
    suffix: str = ""
    values: tuple[object, ...] = ()
    few: bool = False

    @property
    def text(self) -> str:
        """Return the statement for its own values alone."""
        return " ".join(part for part in (self.head, self.row, self.suffix) if part)


class Insert(msgspec.Struct, frozen=True):
    """How a kind of fact becomes one row: head, row and suffix of its statement, and the values."""

    form: tuple[str, str, str]
    values: Callable[[Any], tuple[object, ...]]


class Recorder(msgspec.Struct, frozen=True):
    """How facts become SQL: what `journal/` hands to a store that knows no journal."""

    record: Callable[[Fact], Sequence[Statement]]
    migrations: Sequence[str]
    """The schema, step by step. The store applies those that a file has not seen."""
    inserts: Mapping[type, Insert] = {}
    """What `record` makes of these kinds, for a store that has thousands of them a second."""
