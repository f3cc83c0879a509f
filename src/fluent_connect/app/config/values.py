"""How single values are written: durations, sizes, shares, lists of words, secrets, URLs."""

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KB": 1000, "MB": 1000**2, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_NUMBER = r"(\d+(?:\.\d+)?)\s*"


class Secret(str):
    """A text that does not show itself: not in a repr, a log or a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def duration(value: Any) -> float:
    """Return the seconds that `30s`, `5m`, `2h`, `3d`, `1h30m` or a plain number mean."""
    text = str(value).strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = re.findall(_NUMBER + r"(ms|s|m|h|d)", text)
    if not parts or not re.fullmatch(rf"(?:{_NUMBER}(?:ms|s|m|h|d)\s*)+", text):
        raise PydanticCustomError(
            "duration", "a duration such as 30s, 5m, 2h or 3d", {"fix": "write 30s, 5m, 2h or 3d"}
        )
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def size(value: Any) -> int:
    """Return the bytes that `512KiB`, `10MiB` or a plain number mean."""
    match = re.fullmatch(_NUMBER + r"(B|KB|MB|KiB|MiB|GiB)?", str(value).strip())
    if not match:
        raise PydanticCustomError(
            "size", "a size such as 512KiB or 10MiB", {"fix": "write 512KiB or 10MiB"}
        )
    return int(float(match[1]) * _BYTES[match[2] or "B"])


def share(value: Any) -> float:
    """Return the fraction that `80%` or `0.8` means."""
    match = re.fullmatch(_NUMBER + r"(%)?", str(value).strip())
    fraction = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not 0 <= fraction <= 1:
        raise PydanticCustomError("share", "a share from 0% to 100%", {"fix": "write 80% or 0.8"})
    return fraction


def words(value: Any) -> Any:
    """Return the items of `a, b` as a list; a list stays as it is (Spring's reading)."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def account_mappings(value: Any) -> Any:
    """Return a list of mappings, those in the vendor's JSON shape with our keys."""
    if isinstance(value, dict):
        value = [value]
    return [_ours(one) for one in value] if isinstance(value, list) else value


def _ours(mapping: Any) -> Any:
    if not isinstance(mapping, dict) or "externalAccount" not in mapping:
        return mapping
    fluent, external = mapping.get("fluent"), mapping["externalAccount"]
    if not isinstance(fluent, dict) or not isinstance(external, dict):
        return mapping
    rest = {key: one for key, one in mapping.items() if key not in {"fluent", "externalAccount"}}
    told = {
        "account": fluent.get("accountId"),
        "retailer": fluent.get("retailerId"),
        "project-key": external.get("projectKey"),
    }
    return {**rest, **{key: one for key, one in told.items() if one is not None}}


def web_url(value: str) -> str:
    """Return an http(s) URL without the slash at its end."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PydanticCustomError(
            "web_url", "an http:// or https:// URL", {"fix": "write https://<host>"}
        )
    return value.rstrip("/")


def queue_url(value: str) -> str:
    """Return the URL of a queue, whose scheme names the engine."""
    if not re.match(r"[a-z][a-z0-9+\-]*:", value):
        raise PydanticCustomError(
            "queue_url",
            "a URL whose scheme names the engine",
            {"fix": "write sqlite:///var/connect.db or postgresql://user@host/name"},
        )
    return value


def flattened(value: Any) -> Any:
    """Return free `props` as texts: nested tables become dotted keys, lists `a,b`."""
    if not isinstance(value, dict):
        return value
    flat: dict[str, str] = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            flat.update({f"{key}.{deep}": text for deep, text in flattened(inner).items()})
        elif isinstance(inner, list):
            flat[key] = ",".join(str(item) for item in inner)
        else:
            flat[key] = "" if inner is None else str(inner)
    return flat


Duration = Annotated[float, BeforeValidator(duration)]
Size = Annotated[int, BeforeValidator(size)]
Share = Annotated[float, BeforeValidator(share)]
Words = Annotated[tuple[str, ...], BeforeValidator(words)]
Durations = Annotated[tuple[Duration, ...], BeforeValidator(words)]
Folders = Annotated[tuple[Path, ...], BeforeValidator(words)]
Hidden = Annotated[str, AfterValidator(Secret)]
Secrets = Annotated[tuple[Hidden, ...], BeforeValidator(words)]
Props = Annotated[dict[str, str], BeforeValidator(flattened)]
Text = Annotated[str, Field(min_length=1)]
Digits = Annotated[str, Field(pattern=r"^\d+$")]
ConnectorName = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]
Port = Annotated[int, Field(ge=0, le=65535)]
Positive = Annotated[int, Field(ge=1, le=10_000)]
Rate = Annotated[float, Field(ge=0)]
WebUrl = Annotated[str, AfterValidator(web_url)]
QueueUrl = Annotated[str, AfterValidator(queue_url)]

_SECRET_KEYS = frozenset(
    {"password", "client-secret", "secrets", "keys", "users", "api-keys", "token"}
)


def is_secret(path: tuple[str | int, ...]) -> bool:
    """Say whether the value at this path of the configuration is not to be shown."""
    return any(part in _SECRET_KEYS for part in path)
