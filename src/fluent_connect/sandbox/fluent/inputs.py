"""What inputs may hold beyond their GraphQL types: lengths, and no negative amounts."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLSchema, get_named_type

from fluent_connect.sandbox.fluent.errors import RefusedMutationError

_STATED = re.compile(r"max (\d+) chars")
_NOT_STATED = 255
_NOT_NEGATIVE = {
    "amount",
    "fulfilmentPrice",
    "fulfilmentTaxPrice",
    "paidPrice",
    "price",
    "quantity",
    "taxPrice",
    "totalPrice",
    "totalTaxPrice",
    "unscaledValue",
}


class Limits:
    """The limits of all inputs of a schema, as its descriptions state them."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._of = cache(self._read)

    def check(self, input_type: str, value: Mapping[str, Any] | None) -> None:
        """Raise C0140E for no input, C0141E for too long a text, C0122E for less than zero."""
        if value is None:
            raise RefusedMutationError("C0140E", "Required variable 'input' is missing.")
        for name, held in value.items():
            limit, inner = self._of(input_type).get(name, (_NOT_STATED, None))
            for one in held if isinstance(held, list) else (held,):
                if isinstance(one, str):
                    _check_length(name, one, limit)
                elif isinstance(one, dict) and inner:
                    if isinstance(one.get("ref"), str):
                        _check_length(f"{name}.ref", one["ref"], limit)
                    self.check(inner, one)
                elif isinstance(one, int | float) and one < 0 and _amount(input_type, name):
                    raise RefusedMutationError(
                        "C0122E", f"Negative value for field '{name}': {one}"
                    )

    def _read(self, input_type: str) -> dict[str, tuple[int, str | None]]:
        """Return field -> (longest text, type of an inner input)."""
        type_ = self._schema.get_type(input_type)
        found: dict[str, tuple[int, str | None]] = {}
        for name, field in (
            type_.fields.items() if isinstance(type_, GraphQLInputObjectType) else ()
        ):
            stated = _STATED.match(field.description or "")
            inner = get_named_type(field.type)
            limit = int(stated.group(1)) if stated else _NOT_STATED
            if isinstance(inner, GraphQLInputObjectType):
                found[name] = (limit, inner.name)
            elif inner.name == "String":
                found[name] = (limit, None)
            else:
                found[name] = (10**9, None)
        return found


def _check_length(name: str, value: str, limit: int) -> None:
    if len(value) > limit:
        text = f"Field '{name}' is too long: {len(value)} characters, at most {limit} allowed."
        raise RefusedMutationError("C0141E", text)


def _amount(input_type: str, name: str) -> bool:
    return name in _NOT_NEGATIVE or (input_type == "PriceInput" and name == "value")
