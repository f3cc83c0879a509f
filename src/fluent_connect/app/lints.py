"""What the configuration and the handlers say together: errors, and what an expert would doubt."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec

from fluent_connect.app.build import is_of_a_job
from fluent_connect.app.config.crosschecks import at
from fluent_connect.app.config.mistakes import Lint, did_you_mean, in_order
from fluent_connect.app.config.result import Config
from fluent_connect.app.config.validate import Path, descend
from fluent_connect.app.handlers import Handlers, UnresolvedError, dotted
from fluent_connect.app.mapping_checks import mapping_mistakes
from fluent_connect.model.parcel import EVENT_QUEUE
from fluent_connect.model.yaml import Leaf
from fluent_connect.queues.address import SQL, shown
from fluent_connect.queues.address import engine as engine_of

Subscribed = Mapping[str, Collection[str]]
"""typeId -> the kinds that a subscription sends; none = all of them."""

_DRIVERS = {
    "sqlite": ("apsw", ""),
    "memory": ("", ""),
    "postgresql": ("asyncpg", "postgresql"),
    "sqs": ("aiobotocore", "aws"),
    "rabbitmq": ("aio_pika", "rabbitmq"),
    "kafka": ("aiokafka", "kafka"),
}
_EXAMPLES = {
    "rabbitmq": "rabbitmq://user:${PASSWORD}@host:5672/vhost/queue",
    "kafka": "kafka://host:9092/topic",
    "postgresql": "postgresql://user:${PASSWORD}@host/name",
}
_OURS = "commercetools."


def check(
    config: Config, handlers: Handlers, *, subscribed: Subscribed | None = None
) -> list[Lint]:
    """Return everything that is wrong (errors) or doubtful (warnings), in the order of the files.

    `subscribed`: what the live subscription sends; default: the key `subscriptions`.
    """
    found = [*config.warnings, *handlers.mistakes, *engines(config), *places(config)]
    if "routes" not in config.broken:
        found += [*_resolved(config, handlers), *_tied(config, handlers), *_jobs(config, handlers)]
        found += [*_leases(config, handlers), *mapping_mistakes(config, handlers)]
    if not {"routes", "route-mapping", "doors"} & config.broken:
        found += _unreachable(config)
        found += _subscribed(config, subscribed if subscribed is not None else config.subscriptions)
    found += [*_retention(config), *_budgets(config), *_calls(config)]
    return in_order(found)


def engines(config: Config) -> list[Lint]:
    """Return an error for each queue engine that is not installed."""
    found = []
    for name, queue in config.queues.items():
        driver, extra = _DRIVERS.get(queue.engine, ("", ""))
        ours = find_spec(f"fluent_connect.queues.engines.{queue.engine}") is not None
        if ours and (not driver or find_spec(driver) is not None):
            continue
        fix = f"pip install 'fluent-connect[{extra}]'" if ours else "this version has none"
        what = f"{name} lives in {queue.engine}, whose engine is not installed"
        path = ("queues", name, "url")
        found.append(
            at(config.table, path, "CFG019", what, f"{fix}; or start with --engine sqlite")
        )
    return found


def places(config: Config) -> list[Lint]:
    """Return an error for each queue without an address, or apart from the journal."""
    if engine_of(config.store) not in SQL:
        what = f"journal.url says {shown(config.store)}, which keeps no journal"
        fix = "write sqlite:///var/connect.db or postgresql://user@host/name"
        return [at(config.table, ("journal", "url"), "CFG008", what, fix)]
    found = []
    for name, queue in config.queues.items():
        path = ("queues", name, "url")
        told, _ = descend(config.table, ("fluent-connect", *path))
        at_home = queue.engine in SQL and queue.url == config.store
        if queue.engine in _EXAMPLES and not at_home and not isinstance(told, Leaf):
            what = f"{name} lives in {queue.engine}, and nothing says where that is"
            fix = f"write `queues: {{ {name}: {{ url: {_EXAMPLES[queue.engine]} }} }}`"
            found.append(at(config.table, path, "CFG007", what, fix))
        elif queue.engine in SQL and queue.url != config.store:
            what = f"{name} lives in {shown(queue.url)}, the journal in {shown(config.store)}"
            fix = "give the queues in SQL and `journal.url` one URL: they share transactions"
            found.append(at(config.table, path, "CFG011", what, fix))
    return found


def _resolved(config: Config, handlers: Handlers) -> Iterator[Lint]:
    for index, route in enumerate(config.routes):
        try:
            handlers.resolve(route.target)
        except UnresolvedError as error:
            if handlers.job(route.target):
                continue
            key = "handler-name" if route.handler_name else "handler"
            what = f"the route {route.route}: {error}"
            why = (
                "a handler's name, or a dotted path such as com.fluentcommerce.connect.custom.Mine"
            )
            yield at(config.table, ("routes", index, key), "CFG012", what, error.fix, why=why)


def _tied(config: Config, handlers: Handlers) -> Iterator[Lint]:
    routed = {route.target for route in config.routes}
    for name in sorted({one.name for one in handlers.handlers} - routed):
        tied = handlers.tied(name)
        if tied:
            paths = " and ".join(map(dotted, tied))
            what = f"{paths} are both called {name}, at priority {tied[0].priority}"
            fix = "give one a `name` of its own, or raise the `priority` of the one that shall win"
            yield _warning(config, ("routes",), "CFG015", what, fix)


def _jobs(config: Config, handlers: Handlers) -> Iterator[Lint]:
    routed = {each.route for each in config.routes if is_of_a_job(each, handlers)}
    for index, job in enumerate(config.jobs):
        if handlers.job(job.name) is None and job.name not in routed:
            known = sorted({one.name for one in handlers.jobs} | routed)
            what = f"no job handler is called {job.name}"
            fix = did_you_mean(job.name, known, f"there are: {', '.join(known) or 'none'}")
            yield at(config.table, ("jobs", index, "name"), "CFG012", what, fix)


def _leases(config: Config, handlers: Handlers) -> Iterator[Lint]:
    lease = config.lease
    for index, route in enumerate(config.routes):
        try:
            handler = handlers.resolve(route.target)
        except UnresolvedError:
            continue
        if handler.timeout > lease:
            what = f"{handler.name} may take {handler.timeout:g} s, a lease lasts {lease:g} s"
            fix = f"write `queues: {{ event-queue: {{ lease: {handler.timeout * 1.5:g}s }} }}`"
            yield _warning(config, ("routes", index), "CFG035", what, fix)


def _calls(config: Config) -> Iterator[Lint]:
    """Look for a lease in which a client could not sign in and call: no call would ever begin."""
    lease, timeout = config.lease, config.http.timeouts.total
    if lease > 2 * timeout:
        return
    what = f"a lease lasts {lease:g} s, to sign in and call may take twice {timeout:g} s"
    why = "no call is begun that its lease does not cover: nothing would ever reach Fluent"
    fix = f"write `queues: {{ event-queue: {{ lease: {3 * timeout:g}s }} }}`, or lower "
    fix += "`http.timeouts.total`"
    places: Sequence[Path] = (
        ("queues", EVENT_QUEUE, "lease"),
        ("listeners", "message", "props", "visibility-timeout"),
        ("http", "timeouts", "total"),
    )
    path = next((each for each in places if _is_told(config, each)), places[0])
    yield at(config.table, path, "CFG038", what, fix, why=why)


def _is_told(config: Config, path: Path) -> bool:
    node, _ = descend(config.table, ("fluent-connect", *path))
    return isinstance(node, Leaf) and node.source != "default"


def _unreachable(config: Config) -> Iterator[Lint]:
    mapped = {entry.route for entry in config.route_mapping}
    external = any(door.kind == "external" for door in config.doors.values())
    for index, route in enumerate(config.routes):
        lint = at(config.table, ("routes", index, "route"), "CFG032", "", "")
        ours = lint.place.file.startswith("defaults/")
        if route.route in mapped or ours or external or not route.route.startswith(_OURS):
            continue
        what = f"nothing becomes a message of the route {route.route}"
        fix = "add an entry under `route-mapping:`, or remove the route"
        yield _warning(config, ("routes", index, "route"), "CFG032", what, fix)


def _subscribed(config: Config, subscribed: Subscribed) -> Iterator[Lint]:
    if not subscribed:
        return
    mapped = {entry.type_id for entry in config.route_mapping}
    for type_id in sorted(set(subscribed) - mapped):
        what = f"{type_id} is subscribed to, but no route-mapping takes it"
        fix = f"map it, or `skip:` it with the reason, under `name: {type_id}`"
        yield _warning(config, ("route-mapping",), "CFG037", what, fix)
    for index, entry in enumerate(config.route_mapping):
        sent = subscribed.get(entry.type_id)
        absent = entry.kinds - set(sent) if sent else frozenset[str]()
        if entry.skip or (sent is not None and not absent):
            continue
        which = f"{entry.type_id} ({', '.join(sorted(absent))})" if absent else entry.type_id
        what = f"{which} is mapped, but not subscribed to"
        fix = "add it to the subscription, or remove it here"
        yield _warning(config, ("route-mapping", index), "CFG037", what, fix)


def _retention(config: Config) -> Iterator[Lint]:
    horizon = config.retry.horizon
    journal = config.journal
    for key, kept in (
        ("retention-seen", journal.retention_seen),
        ("retention-settled", journal.retention_settled),
        ("retention-bodies", journal.retention_bodies),
    ):
        if kept < horizon:
            what = f"journal.{key} is {kept:g} s, but a message may be retried for {horizon:g} s"
            fix = "keep for longer than `retry.waits` add up to, or shorten the waits"
            yield _warning(config, ("journal", key), "CFG034", what, fix)


def _budgets(config: Config) -> Iterator[Lint]:
    concurrency = config.queues[EVENT_QUEUE].concurrency
    budgets = config.http.budgets
    for key, budget, names in (
        ("fluent", budgets.fluent, {one.name for one in config.accounts}),
        (
            "commercetools",
            budgets.commercetools,
            {one.commercetools.project_key for one in config.accounts},
        ),
    ):
        allowed = budget.concurrency * max(1, len(names))
        if 0 < allowed < concurrency:
            what = f"{concurrency} handlers at once share {allowed} calls at once to {key}"
            fix = f"raise http.budgets.{key}.concurrency, or lower the queue's"
            path = ("queues", EVENT_QUEUE, "concurrency")
            yield _warning(config, path, "CFG036", what, fix)


def _warning(config: Config, path: Path, code: str, what: str, fix: str) -> Lint:
    one = at(config.table, path, code, what, fix)
    return Lint(code=code, place=one.place, what=what, fix=fix, shown=one.shown, severity="warning")
