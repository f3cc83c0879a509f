"""What the journal knows of one resource: who told of it, and where everything stands. Pure."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from fluent_connect.journal.states import WAITING
from fluent_connect.journal.timeline import Step


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A message, or a notification of which no message came, and where it stands now.

    route: "" of a notification without message. settled: when it came to its end. due: when it
    comes next. error: what the last failure said.
    """

    id: str
    unit: str
    at: float
    state: str
    reason: str = ""
    route: str = ""
    account: str = ""
    retailer: str = ""
    version: int | None = None
    cause: str = ""
    tries: int = 0
    handler: str = ""
    queue: str = ""
    waits_for: str = ""
    error: str = ""
    due: float | None = None
    settled: float | None = None

    @property
    def waits(self) -> bool:
        """Say whether it has not come to its end."""
        return self.state in WAITING


class Gap(msgspec.Struct, frozen=True):
    """Sequence numbers of a resource that were never seen, between two that were."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


class History(msgspec.Struct, frozen=True, kw_only=True):
    """All that happened to a resource, newest first.

    steps: as `timeline_from_rows` tells them. notifications: those about this very resource.
    messages: those about it. untaken: notifications of which no message came.
    """

    steps: Sequence[Step]
    notifications: Sequence[Step]
    messages: Sequence[Standing]
    untaken: Sequence[Standing]
    gaps: Sequence[Gap]

    @property
    def all(self) -> Sequence[Standing]:
        """Return everything that has a state, the newest first."""
        return sorted([*self.messages, *self.untaken], key=lambda each: each.at, reverse=True)

    @property
    def newest_version(self) -> int | None:
        """Return the newest version that anybody told of."""
        told = [each.version for each in self.notifications if each.version is not None]
        return max(told, default=None)


def history(steps: Sequence[Step], type_id: str, resource: str) -> History:
    """Return the history of a resource; with both "", of whatever the steps are about."""

    def ours(step: Step) -> bool:
        return not resource or (step.type_id, step.resource) == (type_id, resource)

    newest = sorted(steps, key=lambda step: step.at, reverse=True)
    notifications = [step for step in newest if step.what == "notification" and ours(step)]
    messages = [
        _of_message(step, steps) for step in newest if step.what == "message" and ours(step)
    ]
    taken = {step.unit for step in steps if step.what == "message"}
    told = {step.unit for step in notifications} if resource else {step.unit for step in steps}
    untaken = [_of_unit(unit, steps) for unit in sorted(told - taken, reverse=True)]
    return History(
        steps=steps,
        notifications=notifications,
        messages=messages,
        untaken=untaken,
        gaps=gaps(step.sequence for step in notifications),
    )


def gaps(sequences: Iterable[int | None]) -> list[Gap]:
    """Return the numbers that are missing between the lowest and the highest seen."""
    seen = sorted({each for each in sequences if each is not None})
    return [Gap(low + 1, high - 1) for low, high in pairwise(seen) if high > low + 1]


def _of_message(message: Step, steps: Sequence[Step]) -> Standing:
    standing = Standing(
        id=message.id,
        unit=message.unit,
        at=message.at,
        state="unaccounted",
        route=message.name,
        account=message.account,
        retailer=message.retailer,
        version=message.version,
        cause=message.kind,
    )
    return _stands(standing, [step for step in steps if step.id == message.id])


def _of_unit(unit: str, steps: Sequence[Step]) -> Standing:
    own = [step for step in steps if step.unit == unit]
    at = min(step.at for step in own)
    version = next((step.version for step in own if step.what == "notification"), None)
    aside = next((step for step in own if step.what == "aside"), None)
    standing = Standing(id=unit, unit=unit, at=at, state="unaccounted", version=version)
    if aside is not None:
        state = "superseded" if aside.kind == "repeat" else "done"
        standing = msgspec.structs.replace(standing, state=state, reason=aside.reason)
    return _stands(standing, [step for step in own if step.id == unit])


def _stands(standing: Standing, own: Sequence[Step]) -> Standing:
    """Return where something stands: a parcel that waits or is dead wins over a fate."""
    for step in own:
        if step.what == "attempt":
            standing = msgspec.structs.replace(
                standing, handler=step.handler, tries=step.tries, error=step.error
            )
    fate = next((step for step in own if step.what == "fate"), None)
    if fate is not None:
        standing = msgspec.structs.replace(
            standing, state=fate.state, reason=fate.reason, settled=fate.at
        )
    parcel = next((step for step in own if step.what == "parcel"), None)
    if parcel is not None:
        standing = msgspec.structs.replace(
            standing,
            state=parcel.state,
            reason=parcel.reason or standing.reason,
            tries=max(parcel.tries, standing.tries),
            queue=parcel.name,
            waits_for=parcel.kind,
            error=parcel.error or standing.error,
            due=None if parcel.state == "dead" else parcel.at,
        )
    return standing
