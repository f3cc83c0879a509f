"""Whether an order may start fulfilment."""

from collections.abc import Callable, Mapping, Sequence


def closed(read: Callable[[str], str], gate: Mapping[str, Sequence[str]]) -> str | None:
    """Return the first field that keeps the gate closed, as "field=value"; None if it is open.

    `read` gives a field of the order by its commercetools name, "" if absent. "*" as a value lets
    everything pass.
    """
    for field, allowed in gate.items():
        value = read(field)
        if value not in allowed and "*" not in allowed:
            return f"{field}={value or 'absent'}"
    return None
