"""How the routes are shown: from notification to message name to handler."""

from collections.abc import Sequence

import msgspec

from fluent_connect.app.config.result import Config
from fluent_connect.app.handlers import Handlers, UnresolvedError, dotted


class RouteLine(msgspec.Struct, frozen=True):
    """A route: what becomes its messages, and who takes them. `class_name` "": nobody."""

    route: str
    takes: Sequence[str]
    handler: str
    class_name: str


def route_lines(config: Config, handlers: Handlers) -> list[RouteLine]:
    """Return each route with the notifications that lead to it ("order: OrderCreated, …")."""
    lines = []
    for route in config.routes:
        takes = tuple(
            f"{entry.type_id}: {', '.join(sorted(entry.kinds)) or '*'}"
            for entry in config.route_mapping
            if entry.route == route.route
        )
        try:
            class_name = dotted(handlers.resolve(route.target))
        except UnresolvedError:
            class_name = ""
        lines.append(RouteLine(route.route, takes, route.target, class_name))
    return lines


def render_routes(lines: Sequence[RouteLine]) -> str:
    """Return the routes as a person reads them."""
    blocks = []
    for line in lines:
        takes = [f"    from  {one}" for one in line.takes] or ["    from  messages of that name"]
        blocks.append("\n".join([line.route, *takes, f"    to    {line.class_name or '(nobody)'}"]))
    return "\n".join(blocks)
