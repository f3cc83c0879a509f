"""What no single key can tell: names that have to agree with each other."""

from collections.abc import Iterable, Iterator

from fluent_connect.app.config.accounts import Fed
from fluent_connect.app.config.doors import DoorEntry, with_fluent
from fluent_connect.app.config.mistakes import Mistake, did_you_mean
from fluent_connect.app.config.schema import Connect, Files
from fluent_connect.app.config.validate import Path, descend, written
from fluent_connect.ingest.verify.door import SCHEMES, schemes
from fluent_connect.listener.sources import source
from fluent_connect.model.errors import ConfigError
from fluent_connect.model.yaml import Leaf, Table
from fluent_connect.queues.address import shown as hidden

_NEEDED = {
    "api-key": "keys: [${NAME}]",
    "query-key": "keys: [${NAME}]",
    "basic": "users: { name: ${NAME} }",
    "oidc": "oidc: { issuer: …, audience: …, jwks-url: https://… }",
    "google-pubsub": "google-pubsub: { audience: …, service-account: … }",
    "entra": "entra: { tenant: …, audience: … }",
    "sns": "sns: { topics: [arn:aws:sns:…] }",
    "fluent": "fluent: { public-keys: [${NAME}] }",
}
_MAPPED = ("name-from", "key-from", "id-from", "version-from", "account-from")


def crosscheck(files: Files, fed: Fed, table: Table, broken: frozenset[str]) -> list[Mistake]:
    """Return the mistakes that show between sections, of sections that could be read."""
    connect = files.fluent_connect
    mistakes = [*_routes_once(connect, table), *_doors(files, table)]
    if not {"routes", "route-mapping"} & broken:
        mistakes += _mapped_to_routes(connect, table)
    if not {"accounts", "account-mapping"} & broken:
        mistakes += _known_accounts(connect, fed, table)
        mistakes += _product_refs(connect, fed, table)
    if connect.disk.warn >= connect.disk.refuse and "disk" not in broken:
        what = f"disk.warn ({connect.disk.warn:.0%}) is not below disk.refuse"
        fix = "warn before refusing, as in `disk: { warn: 80%, refuse: 95% }`"
        mistakes.append(at(table, ("disk", "warn"), "CFG026", what, fix))
    return mistakes


def at(table: Table, path: Path, code: str, what: str, fix: str, *, why: str = "") -> Mistake:
    """Return a mistake at a path under `fluent-connect`."""
    node, place = descend(table, ("fluent-connect", *path))
    leaf = isinstance(node, Leaf)
    shown = hidden(f"{path[-1]}: {node.text}") if isinstance(node, Leaf) and path else ""
    where = node.place if leaf else place
    return Mistake(code=code, place=where, what=what, why=why, fix=fix, shown=shown)


def _routes_once(connect: Connect, table: Table) -> Iterator[Mistake]:
    seen: dict[str, int] = {}
    for index, entry in enumerate(connect.routes):
        if entry.route in seen:
            what = f"the route {entry.route} stands here twice"
            why = f"the first one: routes[{seen[entry.route]}]"
            fix = "remove one of the two"
            yield at(table, ("routes", index, "route"), "CFG013", what, fix, why=why)
        seen.setdefault(entry.route, index)


def _mapped_to_routes(connect: Connect, table: Table) -> Iterator[Mistake]:
    routes = [entry.route for entry in connect.routes]
    for index, entry in enumerate(connect.route_mapping):
        if entry.route and entry.route not in routes:
            what = f"{entry.type_id} notifications become {entry.route}, which no route takes"
            otherwise = f"add `- {{ route: {entry.route}, handler-name: … }}` to `routes:`"
            fix = did_you_mean(entry.route, routes, otherwise)
            path = ("route-mapping", index, "route")
            yield at(table, path, "CFG014", what, fix, why="an entry under `routes:`")


def _doors(files: Files, table: Table) -> Iterator[Mistake]:
    doors = files.fluent_connect.doors
    whole = with_fluent(doors, files.fluentcommerce.fluent_webhook_keys)
    for name, door in ((each, whole[each]) for each in doors):
        yield from _door(name, door, table)


