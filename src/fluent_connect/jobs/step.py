"""One step of a run: what a parcel of the batch queue says."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from fluent_connect.model.codec import encode
from fluent_connect.model.errors import MalformedError
from fluent_connect.model.parcel import BATCH_QUEUE, Parcel, Put


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The page of a run that is next: where it goes on, and what it has come to so far.

    since, until: the window; `until` None: it is opened by the first step. `given`: it was asked
                  for, so the next run does not begin at its end. `custom`: by `customDateRange`.
    rate:         messages a second; 0: as fast as they are read.
    cursor:       of the page before; None at the first.
    """

    run: str
    job: str
    account: str
    retailer: str
    cause: str
    number: int = 0
    cursor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    given: bool = False
    custom: bool = False
    begun: datetime | None = None
    messages: int = 0
    expected: int | None = None
    props: Mapping[str, str] = {}
    rate: float = 0.0

    @property
    def id(self) -> str:
        """Return the id of its parcel."""
        return f"{self.run}.{self.number}"


_decoder = msgspec.json.Decoder(Step)


def decode_step(body: bytes) -> Step:
    """Return the step in a parcel. Raise MalformedError if it holds none."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError(f"not a step of a job: {error}") from error


def put(step: Step, *, due: float = 0.0) -> Put:
    """Return what puts a step on the batch queue, in the lane of its job; `due`: not before."""
    place = f"{step.account}/{step.retailer}"
    parcel = Parcel(
        id=step.id,
        key=f"job/{place}/{step.job}",
        body=encode(step),
        group=f"{step.account}/{step.job}",
        not_before=due,
    )
    return Put(BATCH_QUEUE, parcel)


def at(seconds: float) -> datetime:
    """Return a time since the epoch, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
