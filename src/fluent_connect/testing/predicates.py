"""The query predicates that a fake commercetools understands. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any

Variables = Mapping[str, str | Sequence[str]]

_TERM = re.compile(r"""\s*([\w.]+)\s*(>=|<=|=|<|>|in|contains any)\s*(.+?)\s*""")
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt}
_VALUE = re.compile(r'"([^"]*)"|:(\w+)|(true|false)|(-?\d+)')


def matches(predicate: str, resource: Mapping[str, object], variables: Variables) -> bool:
    """Say whether a resource satisfies comparisons and `field in (...)` joined by `and`.

    Raise NotImplementedError for any other predicate: a fake that guesses proves nothing.
    """
    return all(_term(term, resource, variables) for term in re.split(r"\s+and\s+", predicate))


def _term(term: str, resource: Mapping[str, object], variables: Variables) -> bool:
    found = _TERM.fullmatch(term)
    if found is None or "(" in found[1] or (found[2] == "=" and "(" in found[3]):
        raise NotImplementedError(f"the fake commercetools does not understand: {term}")
    if found[2] in _ORDERS and "(" in found[3]:
        raise NotImplementedError(f"the fake commercetools does not understand: {term}")
    wanted = list(_values(found[3], variables))
    value: object = resource
    for part in found[1].split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if found[2] in _ORDERS:
        return value is not None and any(_ORDERS[found[2]](value, each) for each in wanted)
    return any(each in wanted for each in value) if isinstance(value, list) else value in wanted


def _values(text: str, variables: Variables) -> Iterator[object]:
    for literal, variable, truth, number in _VALUE.findall(text):
        if variable:
            value = variables[variable]
            yield from (value,) if isinstance(value, str) else value
        elif truth:
            yield truth == "true"
        else:
            yield int(number) if number else literal
