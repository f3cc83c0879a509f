"""Which handler takes the messages of which name. Pure; built once, at start."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from fluent_connect.handlers.message_handler import AnyHandler
from fluent_connect.model.errors import ConfigError, NoRouteError


class Route(msgspec.Struct, frozen=True):
    """Messages of one name, and the handler that takes them.

    handler: a handler, or its class, of which the table makes one.
    props:   handed to the handler as they stand in the configuration.
    upserts: the type of resource (`typeId`) that this route brings about in Fluent: what a refresh
             of such a resource, or of a missing parent, is sent to. None: read off the name
             ("....product.upsert", "....order.create"). "": none.
    """

    name: str
    handler: AnyHandler | type[AnyHandler]
    props: Mapping[str, str] = {}
    upserts: str | None = None


class Bound(msgspec.Struct, frozen=True):
    """A route of the table: its handler is made, what it upserts is known."""

    name: str
    handler: AnyHandler
    props: Mapping[str, str]
    upserts: str

    @property
    def ordered(self) -> bool:
        """Say whether each message counts, in the order of arrival."""
        return self.handler.kind == "event"


class RouteTable:
    """All routes of an installation, found by message name or by what they upsert."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes: dict[str, Bound] = {}
        self._upserting: dict[str, Bound] = {}
        for route in routes:
            if route.name in self._routes:
                raise ConfigError(f"two routes are named {route.name}")
            self._add(bind(route))

    def _add(self, bound: Bound) -> None:
        self._routes[bound.name] = bound
        if bound.upserts:
            self._upserting.setdefault(bound.upserts, bound)

    def __iter__(self) -> Iterator[Bound]:
        return iter(self._routes.values())

    def __contains__(self, name: object) -> bool:
        return name in self._routes

    def find(self, name: str) -> Bound:
        """Return the route of messages called `name`. Raise NoRouteError if there is none."""
        try:
            return self._routes[name]
        except KeyError:
            raise NoRouteError(name) from None

    def upserting(self, type_id: str) -> Bound | None:
        """Return the first route that brings resources of this type about in Fluent."""
        return self._upserting.get(type_id)


def bind(route: Route) -> Bound:
    """Return the route with its handler made."""
    handler = route.handler() if isinstance(route.handler, type) else route.handler
    upserts = _upserts(route.name) if route.upserts is None else route.upserts
    return Bound(route.name, handler, route.props, upserts)


def class_path(handler: AnyHandler) -> str:
    """Return the dotted path of a handler's class."""
    return f"{type(handler).__module__}.{type(handler).__qualname__}"


def _upserts(name: str) -> str:
    rest, _, verb = name.rpartition(".")
    return rest.rpartition(".")[2] if verb in {"upsert", "create"} else ""
