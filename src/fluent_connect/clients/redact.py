"""What of a request or an answer may be kept: its shape and its codes, nobody's data."""

import re
from typing import Any

import msgspec

LONGEST = 600
_SPOKEN = 300
_DEPTH = 8
_PLAIN = frozenset(
    {
        *(
            "ref",
            "type",
            "status",
            "code",
            "codes",
            "statusCode",
            "error",
            "classification",
            "path",
        ),
        *("currentVersion", "version", "action", "typeId", "name", "gtin", "catalogue", "quantity"),
        *("currency", "currencyCode", "country", "productRef", "productCatalogueRef"),
        *("locationRef", "pickupLocationRef", "fulfilmentType", "taxType", "deliveryType"),
        *("entityType", "entityRef", "eventStatus", "retailerId"),
    }
)
_SAID = frozenset({"message", "error_description", "errorMessage", "detailedErrorMessage"})
_PEOPLE = re.compile(
    r"firstname|lastname|customer|address|billing|delivery|recipient", re.IGNORECASE
)
_EMAIL = re.compile(r"[^\s\"'<>{}:,;=()\[\]]+@[^\s\"'<>{}:,;=()\[\]]+")
_NUMBER = re.compile(r"(?<![\w-])\+?\d[\d ()/.-]{7,}\d(?![\w-])")
_TOKEN = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_VALUE = re.compile(r"(got invalid value).*?; ", re.DOTALL)
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def masked(text: str) -> str:
    """Return the text without e-mail addresses, telephone numbers and tokens."""
    if "got invalid value" in text:
        text = _VALUE.sub(r"\1 …; ", text)
    return _NUMBER.sub("…", _EMAIL.sub("…@…", _TOKEN.sub(r"\1 …", text)))


def words(body: bytes) -> str:
    """Return, masked and in one short line, what the other side says in a refusal."""
    try:
        told = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _bounded(masked(body[:_SPOKEN].decode("utf-8", "replace")), _SPOKEN) or "nothing"
    found: list[str] = []
    _listen(told, found)
    return _bounded(masked("; ".join(dict.fromkeys(found))), _SPOKEN) or "no words"


def excerpt(body: bytes | None) -> str:
    """Return the JSON in `body` with its keys, its codes and refs, and `…` for any other value."""
    if not body:
        return ""
    try:
        value = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return f"{len(body)} bytes that are no JSON"
    return _bounded(_encode(_shape(value, "", 0)).decode(), LONGEST)


def brief(body: bytes) -> str:
    """Return a short answer as it is, but masked; of a long one, its beginning. Cheap."""
    text = body[:_SPOKEN].decode("utf-8", "replace")
    return masked(text) if "@" in text else text


def _listen(value: Any, found: list[str]) -> None:
    """Collect the codes and messages that stand in the usual places."""
    if isinstance(value, dict):
        said = [
            str(value[key]) for key in ("code", "error", *sorted(_SAID)) if _is_said(value, key)
        ]
        if said:
            found.append(" ".join(said))
        for key in ("errors", "extensions"):
            _listen(value.get(key), found)
    elif isinstance(value, list):
        for item in value[:5]:
            _listen(item, found)


def _is_said(value: dict[str, Any], key: str) -> bool:
    return isinstance(value.get(key), str | int) and value[key] != ""


def _shape(value: Any, key: str, depth: int) -> Any:
    if depth > _DEPTH:
        return "…"
    if isinstance(value, dict):
        return {
            name: "…" if _PEOPLE.search(name) else _shape(inner, name, depth + 1)
            for name, inner in value.items()
            if name != "query"
        }
    if isinstance(value, list):
        return [_shape(item, key, depth + 1) for item in value[:5]]
    if value is None or isinstance(value, bool):
        return value
    if key in _SAID:
        return _bounded(masked(str(value)), _SPOKEN)
    return masked(str(value)[:100]) if key in _PLAIN else "…"


def _bounded(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