def _door(name: str, door: DoorEntry, table: Table) -> Iterator[Mistake]:
    if not door.all_schemes:
        what = f"the door {name} does not say how a sender proves itself"
        fix = f"add `scheme: {' | '.join(SCHEMES)}`"
        yield at(table, ("doors", name), "CFG024", what, fix)
    for scheme in door.all_schemes:
        yield from _scheme(name, scheme, door, table)
    told = {key: getattr(door, key.replace("-", "_")) for key in _MAPPED}
    taken = [key for key, text in told.items() if text is not None]
    for key in taken:
        yield from _source(name, key, told[key], table)
    if door.kind != "external" and taken:
        what = f"{written(('doors', name, taken[0]))} means something at a door of kind external"
        fix = "add `kind: external`, or remove the key"
        yield at(table, ("doors", name, taken[0]), "CFG026", what, fix)


def _source(name: str, key: str, text: str, table: Table) -> Iterator[Mistake]:
    try:
        source(text)
    except ConfigError as error:
        fix = "write /a/pointer, `header:<name>` or `constant:<text>`"
        yield at(table, ("doors", name, key), "CFG026", f"doors.{name}.{key}: {error}", fix)


def _scheme(name: str, scheme: str, door: DoorEntry, table: Table) -> Iterator[Mistake]:
    needed = _NEEDED.get(scheme, "secrets: [${NAME}]")
    if scheme not in SCHEMES:
        known = ", ".join(SCHEMES)
        fix = did_you_mean(scheme, SCHEMES, f"write one of {known}")
        path: Path = ("doors", name, "scheme" if scheme in door.scheme else "schemes")
        what = f"no scheme is called {scheme!r}"
        yield at(table, path, "CFG008", what, fix, why=f"one of {known}")
        return
    try:
        made = schemes([scheme], door.given)
    except ConfigError as error:
        fix = f"correct `{needed}`, as the sender shows them"
        yield at(table, ("doors", name), "CFG024", f"the door {name}: {error}", fix)
        return
    if not made:
        what = f"the door {name} would let nobody in by {scheme}"
        why = f"{needed.partition(':')[0]} of the sender"
        yield at(table, ("doors", name), "CFG024", what, f"add `{needed}`", why=why)


def _known_accounts(connect: Connect, fed: Fed, table: Table) -> Iterator[Mistake]:
    known = list(dict.fromkeys(one.name for one in fed.accounts))
    named: list[tuple[Path, str]] = [
        (("doors", name, "accounts", index), account)
        for name, door in connect.doors.items()
        for index, account in enumerate(door.accounts)
    ]
    named += [
        (("listeners", name, "fluent-account"), listener.fluent_account)
        for name, listener in connect.listeners.items()
        if listener.fluent_account
    ]
    yield from _unknown_accounts(named, known, table)


def _unknown_accounts(
    named: Iterable[tuple[Path, str]], known: list[str], table: Table
) -> Iterator[Mistake]:
    for path, account in named:
        if account not in known:
            what = f"{written(path)} names {account}, which is not among the accounts"
            fix = did_you_mean(account, known, "add it to `accounts:`")
            yield at(table, path, "CFG018", what, fix, why=f"one of {', '.join(known)}")


def _product_refs(connect: Connect, fed: Fed, table: Table) -> Iterator[Mistake]:
    for (name, retailer), settings in fed.settings.items():
        pattern = settings.standard_product_ref
        entries = [(one.name, one.retailer) for one in connect.accounts]
        index = entries.index((name, retailer))
        own = "standard-product-ref" in connect.accounts[index].settings
        path: Path = ("accounts", index, "settings") if own else ("settings",)
        where = (*path, "standard-product-ref")
        why = "a prefix such as P_{key}: the ref of a variant is its SKU"
        if not any(sign in pattern for sign in ("{key}", "{id}")):
            what = f"all products of {name}/{retailer} would be called {pattern}"
            yield at(table, where, "CFG025", what, "write P_{key}", why=why)
        elif pattern in {"{key}", "{id}"}:
            what = f"the refs of a product and of a variant of {name}/{retailer} could coincide"
            yield at(table, where, "CFG025", what, "write P_{key}", why=why)
