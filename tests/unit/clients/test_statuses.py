from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from fluent_connect.clients.http import Answer
from fluent_connect.clients.statuses import VersionConflictError, error_of, retry_after
from fluent_connect.model.errors import (
    ConflictError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def at(seconds: float) -> str:
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("2.5", 2.5),
        ("86400", 3600.0),
        ("9" * 400, 3600.0),
        (at(90), 90.0),
        (at(-90), 0.0),
        (at(1e6), 3600.0),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("1, 2", None),
        ("1.2.3", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_the_standard_and_common_sense_say(
    text: str, wait: float | None
) -> None:
    answer = Answer(429, b"", {"retry-after": text})

    assert retry_after(answer, NOW.timestamp()) == wait


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_an_error_that_may_pass_says_when_to_come_again(status: int) -> None:
    error = error_of("fluent", Answer(status, b"", {"retry-after": "7"}), NOW.timestamp())

    assert isinstance(error, RateLimitedError | UnreachableError)
    assert error.retry_after == 7.0


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, UnreachableError),
        (400, RefusedError),
        (401, UnreachableError),
        (403, UnreachableError),
        (408, UnreachableError),
        (409, ConflictError),
        (413, RefusedError),
        (422, RefusedError),
        (425, UnreachableError),
        (429, RateLimitedError),
        (500, UnreachableError),
        (502, UnreachableError),
        (503, UnreachableError),
    ],
)
def test_each_status_has_one_meaning(status: int, kind: type[Exception]) -> None:
    assert type(error_of("it", Answer(status))).__mro__.index(kind) >= 0


def test_who_is_not_let_in_meets_an_outage() -> None:
    outages = [s for s in range(300, 600) if getattr(error_of("it", Answer(s)), "outage", False)]

    assert outages == [*range(300, 400), 401, 403]


def test_a_conflict_carries_the_version_that_stands() -> None:
    body = b'{"statusCode":409,"errors":[{"code":"ConcurrentModification","currentVersion":6}]}'

    error = error_of("it", Answer(409, body))

    assert isinstance(error, VersionConflictError)
    assert error.current == 6


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors":[{"code":"x"}]}'])
def test_a_conflict_without_a_version_says_so(body: bytes) -> None:
    error = error_of("it", Answer(409, body))

    assert isinstance(error, VersionConflictError)
    assert error.current is None


def test_a_refusal_speaks_in_the_other_sides_words_without_anyones_data() -> None:
    body = b"""{"statusCode":400,"message":"no jane.doe@example.com here",
        "errors":[{"code":"DuplicateField","message":"call +49 30 1234567"}]}"""

    error = error_of("commercetools POST /x", Answer(400, body))

    assert isinstance(error, RefusedError)
    assert error.status == 400
    assert "DuplicateField" in str(error)
    assert "jane" not in str(error)
    assert "1234567" not in str(error)
