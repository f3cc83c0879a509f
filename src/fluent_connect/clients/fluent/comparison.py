"""What pushing a change would come to, told without pushing it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from fluent_connect.clients.fluent.compare import Difference, attribute, differences, same, surplus
from fluent_connect.clients.fluent.model import Entity, Upsert

VERSION = "commercetoolsVersion"
"""The attribute that tells which version of a resource an entity was made of."""
_CREATED_ONCE = ("type", "totalPrice", "totalTaxPrice")
"""Fields of an order that nothing but its creation sets."""

Found = Mapping[str, Any]
How = Literal["same", "missing", "different", "stale", "foreign", "unneeded"]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What Fluent holds of an entity, against what a change would bring about.

    how: stale: different, and made of an older version than the one compared with. foreign: it
    carries another identity, so that it is not ours. unneeded: there is none, and none is wanted.
    mendable: pushing the change would bring it about (an order is never updated).
    """

    entity: Entity
    ref: str
    how: How
    id: str = ""
    status: str = ""
    version: int | None = None
    differences: Sequence[Difference] = ()
    mendable: bool = True


def absent(change: Upsert) -> Comparison:
    """Return what a change comes to of which Fluent certainly holds nothing."""
    how: How = "unneeded" if change.create is None else "missing"
    return Comparison(entity=change.entity, ref=change.ref, how=how)


def compared(change: Upsert, found: Found, ref: str) -> Comparison:
    """Return what a change would make of the entity that was found.

    That Fluent names another version, and all else is the same, is no difference: versions rise
    for reasons that Fluent is not told of.
    """
    foreign = _foreign(change, found)
    if foreign is not None:
        how: How = "unneeded" if change.create is None else "foreign"
        return _comparison(change, found, ref, how, [foreign], mendable=False)
    found_now = [each for each in _differences(change, found) if each.field != _VERSION_FIELD]
    if not found_now:
        return _comparison(change, found, ref, "same", ())
    wanted, held = _wanted_version(change), version_of(found)
    stale = wanted is not None and held is not None and held < wanted
    mendable = change.update is not None or change.categories is not None
    how = "stale" if stale else "different"
    return _comparison(change, found, ref, how, found_now, mendable=mendable)


def version_of(found: Found) -> int | None:
    """Return the version of the resource that an entity says it was made of."""
    return _number(attribute(found, VERSION))


_VERSION_FIELD = f"attributes[{VERSION}]"


def _comparison(
    change: Upsert,
    found: Found,
    ref: str,
    how: How,
    told: Sequence[Difference],
    *,
    mendable: bool = True,
) -> Comparison:
    return Comparison(
        entity=change.entity,
        ref=ref,
        how=how,
        id=str(found.get("id") or ""),
        status=str(found.get("status") or ""),
        version=version_of(found),
        differences=tuple(told),
        mendable=mendable,
    )


def _foreign(change: Upsert, found: Found) -> Difference | None:
    """Return whose the entity is, if it says that it is another one's."""
    if change.identity is None:
        return None
    name, value = change.identity
    held = attribute(found, name)
    ours = same(value, held) if held is not None else change.create is not None
    return None if ours else Difference(f"attributes[{name}]", value, held)


def _differences(change: Upsert, found: Found) -> Iterator[Difference]:
    if change.update is None and change.create is not None:
        once = {name: change.create[name] for name in _CREATED_ONCE if name in change.create}
        yield from differences(once, found)
    yield from differences(change.update or {}, found)
    for ref in surplus(change.categories, found):
        yield Difference(f"categories[{ref}]", None, ref)


def _wanted_version(change: Upsert) -> int | None:
    return _number(attribute(change.update or change.create or {}, VERSION))


def _number(value: object) -> int | None:
    return int(str(value)) if value is not None and str(value).isdigit() else None
