"""`doctor`: whether Fluent lets us in, knows retailer and catalogue, and permits what we need."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fluent_connect.app.cli.masking import text
from fluent_connect.app.cli.probes.finding import LONGEST, Finding, State, bounded, skipped
from fluent_connect.clients.accounts import Account
from fluent_connect.clients.breaker import Breaker
from fluent_connect.clients.budget import Budget
from fluent_connect.clients.fluent.client import Fluent, FluentApi
from fluent_connect.clients.fluent.schema.learning import Schema, SchemaReport, UnfitSchemaError
from fluent_connect.clients.http import Door
from fluent_connect.clients.tokens import PasswordGrant, Tokens
from fluent_connect.clients.trace import Trace
from fluent_connect.clients.transport import Transport
from fluent_connect.model.errors import ConnectError

_RETAILERS = "query doctorRetailers { retailers(first: 100) { edges { node { id ref } } } }"
_CATALOGUES = """query doctorCatalogues($refs: [String!]) {
  productCatalogues(ref: $refs, first: 1) { edges { node { ref status } } }
}"""
_READS = {
    "orders": "ORDER_VIEW",
    "customers": "CUSTOMER_VIEW",
    "categories": "CATEGORY_VIEW",
    "standardProducts": "STANDARDPRODUCT_VIEW",
    "variantProducts": "VARIANTPRODUCT_VIEW",
    "locations": "LOCATION_VIEW",
}
_SIGN_IN = "correct account, user, password, client id and client secret; is the user locked?"
_SCHEMA = "look whether the account answers GraphQL requests at all"
_UPGRADE = "upgrade fluent-connect, or have Fluent make the field optional; nothing is sent so far"
_OLDER = "nothing, if you can do without; else ask Fluent to bring the account up to date"
_ROLE = "give the user's role, in the context of the retailer, the permission {0}"

View = Callable[[], Fluent]


async def fluent(account: Account, catalogue: str, transport: Transport) -> Sequence[Finding]:
    """Return what Fluent lets an account's user do; one password is sent for all of it."""
    group = f"fluent {account.name}/{account.retailer}"
    tokens = PasswordGrant(account.fluent, transport, timeout=LONGEST)
    signed = await bounded(_token(tokens, group), group, "token", _SIGN_IN)
    if signed.state != "ok":
        return [signed, skipped(group, "permissions", "there is no token")]

    def view() -> Fluent:
        return _view(account, transport, tokens)

    role = _ROLE.format("CATALOGUE_VIEW")
    reads = [
        bounded(_read(view, group, name), group, name, _ROLE.format(permission))
        for name, permission in _READS.items()
    ]
    found = await asyncio.gather(
        bounded(_me(view, group), group, "user", _SIGN_IN),
        bounded(_retailer(view, group, account), group, "retailer", _ROLE.format("RETAILER_VIEW")),
        bounded(_catalogue(view, group, catalogue), group, "catalogue", role),
        bounded(_schema(account, transport, tokens), group, "schema", _SCHEMA),
        *reads,
    )
    head, found = found[:4], found[4:]
    good = [one.name for one in found if one.state == "ok"]
    short = Finding(
        group=group, name="permissions", state="ok", measured=f"can read {', '.join(good)}"
    )
    bad = [one for one in found if one.state != "ok"]
    return [signed, *head, *([short] if good else []), *bad]


async def _token(tokens: Tokens, group: str) -> Finding:
    began = time.monotonic()
    await tokens.renew(Trace())
    measured = f"granted in {time.monotonic() - began:.2f} s"
    return Finding(group=group, name="token", state="ok", measured=measured, expected="granted")


async def _me(view: View, group: str) -> Finding:
    me = await view().me()
    name = str(me.get("ref") or me.get("id") or "")
    status = str(me.get("status") or "")
    good = bool(name) and status in {"", "ACTIVE"}
    return Finding(
        group=group,
        name="user",
        state="ok" if good else "warn",
        measured=f"{name or 'nobody'} {status}".strip(),
        expected="an ACTIVE user",
        fix="" if good else "activate the user in Fluent",
    )


