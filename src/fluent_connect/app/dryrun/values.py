"""What a dry run tells of: writes that were not sent."""

from collections.abc import Sequence
from typing import Any

import msgspec


class Against(msgspec.Struct, frozen=True):
    """One field that a write would change: what Fluent holds (None: nothing), what it would."""

    field: str
    held: Any
    wanted: Any


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A write that was not sent.

    message: the id of the message that asked for it; "" if several shared the request. input:
    without personal data. held: whether Fluent was seen to hold the entity; then `changes` are what
    differs from that. again: this run would have written it before, so it would be there by now.
    """

    at: float
    message: str
    system: str
    account: str
    operation: str
    about: str
    input: Any
    held: bool
    changes: Sequence[Against]
    violations: Sequence[str] = ()
    again: bool = False
