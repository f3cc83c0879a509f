"""Two fillings of one input: what is always sent, and what a create carries besides."""

from collections.abc import Mapping
from typing import Any

_ATTRIBUTES = "attributes"


def besides(made: dict[str, object], more: Mapping[str, Any]) -> dict[str, object]:
    """Add what `made` does not have yet, attributes one by one, and return it."""
    for name, value in more.items():
        if name == _ATTRIBUTES and name in made:
            held: Any = made[name]
            known = {each["name"] for each in held}
            held += [each for each in value if each["name"] not in known]
        else:
            made.setdefault(name, value)
    return made
