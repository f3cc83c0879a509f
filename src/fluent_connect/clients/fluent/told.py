"""What Fluent's GraphQL API answers, as far as it must be known to be believed."""

from typing import Any

import msgspec

from fluent_connect.clients.statuses import error_of
from fluent_connect.clients.transport import Answer
from fluent_connect.model.errors import ConnectError, UnreachableError

SPOKEN = frozenset({400, 404, 409, 422})
"""Statuses with which Fluent may say, in GraphQL's way, what is wrong."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading an answer raises that is not as it should be."""
NO_ANSWER = "an answer without data, not JSON, or cut off"


class Made(msgspec.Struct):
    """What a mutation returns of the entity that it made or changed."""

    id: str | int | None = None
    ref: str | None = None
    username: str | None = None
    status: str | None = None

    @property
    def number(self) -> str | None:
        """Return the id as text: Fluent writes it either way."""
        return None if self.id is None else str(self.id)


class _Errors(msgspec.Struct):
    errors: list[Any] | None = None


_errors = msgspec.json.Decoder(_Errors).decode


def unspoken(name: str, answer: Answer) -> ConnectError | None:
    """Return the error for a 4xx that GraphQL did not write. No GraphQL there is an outage."""
    if answer.status not in SPOKEN or _has_errors(answer):
        return None
    error = error_of(f"fluent {name}", answer)
    return UnreachableError(*error.args, outage=True) if answer.status == 404 else error  # noqa: PLR2004


def _has_errors(answer: Answer) -> bool:
    try:
        return bool(_errors(answer.body).errors)
    except UNREADABLE:
        return False
