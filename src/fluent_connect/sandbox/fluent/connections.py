"""Lists: filters with `%`, date ranges, and Relay pages of at most 5,000."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from fluent_connect.sandbox.fluent.entities import Json
from fluent_connect.sandbox.fluent.errors import NotImplementedHereError, RefusedMutationError

DEFAULT_PAGE = 10
LARGEST_PAGE = 5000
_PAGING = {"first", "after", "last", "before"}
_GETTERS: dict[str, Callable[[Json], Any]] = {
    "retailerId": lambda entity: int(entity["retailer"]["id"]),
    "customerLink": lambda entity: (entity.get("customerLink") or {}).get("ref"),
    "catalogue": lambda entity: entity["catalogue"]["ref"],
    "total": lambda entity: entity.get("total"),
}


def page_size(arguments: Mapping[str, Any]) -> int:
    """Return how many a page holds: 10 by default, above 5,000 cut without a word."""
    first = arguments.get("first")
    return DEFAULT_PAGE if first is None else min(int(first), LARGEST_PAGE)


def after(arguments: Mapping[str, Any]) -> int:
    """Return the id after which a page begins."""
    cursor = arguments.get("after")
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor).decode().removeprefix("id:"))
    except (binascii.Error, ValueError) as error:
        raise RefusedMutationError("C0140E", f"Invalid cursor: {cursor}") from error


def connection(entities: Iterator[Json], arguments: Mapping[str, Any]) -> Json:
    """Return a page of the entities (of rising id, after the cursor) that pass the filters."""
    if arguments.get("last") is not None or arguments.get("before") is not None:
        raise NotImplementedHereError("paging backwards (last, before)")
    size = page_size(arguments)
    tests = [
        _filter(name, wanted)
        for name, wanted in arguments.items()
        if name not in _PAGING and wanted is not None
    ]
    nodes: list[Json] = []
    more = False
    for entity in entities:
        if all(test(entity) for test in tests):
            if len(nodes) == size:
                more = True
                break
            nodes.append(entity)
    return {
        "edges": [{"node": node, "cursor": _cursor(node)} for node in nodes],
        "pageInfo": {"hasNextPage": more, "hasPreviousPage": bool(arguments.get("after"))},
    }


def plain_refs(arguments: Mapping[str, Any], name: str = "ref") -> list[str] | None:
    """Return refs that an index can find; None where there are none, or with wildcards."""
    refs = arguments.get(name)
    if refs is None or any(ref is None or "%" in ref for ref in refs):
        return None
    return list(refs)


def _cursor(node: Json) -> str:
    return base64.b64encode(f"id:{node['id']}".encode()).decode()


def _filter(name: str, wanted: Any) -> Callable[[Json], bool]:
    get = _GETTERS.get(name) or _field(name)
    if name in {"createdOn", "updatedOn"}:
        return _within(wanted, get)
    if isinstance(wanted, dict) and "ref" in wanted:
        return lambda entity: get(entity) == wanted["ref"]
    if not isinstance(wanted, list):
        raise NotImplementedHereError(f"filter '{name}'")
    return lambda entity: any(_like(one, get(entity)) for one in wanted)


def _field(name: str) -> Callable[[Json], Any]:
    return lambda entity: entity.get(name)


def _like(wanted: Any, held: Any) -> bool:
    if isinstance(wanted, str) and "%" in wanted and isinstance(held, str):
        return _pattern(wanted).fullmatch(held) is not None
    return bool(wanted == held)


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("%"))), re.DOTALL)


def _within(wanted: Mapping[str, Any], get: Callable[[Json], Any]) -> Callable[[Json], bool]:
    if not wanted.get("from") and not wanted.get("to"):
        raise RefusedMutationError("C0101E", "A date range needs 'from' or 'to'.")
    start, end = (_date(wanted.get(name)) for name in ("from", "to"))

    def test(entity: Json) -> bool:
        held = _date(get(entity))
        return (
            held is not None and (start is None or held >= start) and (end is None or held <= end)
        )

    return test


def _date(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        date = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise RefusedMutationError("C0100E", f"Invalid date: {text}") from error
    return date if date.tzinfo else date.astimezone()
