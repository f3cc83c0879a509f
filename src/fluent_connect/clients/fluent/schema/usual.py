"""Types that take what inputs usually hold, and nothing that Fluent would not: checked by msgspec.

A value that fits is surely right, which costs a tenth of looking at its parts one by one. One that
does not fit may still be right (a `Ref` for an id, a long text): that is for `check.py` to say.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from fluent_connect.clients.fluent.schema.scalars import LARGEST, NOT_NEGATIVE, SMALLEST, plainly
from fluent_connect.clients.fluent.schema.table import Field, Table

_MOMENT = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3])(:[0-5][0-9]){2}"
    r"(\.[0-9]{3})?(Z|[+-]0[0-9]:[0-5][0-9])?$"
)


def several(type_: Any) -> Any:
    """Return the type of a list of these that holds at least one."""
    return Annotated[list[type_], Meta(min_length=1)]


class Usual:
    """Makes the types of one table, each once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._made: dict[str, Any] = {}

    def type(self, type_: str) -> Any:
        """Return the type for an input; None if there is none, as for one that holds itself."""
        if type_ not in self._made:
            self._made[type_] = None
            self._made[type_] = self._struct(type_)
        return self._made[type_]

    def _struct(self, type_: str) -> Any:
        fields, names = [], {}
        for number, (name, field) in enumerate(self._table.inputs[type_].items()):
            inner = self._field(type_, name, field)
            if inner is None:
                return None
            at = f"f{number}"
            names[at] = name
            fields.append((at, inner) if field.required else (at, inner | None, None))
        fields.sort(key=len)
        return msgspec.defstruct(
            type_, fields, rename=names, forbid_unknown_fields=True, kw_only=True, gc=False
        )

    def _field(self, owner: str, name: str, field: Field) -> Any:
        if field.type in self._table.inputs:
            inner = None if field.most is not None else self.type(field.type)
        else:
            inner = self._leaf(owner, name, field)
        if inner is None:
            return None
        for _ in range(field.depth):
            inner = several(inner)
        return inner

    def _leaf(self, owner: str, name: str, field: Field) -> Any:
        if field.type in self._table.enums:
            return Literal[tuple(sorted(self._table.enums[field.type]))]
        least = 0 if name in NOT_NEGATIVE or (owner, name) == ("PriceInput", "value") else SMALLEST
        longest = plainly(field.type, field.most)
        text = Annotated[str, Meta(min_length=1, max_length=min(longest, LARGEST))]
        return {
            "String": text,
            "ID": text,
            "Json": text | bool | int,
            "Int": Annotated[int, Meta(ge=least, le=LARGEST)],
            "Float": Annotated[float, Meta(ge=least, le=LARGEST)],
            "Boolean": bool,
            "DateTime": Annotated[str, Meta(pattern=_MOMENT)],
        }.get(field.type)
