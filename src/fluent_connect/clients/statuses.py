"""HTTP status -> our errors: the only place where that is decided."""

import time
from email.utils import parsedate_to_datetime

import msgspec

from fluent_connect.clients.redact import words
from fluent_connect.clients.transport import Answer
from fluent_connect.model.errors import (
    ConflictError,
    ConnectError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)

LONGEST_WAIT = 3600.0
"""Whatever another system asks for, we look again after an hour."""
_AGAIN = frozenset({408, 425})


class VersionConflictError(ConflictError):
    """Someone else wrote first; `current` is the version that stands, if the answer says it."""

    def __init__(self, *args: object, current: int | None = None) -> None:
        super().__init__(*args)
        self.current = current


class _Problem(msgspec.Struct):
    currentVersion: int | None = None  # noqa: N815 - commercetools' name


class _Problems(msgspec.Struct):
    errors: list[_Problem] = []


_problems = msgspec.json.Decoder(_Problems)


def error_of(where: str, answer: Answer, now: float | None = None) -> ConnectError:
    """Return what an answer other than 2xx means; `where` names system, method and path.

    409 is a VersionConflictError, 429 a RateLimitedError; 401, 403 and redirects are outages; 408,
    425 and 5xx are unreachable; any other is a RefusedError in the other side's own words.
    """
    status = answer.status
    said = f"{where} answered {status}: {words(answer.body)}"
    if status == 429:  # noqa: PLR2004 - statuses are their own names
        return RateLimitedError(said, retry_after=retry_after(answer, now))
    if status >= 500 or status in _AGAIN:  # noqa: PLR2004
        return UnreachableError(said, retry_after=retry_after(answer, now))
    if status in (401, 403) or status < 400:  # noqa: PLR2004
        return UnreachableError(said, outage=True)
    if status == 409:  # noqa: PLR2004
        return VersionConflictError(said, current=_current(answer))
    return RefusedError(said, status=status)


def retry_after(answer: Answer, now: float | None = None) -> float | None:
    """Return the seconds that `Retry-After` asks for: 0 to an hour; None if it says nothing.

    Seconds (with decimals) and HTTP dates are understood; a date that is past means 0.
    """
    text = answer.headers.get("retry-after") or answer.headers.get("Retry-After")
    if not text:
        return None
    wait = _seconds(text.strip(), now)
    return None if wait is None else min(max(wait, 0.0), LONGEST_WAIT)


def _seconds(text: str, now: float | None) -> float | None:
    if text[:1].isdigit():
        whole, _, rest = text.partition(".")
        if whole.isdecimal() and (rest == "" or rest.isdecimal()):
            return float(text) if len(whole) < 10 else LONGEST_WAIT  # noqa: PLR2004
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return date.timestamp() - (time.time() if now is None else now)


def _current(answer: Answer) -> int | None:
    try:
        problems = _problems.decode(answer.body).errors
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return next((p.currentVersion for p in problems if p.currentVersion is not None), None)
