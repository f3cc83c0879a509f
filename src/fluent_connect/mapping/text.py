"""Text made fit for a field of limited length."""

import unicodedata

from fluent_connect.model.errors import UnprocessableError

_JOINERS = "\u200d\ufe0e\ufe0f"


def clean(text: str | None) -> str | None:
    """Return the text without control characters and outer space; None if nothing is left."""
    if not text:
        return None
    if text.isprintable():
        return text.strip() or None
    kept = "".join(" " if _is_control(char) else char for char in text).strip()
    return kept or None


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs"} and char != "\n"


def units(text: str) -> int:
    """Return the length as Fluent's platform counts it: in UTF-16 units, an emoji being two."""
    if text.isascii():
        return len(text)
    return len(text) + sum(char > "\uffff" for char in text)


def cut(text: str | None, limit: int) -> str | None:
    """Return the text, clean, in at most `limit` units; no letter loses its accent."""
    kept = clean(text)
    if kept is None or units(kept) <= limit:
        return kept
    end, length = 0, 0
    for char in kept:
        length += units(char)
        if length > limit:
            break
        end += 1
    while end > 0 and _sticks(kept[end - 1], kept[end]):
        end -= 1
    return kept[:end].strip() or None


def _sticks(left: str, right: str) -> bool:
    """Say whether two characters are parts of one that is seen."""
    return bool(unicodedata.combining(right)) or left == "\u200d" or right in _JOINERS


def fits(text: str | None, limit: int) -> str | None:
    """Return the text, clean, or None if it is longer: for what is wrong once it is cut."""
    kept = clean(text)
    return kept if kept is not None and units(kept) <= limit else None


def longer(text: str | None, limit: int) -> str | None:
    """Return the text, clean, if it is longer: to keep elsewhere what a field has to cut."""
    kept = clean(text)
    return kept if kept is not None and units(kept) > limit else None


def whole(text: str, limit: int, what: str) -> str:
    """Return the text as it is. Raise UnprocessableError if it is longer: refs are never cut."""
    if clean(text) is None or units(text) > limit:
        raise UnprocessableError(f"{what} is empty or over {limit} characters")
    return text
