"""The query predicates that a fake commercetools understands. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence

Variables = Mapping[str, str | Sequence[str]]

_TERM = re.compile(r"""\s*([\w.]+)\s*(=|in|contains any)\s*(.+?)\s*""")
_VALUE = re.compile(r'"([^"]*)"|:(\w+)|(true|false)|(-?\d+)')


def matches(predicate: str, resource: Mapping[str, object], variables: Variables) -> bool:
    """Say whether a resource satisfies `field = value` or `field in (...)` terms joined by `and`.

    Raise NotImplementedError for any other predicate: a fake that guesses proves nothing.
    """
    return all(_term(term, resource, variables) for term in re.split(r"\s+and\s+", predicate))


def _term(term: str, resource: Mapping[str, object], variables: Variables) -> bool:
    found = _TERM.fullmatch(term)
    if found is None or "(" in found[1] or (found[2] == "=" and "(" in found[3]):
        raise NotImplementedError(f"the fake commercetools does not understand: {term}")
    wanted = list(_values(found[3], variables))
    value: object = resource
    for part in found[1].split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
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
