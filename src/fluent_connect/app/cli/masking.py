"""What a person may see on a screen: personal data replaced, the rest readable."""

from typing import Any

import msgspec

from fluent_connect.clients.redact import masked as masked_words
from fluent_connect.journal.masking import MASK, masked

_TOLD = ("sent", "answer")


def text(words: str, *, unmasked: bool = False) -> str:
    """Return free text without e-mail addresses, telephone numbers and tokens."""
    return words if unmasked else masked_words(words)


def excerpt(words: str, *, unmasked: bool = False) -> str:
    """Return what was sent or answered: JSON masked by its names, any other text by its looks."""
    if unmasked or not words:
        return words
    try:
        value = msgspec.json.decode(words)
    except msgspec.DecodeError:
        return text(words)
    return msgspec.json.encode(masked(value)).decode()


def calls(recorded: str, *, unmasked: bool = False) -> list[dict[str, Any]]:
    """Return the calls of an attempt, as JSON tells them."""
    found: list[dict[str, Any]] = msgspec.json.decode(recorded or "[]")
    return [
        {**call, **{each: excerpt(call[each], unmasked=unmasked) for each in _TOLD if each in call}}
        for call in found
    ]


def body(data: bytes, *, unmasked: bool = False) -> str:
    """Return a request's body: JSON indented and masked; what is no JSON is not shown masked."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        whole = data.decode("utf-8", "backslashreplace")
        return whole if unmasked else f"{MASK} ({len(data)} bytes that are no JSON)"
    shown = value if unmasked else masked(value)
    return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()