async def _retailer(view: View, group: str, account: Account) -> Finding:
    try:
        nodes = _nodes(await view().ask(_RETAILERS, {}), "retailers")
    except ConnectError as error:
        mine = (await view().me()).get("primaryRetailer") or {}
        if str(mine.get("id")) != account.retailer:
            raise
        nodes = [mine]
        told = f"{account.retailer}, the user's own ({text(str(error))[:60]})"
        return Finding(group=group, name="retailer", state="ok", measured=told)
    ids = {str(node.get("id")): str(node.get("ref")) for node in nodes}
    good = account.retailer in ids
    there = ", ".join(f"{id_} ({ref})" for id_, ref in ids.items()) or "none"
    return Finding(
        group=group,
        name="retailer",
        state="ok" if good else "fail",
        measured=f"{account.retailer} ({ids[account.retailer]})" if good else f"there are: {there}",
        expected=f"retailer {account.retailer}",
        fix="" if good else "correct `retailer:`, or FC_FLUENT_RETAILER: the number, not the ref",
    )


async def _catalogue(view: View, group: str, ref: str) -> Finding:
    nodes = _nodes(await view().ask(_CATALOGUES, {"refs": [ref]}), "productCatalogues")
    status = str(nodes[0].get("status") or "") if nodes else ""
    return Finding(
        group=group,
        name="catalogue",
        state="ok" if nodes else "fail",
        measured=f"{ref} {status}".strip() if nodes else "not found",
        expected=f"product catalogue {ref}",
        fix="" if nodes else "correct `settings: { catalogue: … }`, or FC_FLUENT_CATALOGUE",
    )


async def _schema(account: Account, transport: Transport, tokens: Tokens) -> Finding:
    """Compare the account's schema with ours: what it lacks is left out by the service."""
    schema = Schema(account.name, asks=True)
    api = FluentApi(_door(account, transport, tokens), account.retailer, schema=schema)
    try:
        await api.learn()
    except UnfitSchemaError as error:
        return _told(account, error.report)
    return _told(account, schema.report)


def _told(account: Account, report: SchemaReport) -> Finding:
    group = f"fluent {account.name}/{account.retailer}"
    lacks, demands = _by_type(report.lacks), ", ".join(report.demands)
    required = f"; also requires {', '.join(report.stricter)}" if report.stricter else ""
    match report.state:
        case "unfit":
            state: State = "fail"
            measured, fix = f"requires {demands}, which nothing fills", _UPGRADE
        case "older":
            state, measured, fix = "warn", f"lacks {lacks}: never sent or asked for", _OLDER
        case "silent":
            state, measured, fix = "skip", f"{report.note}; checks go by the shipped schema", ""
        case _:
            state, measured, fix = "ok", f"knows all that may be sent{required}", ""
    expected = "an account that knows all that may be sent, and requires no more"
    return Finding(
        group=group, name="schema", state=state, measured=measured, expected=expected, fix=fix
    )


def _by_type(fields: Sequence[str]) -> str:
    """Return `Type.field`s in short: each type once."""
    types: dict[str, list[str]] = {}
    for each in fields:
        type_, dot, name = each.partition(".")
        types.setdefault(type_, []).extend([name] if dot else [])
    return "; ".join(
        f"{type_} ({', '.join(names)})" if names else type_ for type_, names in types.items()
    )


async def _read(view: View, group: str, name: str) -> Finding:
    document = f"query doctorReads {{ {name}(first: 1) {{ edges {{ node {{ id }} }} }} }}"
    await view().ask(document, {})
    return Finding(group=group, name=name, state="ok", measured="readable")


def _nodes(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    edges = (data.get(name) or {}).get("edges") or ()
    return [edge["node"] for edge in edges if edge and edge.get("node")]


def _view(account: Account, transport: Transport, tokens: Tokens) -> Fluent:
    """Return a client of its own for one probe: what one meets closes no breaker for others."""
    return FluentApi(_door(account, transport, tokens), account.retailer).bound(Trace())


def _door(account: Account, transport: Transport, tokens: Tokens) -> Door:
    return Door(
        "fluent",
        account.name,
        account.fluent.url,
        transport,
        tokens=tokens,
        breaker=Breaker(account.name, "fluent"),
        budget=Budget(),
        timeout=LONGEST,
        headers={"fluent.account": account.fluent.account},
    )
