"""What a station decides about a delivery. The consumer commits it; it is data until then."""

from collections.abc import Mapping, Sequence

import msgspec

from fluent_connect.model.fact import Fact
from fluent_connect.model.parcel import Put


class Done(msgspec.Struct, frozen=True):
    """It was carried out. `note` says what that came to ("created", "unchanged")."""

    note: str = ""


class Skipped(msgspec.Struct, frozen=True):
    """Nothing was to be done, for this reason."""

    reason: str


class Superseded(msgspec.Struct, frozen=True):
    """Something newer (or the same) had been carried out already."""

    by: str


class Later(msgspec.Struct, frozen=True):
    """Try again after so many seconds; `counts` says whether this was one of its tries."""

    after: float
    reason: str
    counts: bool = True


class Parked(msgspec.Struct, frozen=True):
    """Wait until `waits_for` is delivered; look again after `after` seconds all the same.

    `since` is `Store.delivered()` as read before the fetch: if `waits_for` was delivered with a
    higher number meanwhile, the parcel is ready again at once, so that no wake-up is lost.
    """

    reason: str
    waits_for: str | None
    since: int = 0
    after: float = 60.0


class Dead(msgspec.Struct, frozen=True):
    """No retry can help. It stays, with its bytes, until an operator revives or drops it."""

    reason: str
    error: str = ""


Fate = Done | Skipped | Superseded | Later | Parked | Dead


class Fence(msgspec.Struct, frozen=True):
    """The newest state of a resource that was applied, and what it was made with."""

    version: int
    fingerprint: str = ""
    output: str = ""
    deleted: bool = False
    dependencies: Mapping[str, int] = {}


class Unseen(msgspec.Struct, frozen=True):
    """Commit only if this key was never committed before; it is remembered by the commit."""

    key: str


class Newer(msgspec.Struct, frozen=True):
    """Commit only if `fence.version` is above (or equal to) what stands; then it stands."""

    key: str
    fence: Fence
    or_equal: bool = False


Guard = Unseen | Newer


class Outcome(msgspec.Struct, frozen=True):
    """What a station wants committed: all of it or nothing.

    `fate` None leaves the delivery to `error`, of which the consumer's retry policy makes a fate,
    or belongs to a write without a delivery (ingest, jobs, operators). A refused guard settles the
    delivery all the same, as superseded, and drops puts and facts.
    """

    fate: Fate | None = None
    guards: Sequence[Guard] = ()
    puts: Sequence[Put] = ()
    facts: Sequence[Fact] = ()
    error: Exception | None = None
