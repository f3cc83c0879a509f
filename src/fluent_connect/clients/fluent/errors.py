"""Fluent's own words for what went wrong -> our errors, by a table that can be configured."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

from fluent_connect.clients.redact import masked
from fluent_connect.model.errors import (
    ConnectError,
    RateLimitedError,
    RefusedError,
    RetryableError,
    UnreachableError,
)

Meaning = Literal["rate limit", "outage", "missing", "exists", "refused", "later", "unknown"]

_LEADING = re.compile(r"\s*\[?([CST]\d{4}[EW])\b")
_LONGEST = 400
_MOST = 5


class MissingError(RefusedError):
    """Something that the input names does not exist in Fluent (C0120E)."""


class ExistsError(RefusedError):
    """What was to be created exists already (C0121E, C0123E)."""


class UnknownCodeError(RetryableError):
    """A code that stands in no row of the table: worth a few tries, no more."""

    few_tries = True


class OwnRow(msgspec.Struct, frozen=True):
    """A row of the configuration: an error with this code and these words means that."""

    meaning: Meaning
    code: str = ""
    words: str = ""

    def fits(self, codes: Sequence[str], text: str) -> bool:
        """Say whether an error is meant; what is empty does not matter."""
        coded = not self.code or any(fnmatchcase(code, self.code) for code in codes)
        return coded and self.words.lower() in text


class ErrorTable(msgspec.Struct, frozen=True, kw_only=True):
    """Which codes (`*` allowed) and which words of a message mean what. The first row wins.

    Words are looked for in messages, in any case of letters. `own` rows go before all others.
    """

    own: Sequence[OwnRow] = ()
    rate_limit: Sequence[str] = ("C0011E", "429")
    rate_limit_texts: Sequence[str] = ()
    outage: Sequence[str] = ("C0020E", "401", "403")
    outage_texts: Sequence[str] = ()
    missing: Sequence[str] = ("C0120E",)
    missing_texts: Sequence[str] = ()
    exists: Sequence[str] = ("C0121E", "C0123E")
    exists_texts: Sequence[str] = ("ConstraintViolationException",)
    refused: Sequence[str] = (
        *("C0001E", "C0100E", "C0101E", "C0102E", "C0103E", "C0122E", "C0128E"),
        *("C014?E", "C015?E", "C0160E", "S0001E", "S0030E"),
        *("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED", "BAD_USER_INPUT"),
    )
    refused_texts: Sequence[str] = (
        *("validation error", "syntax error", "got invalid value", "of required type"),
        *("cannot query field", "unknown argument", "is not defined by type", "unknown type"),
    )
    later: Sequence[str] = ("C0003E", "S????E", "T????E")
    later_texts: Sequence[str] = ()

    def meaning(self, error: Any) -> Meaning:
        """Return what one entry of `errors` means."""
        codes = codes_of(error)
        text = _message(error).lower()
        for row in self.own:
            if row.fits(codes, text):
                return row.meaning
        rows: tuple[tuple[Meaning, Sequence[str], Sequence[str]], ...] = (
            ("rate limit", self.rate_limit, self.rate_limit_texts),
            ("outage", self.outage, self.outage_texts),
            ("missing", self.missing, self.missing_texts),
            ("exists", self.exists, self.exists_texts),
            ("refused", self.refused, self.refused_texts),
            ("later", self.later, self.later_texts),
        )
        for meaning, patterns, texts in rows:
            if any(fnmatchcase(code, pattern) for code in codes for pattern in patterns):
                return meaning
            if any(words.lower() in text for words in texts):
                return meaning
        return "unknown"


_GRAVITY: tuple[Meaning, ...] = (
    *("rate limit", "outage", "refused", "missing", "exists", "later", "unknown"),
)


_ERRORS: Mapping[Meaning, type[RefusedError]] = {
    "missing": MissingError,
    "exists": ExistsError,
    "refused": RefusedError,
}


def error_from(table: ErrorTable, errors: Sequence[Any], where: str) -> ConnectError:
    """Return what the `errors` of an answer come to; of several the gravest counts."""
    meanings = {table.meaning(error) for error in errors}
    meaning: Meaning = next((m for m in _GRAVITY if m in meanings), "unknown")
    said = f"{where}: {told(errors)}"
    codes = tuple(dict.fromkeys(code for error in errors for code in codes_of(error)))
    make = _ERRORS.get(meaning)
    if make is not None:
        return make(said, codes=codes)
    if meaning in ("outage", "later"):
        return UnreachableError(said, outage=meaning == "outage")
    return RateLimitedError(said) if meaning == "rate limit" else UnknownCodeError(said)


def codes_of(error: Any) -> tuple[str, ...]:
    """Return the codes of one entry, from the three places where one can stand."""
    if not isinstance(error, dict):
        return ()
    extensions = error.get("extensions")
    found = [extensions.get("code") if isinstance(extensions, dict) else None, error.get("code")]
    leading = _LEADING.match(_message(error))
    found.append(leading[1] if leading else None)
    return tuple(dict.fromkeys(str(code) for code in found if code not in (None, "")))


def told(errors: Sequence[Any]) -> str:
    """Return Fluent's words, with code and path, masked and in one line."""
    parts = []
    for error in errors[:_MOST]:
        codes, message = " ".join(codes_of(error)), masked(_message(error))
        path = error.get("path") if isinstance(error, dict) else None
        at = f" (at {'.'.join(map(str, path))})" if isinstance(path, list) and path else ""
        parts.append(f"{codes} {message}".strip() + at)
    text = " ".join("; ".join(parts).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _message(error: Any) -> str:
    if isinstance(error, dict):
        return str(error.get("message") or "")
    return str(error)
