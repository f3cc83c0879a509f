"""The errors of this project.

ConnectError
├── RetryableError            the same message may succeed later; may carry retry_after
│   ├── UnreachableError      no use of an answer: connection, time-out, 5xx, refused sign-in
│   ├── RateLimitedError      429, or the other system's own words for it
│   └── ConflictError         409: someone else wrote first
├── UnprocessableError        no retry can help: straight to the dead letters
│   ├── MalformedError        the body is not what its type says
│   └── RefusedError          the other system read it and said no
├── Skip                      raised by a handler: nothing to do, with the reason
├── MissingParentError        Fluent lacks a parent that commercetools can send: parked on it
├── NoRouteError              no route or no handler takes it: parked, woken by a config change
└── ConfigError               raised while starting, never on the path
"""

from collections.abc import Sequence

from fluent_connect.model.notification import Reference


class ConnectError(Exception):
    """Any error that this project raises on purpose."""


class RetryableError(ConnectError):
    """The same message may succeed later.

    `counts` False: this was none of its tries. `few_tries`: it may, but nobody knows (a code that
    stands in no table): tried as often as a bug.
    """

    few_tries: bool = False

    def __init__(
        self, *args: object, retry_after: float | None = None, counts: bool = True
    ) -> None:
        super().__init__(*args)
        self.retry_after = retry_after
        self.counts = counts


class UnreachableError(RetryableError):
    """The other system gave no usable answer. `outage`: it lets nobody in (401, 403)."""

    def __init__(
        self,
        *args: object,
        retry_after: float | None = None,
        outage: bool = False,
        sent: bool = True,
    ) -> None:
        super().__init__(*args, retry_after=retry_after)
        self.outage = outage
        self.sent = sent
        """False only if it is certain that the request never left: nothing can have happened."""


class RateLimitedError(RetryableError):
    """The other system asks us to slow down."""


class ConflictError(RetryableError):
    """Someone else wrote first: read again."""


class UnprocessableError(ConnectError):
    """No retry can help."""


class MalformedError(UnprocessableError):
    """The body is not what its type says."""


class RefusedError(UnprocessableError):
    """The other system read it and said no. `codes` are its own."""

    def __init__(self, *args: object, codes: Sequence[str] = (), status: int | None = None) -> None:
        super().__init__(*args)
        self.codes = tuple(codes)
        self.status = status


class Skip(ConnectError):  # noqa: N818 - raised like StopIteration: an answer, no error
    """There is nothing to do, for the reason given.

    `for_good`: nor will there ever be for this resource, whatever else is told of it, until the
    mapping or its settings change.
    """

    def __init__(self, reason: str = "", *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


class MissingParentError(ConnectError):
    """Fluent lacks `entity` `ref`, which the commercetools resource `source` would bring about.

    The router, which knows the account, adds what the parcel waits for and since when: the ref of
    a `Delivered` fact, and `Store.delivered()` as read before the fetch.
    """

    def __init__(self, entity: str, ref: str, source: Reference | None = None) -> None:
        super().__init__(f"Fluent has no {entity} {ref} yet")
        self.entity = entity
        self.ref = ref
        self.source = source
        self.waits_for: str | None = None
        self.since = 0


class NoRouteError(ConnectError):
    """No route or no handler takes messages of this name. `since` as in MissingParentError."""

    def __init__(self, name: str, since: int = 0) -> None:
        super().__init__(f"no route takes {name}")
        self.name = name
        self.since = since


class ConfigError(ConnectError):
    """The configuration cannot be run with. Raised while starting, never on the path."""
