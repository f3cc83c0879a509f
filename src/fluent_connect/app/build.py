"""Makes each room's own types of what the configuration says."""

from collections.abc import Iterable, Mapping, Sequence

from fluent_connect.app.config.doors import DoorEntry
from fluent_connect.app.config.schema import JobEntry, MappingEntry, RouteEntry
from fluent_connect.app.handlers import Handlers, UnresolvedError
from fluent_connect.clients.accounts import Account
from fluent_connect.ingest.verify.door import FLUENT, Door, schemes
from fluent_connect.ingest.verify.published import Published
from fluent_connect.jobs.job_handler import JobHandler
from fluent_connect.jobs.job_router import Targets
from fluent_connect.jobs.job_table import Job, JobTable
from fluent_connect.jobs.schedule import Schedule
from fluent_connect.jobs.scheduler import Planned
from fluent_connect.listener.account_mapping import AccountMap, Target
from fluent_connect.listener.external import REQUIRED_OF_FLUENT, ExternalDoor
from fluent_connect.listener.route_mapping import RouteMap, RouteMapping
from fluent_connect.listener.sources import Source, source
from fluent_connect.router.routes import Route, RouteTable

_FROMS = ("name_from", "key_from", "id_from", "version_from", "account_from")


def route_table(entries: Iterable[RouteEntry], handlers: Handlers) -> RouteTable:
    """Return the routes with the handlers that win their names."""
    return RouteTable(
        Route(each.route, handlers.resolve(each.target), each.props, each.upserts)
        for each in entries
        if not is_of_a_job(each, handlers)
    )


def is_of_a_job(entry: RouteEntry, handlers: Handlers) -> bool:
    """Say whether a route leads to a job handler: the vendor's way to name a job."""
    try:
        handlers.resolve(entry.target)
    except UnresolvedError:
        return handlers.job(entry.target) is not None
    return False


def job_table(
    entries: Iterable[JobEntry], routes: Iterable[RouteEntry], handlers: Handlers
) -> JobTable:
    """Return all jobs: those of `jobs:`, those of routes, and every other one that was found."""
    named = {each.route: each for each in routes if is_of_a_job(each, handlers)}
    found: dict[str, type[JobHandler]] = {}
    for name in (*(one.name for one in handlers.jobs), *named):
        target = named[name].target if name in named else name
        handler = handlers.job(target)
        if handler is not None:
            found[name] = handler
    props = {name: named[name].props if name in named else {} for name in found}
    jobs = [
        _job(each, found[each.name], {**props[each.name], **each.props})
        for each in entries
        if each.name in found
    ]
    everywhere = {job.name for job in jobs if job.account is None and job.retailer is None}
    plain = (name for name in found if name not in everywhere)
    return JobTable(
        [*jobs, *(Job(name=name, handler=found[name](), props=props[name]) for name in plain)]
    )


def _job(entry: JobEntry, handler: type[JobHandler], props: Mapping[str, str]) -> Job:
    return Job(
        name=entry.name,
        handler=handler(),
        props=props,
        account=entry.account,
        retailer=entry.retailer,
        overlap=entry.overlap,
        trail=entry.trail,
        rate=entry.rate,
    )


def planned_jobs(
    entries: Iterable[JobEntry], accounts: Iterable[Account], zone: str
) -> list[Planned]:
    """Return which jobs run by themselves, for each account that they are for."""
    there = list(accounts)
    return [
        Planned(
            job.name,
            each.name,
            each.retailer,
            Schedule(every=job.every, cron=job.cron, zone=job.time_zone or zone),
        )
        for job in entries
        if job.every is not None or job.cron is not None
        for each in there
        if job.account in {None, each.name} and job.retailer in {None, each.retailer}
    ]


def targets(routes: RouteTable) -> Targets:
    """Return where messages of jobs go."""
    upserts: dict[str, str] = {}
    for route in routes:
        if route.upserts:
            upserts.setdefault(route.upserts, route.name)
    return Targets(upserts, ordered_names(routes))


def route_map(entries: Iterable[MappingEntry], routes: RouteTable) -> RouteMap:
    """Return what turns notifications into message names."""
    ordered = ordered_names(routes)
    return RouteMap(
        [
            RouteMapping(
                name=each.type_id,
                route=each.route or "",
                inclusion_filter=each.kinds,
                skip=each.skip or "",
                ordered=each.route in ordered,
            )
            for each in entries
        ]
    )


def ordered_names(routes: RouteTable) -> frozenset[str]:
    """Return the message names that an event handler takes."""
    return frozenset(route.name for route in routes if route.ordered)


def account_map(accounts: Iterable[Account], only: str | None = None) -> AccountMap:
    """Return which project feeds whom; `only`: the one Fluent account of a listener."""
    return AccountMap([target(each) for each in accounts if only in {None, each.name}])


def target(account: Account) -> Target:
    """Return an account as the listener knows it: no address, no secret."""
    when = account.when
    return Target(
        project_key=account.commercetools.project_key,
        account=account.name,
        retailer=account.retailer,
        store=when.store,
        country=when.country,
        channel=when.channel,
        custom=when.custom,
    )


def doors(
    entries: Mapping[str, DoorEntry], published: Published | None = None
) -> Mapping[str, Door]:
    """Return who may knock where. `published`: the keys of others that the doors verify with."""
    known = published or Published()
    return {name: _door(name, entry, known) for name, entry in entries.items()}


def _door(name: str, entry: DoorEntry, published: Published) -> Door:
    keep: frozenset[str] = frozenset()
    if entry.kind == "external":
        keep = external(name, entry, (), frozenset()).headers
    return Door(
        name=name,
        schemes=schemes(entry.all_schemes, entry.given, published),
        body_limit=entry.body_limit,
        keep=keep,
        origins=entry.origins,
        open_handshake=entry.open_handshake,
        rate=entry.rate,
        accepted=200 if FLUENT in entry.all_schemes else 202,
    )


def restrictions(entries: Mapping[str, DoorEntry]) -> Mapping[str, Sequence[str]]:
    """Return, per door of commercetools, the only accounts that it feeds."""
    return {
        name: entry.accounts
        for name, entry in entries.items()
        if entry.kind == "commercetools" and entry.accounts
    }


def externals(
    entries: Mapping[str, DoorEntry], accounts: Iterable[Account], routes: RouteTable
) -> Mapping[str, ExternalDoor]:
    """Return the doors of other systems."""
    targets = [target(each) for each in accounts]
    ordered = ordered_names(routes)
    return {
        name: external(name, entry, targets, ordered)
        for name, entry in entries.items()
        if entry.kind == "external"
    }


def external(
    name: str, entry: DoorEntry, targets: Sequence[Target], ordered: frozenset[str]
) -> ExternalDoor:
    """Return one door of another system; its `accounts` are the only ones that it feeds."""
    meant = [each for each in targets if not entry.accounts or each.account in entry.accounts]
    froms: dict[str, Source] = {
        each: source(text) for each in _FROMS if (text := getattr(entry, each)) is not None
    }
    needed = REQUIRED_OF_FLUENT if FLUENT in entry.all_schemes else ()
    return ExternalDoor(name=name, targets=meant, ordered=ordered, required=needed, **froms)
