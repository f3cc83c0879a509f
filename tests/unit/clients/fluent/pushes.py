"""What the tests of pushes to Fluent share: changes, what Fluent holds, and a way to push."""

from fluent_connect.clients.fluent.client import Fluent, FluentApi
from fluent_connect.clients.fluent.model import Event, Mutation, Pushed, Upsert
from fluent_connect.clients.http import Trace
from unit.clients.wire import Wire, fluent_door

CATALOGUE = {"ref": "DEFAULT:1"}


def fluent(wire: Wire) -> Fluent:
    return FluentApi(fluent_door(wire), "1").bound(Trace())


async def push(wire: Wire, change: Upsert | Mutation | Event) -> Pushed:
    return await fluent(wire).push(change)


def sent(wire: Wire) -> list[str]:
    return [body["query"].split("(")[0].split()[1] for body in wire.bodies()]
