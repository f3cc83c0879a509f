"""The handlers that were found: which one a route means, which ones are in use."""

import importlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from fluent_connect.app.config.mistakes import Mistake, did_you_mean
from fluent_connect.app.config.schema import RouteEntry
from fluent_connect.handlers.message_handler import AnyHandler, MessageHandler
from fluent_connect.jobs.job_handler import JobHandler
from fluent_connect.listener.ct_external_message_receiver import CTExternalMessageReceiver
from fluent_connect.model.errors import ConfigError


class UnresolvedError(ConfigError):
    """A route names a handler that there is not; `fix` says what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


class Described(msgspec.Struct, frozen=True, rename="camel"):
    """A handler as `/actuator/handlers` and `/actuator/routes` show it; `route` "": none."""

    route: str
    handler: str
    priority: int
    props: Mapping[str, str]
    class_name: str
    description: str


class Handlers(msgspec.Struct, frozen=True):
    """All handlers, jobs and overrides of the receiver, and what was wrong while looking."""

    handlers: Sequence[type[AnyHandler]] = ()
    jobs: Sequence[type[JobHandler]] = ()
    receivers: Sequence[type[CTExternalMessageReceiver]] = ()
    mistakes: Sequence[Mistake] = ()

    def named(self, name: str) -> list[type[AnyHandler]]:
        """Return the handlers registered as `name`, the one that wins first."""
        same = [one for one in self.handlers if getattr(one, "name", None) == name]
        return sorted(same, key=lambda one: (-one.priority, dotted(one)))

    def tied(self, name: str) -> list[type[AnyHandler]]:
        """Return the handlers that share a name's highest priority, if there are several."""
        same = self.named(name)
        best = [one for one in same if one.priority == same[0].priority]
        return best if len(best) > 1 else []

    def resolve(self, target: str) -> type[AnyHandler]:
        """Return the handler of a registered name or a dotted path (`module:Class` too).

        Raise UnresolvedError if there is none, or if several tie for the name.
        """
        if "." in target or ":" in target:
            return self._at(target)
        if tied := self.tied(target):
            paths = " and ".join(map(dotted, tied))
            what = f"{paths} are both called {target}, at priority {tied[0].priority}"
            raise UnresolvedError(what, "raise the `priority` of the one that shall win")
        same = self.named(target)
        if not same:
            raise UnresolvedError(f"no handler is called {target}", self._suggestion(target))
        return same[0]

    def receiver(self) -> type[CTExternalMessageReceiver] | None:
        """Return the override of CTExternalMessageReceiver with the highest priority, if any."""
        return max(self.receivers, key=lambda one: getattr(one, "priority", 0), default=None)

    def jobs_named(self, name: str) -> list[type[JobHandler]]:
        """Return the job handlers of that name, class name or dotted path; the winner first."""
        same = [one for one in self.jobs if name in {one.name, one.__name__, dotted(one)}]
        return sorted(same, key=lambda one: (-one.priority, dotted(one)))

    def job(self, name: str) -> type[JobHandler] | None:
        """Return the job handler of that name with the highest priority, if any."""
        return next(iter(self.jobs_named(name)), None)

    def active_jobs(self, names: Mapping[str, Mapping[str, str]]) -> list[Described]:
        """Describe the handler of each job, given what it is called and its props."""
        return [
            _described(name, handler, props)
            for name, props in names.items()
            if (handler := self.job(name)) is not None
        ]

    def inactive_jobs(self, names: Iterable[str]) -> list[Described]:
        """Describe the job handlers that are displaced by priority."""
        used = {self.job(name) for name in names}
        return [_described("", one, {}) for one in self.jobs if one not in used]

    def active(self, routes: Iterable[RouteEntry]) -> list[Described]:
        """Describe the handler of each route that has one."""
        return [
            _described(route.route, handler, route.props)
            for route in routes
            if (handler := self._or_none(route.target)) is not None
        ]

    def inactive(self, routes: Iterable[RouteEntry]) -> list[Described]:
        """Describe the handlers that no route leads to: displaced by priority, or not routed."""
        used = {self._or_none(route.target) for route in routes}
        return [_described("", one, {}) for one in self.handlers if one not in used]

    def _or_none(self, target: str) -> type[AnyHandler] | None:
        try:
            return self.resolve(target)
        except UnresolvedError:
            return None

    def _at(self, target: str) -> type[AnyHandler]:
        module, _, name = target.rpartition(":" if ":" in target else ".")
        for one in self.handlers:
            if (one.__module__, one.__qualname__) == (module, name):
                return one
        try:
            found = getattr(importlib.import_module(module), name, None)
        except ModuleNotFoundError as error:
            what = f"no module is called {error.name}"
            raise UnresolvedError(what, self._suggestion(target)) from error
        except Exception as error:
            what = f"the module {module} cannot be imported: {type(error).__name__}: {error}"
            raise UnresolvedError(what, "correct the module") from error
        if found is None:
            raise UnresolvedError(f"the module {module} has no {name}", self._suggestion(target))
        if not is_handler(found):
            raise UnresolvedError(f"{target} is no handler that could run", _missing(found))
        return found  # type: ignore[no-any-return]

    def _suggestion(self, target: str) -> str:
        names = sorted({one.name for one in self.handlers})
        paths = sorted(map(dotted, self.handlers))
        known = paths if "." in target or ":" in target else [*names, *paths]
        there = f"there are: {', '.join(names) or 'none'}"
        return did_you_mean(target.replace(":", "."), known, there)


def dotted(handler: type[Any]) -> str:
    """Return the path by which a route can name the class."""
    return f"{handler.__module__}.{handler.__qualname__}"


def is_handler(found: Any) -> bool:
    """Say whether this is a message handler that could run: a concrete class with a name."""
    return _is_concrete(found, MessageHandler) and bool(getattr(found, "name", ""))


def is_job(found: Any) -> bool:
    """Say whether this is a job handler that could run."""
    return _is_concrete(found, JobHandler) and bool(getattr(found, "name", ""))


def is_receiver(found: Any) -> bool:
    """Say whether this overrides CTExternalMessageReceiver."""
    ours = found is CTExternalMessageReceiver
    return not ours and _is_concrete(found, CTExternalMessageReceiver)


def _is_concrete(found: Any, kind: type[Any]) -> bool:
    return inspect.isclass(found) and issubclass(found, kind) and not inspect.isabstract(found)


def _missing(found: Any) -> str:
    if not (inspect.isclass(found) and issubclass(found, MessageHandler)):
        return "derive it from fluent_connect.MessageHandler"
    if not getattr(found, "name", ""):
        return 'give it a name: `name = "..."`'
    return f"implement {', '.join(sorted(found.__abstractmethods__))}"


def _described(
    route: str, handler: type[AnyHandler] | type[JobHandler], props: Mapping[str, str]
) -> Described:
    words = (inspect.getdoc(handler) or "").partition("\n")[0]
    return Described(route, handler.name, handler.priority, props, dotted(handler), words)
