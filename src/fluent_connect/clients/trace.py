"""The calls that one handler run made: what happened on the wire, without anyone's data."""

import msgspec

from fluent_connect.model.lease import Lease


class Call(msgspec.Struct):
    """One HTTP call. `status` 0: there was no answer. `sent` and `answer` are redacted excerpts."""

    system: str
    method: str
    path: str
    status: int
    seconds: float
    sent: str = ""
    answer: str = ""


class Trace:
    """What the calls of one message share: its lease, its correlation id, and their record."""

    __slots__ = ("calls", "correlation", "lease")

    def __init__(self, lease: Lease | None = None, correlation: str = "") -> None:
        self.lease = lease
        self.correlation = correlation
        self.calls: list[Call] = []
