"""What a comparison of both systems finds, resource by resource. Pure."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from fluent_connect.clients.fluent.comparison import Comparison

Class = Literal[
    "same",
    "missing",
    "stale",
    "different",
    "conflict",
    "extra",
    "unknown",
    "skipped",
    "in-flight",
    "foreign",
    "kept",
]
DRIFT: frozenset[Class] = frozenset({"missing", "stale", "different", "conflict", "extra"})
"""The classes that say that the two systems do not hold the same."""
_BY_HOW: dict[str, Class] = {
    "foreign": "conflict",
    "missing": "missing",
    "stale": "stale",
    "different": "different",
}
"""From the gravest: a resource of several entities is what the gravest of them is."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One resource for one account, and how the two systems stand to each other about it.

    class_: same; missing, stale, different (see the comparison); conflict: Fluent's carries another
    id; extra: Fluent has it, commercetools has not; unknown: it could not be found out, which is
    never "missing"; skipped: the handler would send nothing (the gate); in-flight: it has just
    changed, or waits in our queue; foreign: Fluent's own; kept: deleted there, and kept by rule.
    id: of the resource in commercetools. version: as it was read. mendable: a message mends it.
    """

    class_: Class
    type_id: str
    id: str
    account: str
    retailer: str
    ref: str = ""
    version: int | None = None
    reason: str = ""
    held: Sequence[Comparison] = ()
    mendable: bool = True

    @property
    def drifted(self) -> bool:
        """Say whether the two systems do not hold the same."""
        return self.class_ in DRIFT


def class_of(held: Sequence[Comparison]) -> Class:
    """Return the class of a resource by its entities: the gravest counts."""
    hows = {each.how for each in held}
    return next((class_ for how, class_ in _BY_HOW.items() if how in hows), "same")


def drifted(held: Sequence[Comparison]) -> Sequence[Comparison]:
    """Return the entities that are not as they should be."""
    return [each for each in held if each.how in _BY_HOW]
