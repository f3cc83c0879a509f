"""What goes wrong on purpose: rules that say what, where and how often, repeatable by seed."""

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

import msgspec

Kind = Literal[
    "latency",
    "status",
    "reset",
    "html",
    "truncated",
    "errors",
    "hang",
    "expire-token",
    "stale",
    "duplicate",
    "delay",
    "lose",
]

TERMINAL: frozenset[str] = frozenset({"status", "reset", "html", "truncated", "errors", "hang"})
"""Kinds that take the place of the answer: at most one of them strikes a request."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule.

    kind:        latency (wait `seconds`), status (answer `status`, with `retry_after`), reset (the
                 connection breaks), html (a page instead of JSON), truncated (half of the answer),
                 errors (GraphQL errors and empty data, HTTP 200), hang (no answer for `seconds`),
                 expire-token (the caller's token is void), stale (an older version is read),
                 duplicate, delay, lose (of notifications: sent twice; sent `seconds` late at most;
                 never sent).
    operation:   which requests: "" all, else one of their labels: a GraphQL root field
                 ("createOrder"), "query", "mutation", "token", "event", a path of commercetools
                 ("orders"), its method and path ("GET orders"), "notification".
    every:       strike each n-th of them only (0 and 1: each).
    skip:        let the first n of them pass.
    probability: strike by chance.
    times:       strike so often at most.
    processed:   do the work first, then fail: the unclear outcome.
    then:        rules that are armed, once each, whenever this one strikes.
    """

    kind: Kind
    operation: str = ""
    every: int = 1
    skip: int = 0
    probability: float = 1.0
    times: int | None = None
    processed: bool = False
    status: int | None = None
    retry_after: str | None = None
    seconds: float = 0.0
    code: str = "S0002E"
    then: Sequence["Fault"] = ()


class Tally(msgspec.Struct):
    """A rule, how many requests it was asked about, and how many it struck."""

    fault: Fault
    asked: int = 0
    struck: int = 0


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /__sandbox/faults`: rules that replace those in force, or join them."""

    faults: Sequence[Fault] = ()
    seed: int | None = None
    add: bool = False


class Faults:
    """The rules in force at one server."""

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 1) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, on purpose
        self._tallies = [Tally(fault) for fault in faults]

    def __iter__(self) -> Iterator[Tally]:
        return iter(self._tallies)

    def set(self, faults: Iterable[Fault], *, seed: int | None = None) -> None:
        """Replace all rules, and start the chance anew where a seed is given."""
        if seed is not None:
            self._chance = random.Random(seed)  # noqa: S311
        self._tallies = [Tally(fault) for fault in faults]

    def add(self, *faults: Fault) -> None:
        """Put rules in force beside those that are."""
        self._tallies += [Tally(fault) for fault in faults]

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._tallies = []

    def obey(self, order: Order) -> None:
        """Do what a request to change the rules asks."""
        if order.add:
            self.add(*order.faults)
        else:
            self.set(order.faults, seed=order.seed)

    def pick(self, labels: Collection[str]) -> Sequence[Fault]:
        """Return the rules that strike a request with these labels."""
        if not self._tallies:
            return ()
        picked: list[Fault] = []
        taken = False
        for tally in list(self._tallies):
            fault = tally.fault
            terminal = fault.kind in TERMINAL
            if (terminal and taken) or not self._strikes(tally, labels):
                continue
            taken = taken or terminal
            picked.append(fault)
            self._arm(fault.then)
        return picked

    def fraction(self) -> float:
        """Return a number from 0 to 1 of the seeded chance."""
        return self._chance.random()

    def _strikes(self, tally: Tally, labels: Collection[str]) -> bool:
        fault = tally.fault
        if fault.operation and fault.operation not in labels:
            return False
        if fault.times is not None and tally.struck >= fault.times:
            return False
        tally.asked += 1
        count = tally.asked - fault.skip
        if count <= 0 or (fault.every > 1 and count % fault.every):
            return False
        if fault.probability < 1 and self._chance.random() >= fault.probability:
            return False
        tally.struck += 1
        return True

    def _arm(self, faults: Sequence[Fault]) -> None:
        armed = [Tally(msgspec.structs.replace(fault, times=fault.times or 1)) for fault in faults]
        kept = [t for t in self._tallies if t.fault.times is None or t.struck < t.fault.times]
        self._tallies = armed + kept
