"""The calls that one handler run made: what happened on the wire, without anyone's data."""

import msgspec

from fluent_connect.model.lease import Lease


class Call(msgspec.Struct, omit_defaults=True):
    """One HTTP call. `status` 0: there was no answer. `sent` and `answer` are redacted excerpts.

    shared: how many operations, of other messages too, went with this request.
    """

    system: str
    method: str
    path: str
    status: int
    seconds: float
    sent: str = ""
    answer: str = ""
    shared: int = 1


class Trace:
    """What the calls of one message share: its lease, its correlation id, and their record."""

    __slots__ = ("calls", "correlation", "lease")

    def __init__(self, lease: Lease | None = None, correlation: str = "") -> None:
        self.lease = lease
        self.correlation = correlation
        self.calls: list[Call] = []
