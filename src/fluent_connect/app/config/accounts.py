"""From `accounts`, `account-mapping` and `settings` to the accounts that clients sign in to."""

from collections.abc import Iterator
from typing import Any

import msgspec

from fluent_connect.app.config.mistakes import Mistake, did_you_mean
from fluent_connect.app.config.schema import AccountEntry, AccountMappingEntry, Files
from fluent_connect.app.config.settings import checked
from fluent_connect.app.config.validate import descend
from fluent_connect.clients.accounts import Account, CommercetoolsAccess, FluentAccess, When
from fluent_connect.handlers.settings import Settings
from fluent_connect.model.yaml import Leaf, Place, Table


class Fed(msgspec.Struct, frozen=True):
    """The accounts that the configuration names, their settings, and what is wrong with them."""

    accounts: tuple[Account, ...]
    settings: dict[tuple[str, str], Settings]
    mistakes: list[Mistake]


def feed(files: Files, table: Table, broken: frozenset[str]) -> Fed:
    """Return one account for each entry of `account-mapping`, or else of `accounts`."""
    connect = files.fluent_connect
    mistakes: list[Mistake] = []
    common = checked(connect.settings, ("fluent-connect", "settings"), table, mistakes)
    if {"accounts", "account-mapping"} & broken:
        return Fed((), {}, mistakes)
    settings: dict[tuple[str, str], dict[str, Any]] = {}
    for index, entry in enumerate(connect.accounts):
        path = ("fluent-connect", "accounts", index, "settings")
        own = checked(entry.settings, path, table, mistakes)
        settings[entry.name, entry.retailer] = {**common, **own}
    accounts = list(_accounts(files, table, settings, mistakes))
    section = "account-mapping" if connect.account_mapping else "accounts"
    mistakes += _twice(accounts, section, table)
    made = {key: Settings(**values) for key, values in settings.items()}
    return Fed(tuple(accounts), made, mistakes)


class _Active(msgspec.Struct):
    name: str
    retailers: list[int | str]


class _AllActive(msgspec.Struct):
    accounts: list[_Active]


def restrict(fed: Fed, listed: tuple[str, str]) -> tuple[Fed, list[str]]:
    """Return the accounts that a list of the vendor's names too, and a notice for each other one.

    listed: the list as JSON (`{"accounts": [{"name": …, "retailers": […]}]}`), and where it stands.
    """
    text, source = listed
    try:
        active = msgspec.json.decode(text.encode(), type=_AllActive)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        fix = 'write {"accounts": [{"name": "ACME", "retailers": [1]}]}'
        return _without(fed, source, f"this is no list of active accounts: {error}", fix), []
    pairs = {(one.name, str(retailer)) for one in active.accounts for retailer in one.retailers}
    kept = tuple(one for one in fed.accounts if (one.name, one.retailer) in pairs)
    if fed.accounts and not kept:
        fix = "add one, or take the list away"
        return _without(fed, source, "none of the accounts is listed as active", fix), []
    notices = [
        f"{one.name}/{one.retailer} is left out: {source} does not list it"
        for one in fed.accounts
        if one not in kept
    ]
    return Fed(kept, fed.settings, fed.mistakes), notices


def _without(fed: Fed, source: str, what: str, fix: str) -> Fed:
    why = "it says which of the accounts are worked for"
    mistake = Mistake(code="CFG018", place=Place(source), what=what, why=why, fix=fix)
    return Fed(fed.accounts, fed.settings, [*fed.mistakes, mistake])


def _accounts(
    files: Files,
    table: Table,
    settings: dict[tuple[str, str], dict[str, Any]],
    mistakes: list[Mistake],
) -> Iterator[Account]:
    connect = files.fluent_connect
    for index, entry in enumerate(connect.accounts):
        fluent = _fluent(entry, index, files, table, mistakes)
        if not connect.account_mapping:
            yield _account(entry, fluent, entry.when)
    for index, mapping in enumerate(connect.account_mapping):
        fits = [one for one in enumerate(connect.accounts) if _fits(one[1], mapping)]
        if not fits:
            mistakes.append(_unmapped(index, mapping, connect.accounts, table))
            continue
        at, entry = fits[0]
        yield _account(entry, _fluent(entry, at, files, table, []), mapping)
        if mapping.catalogue:
            settings[entry.name, entry.retailer]["catalogue"] = mapping.catalogue


def _fits(entry: AccountEntry, mapping: AccountMappingEntry) -> bool:
    return (entry.name, entry.retailer, entry.commercetools.project_key) == (
        mapping.account,
        mapping.retailer,
        mapping.project_key,
    )


def _account(entry: AccountEntry, fluent: FluentAccess, when: Any) -> Account:
    their = entry.commercetools
    commercetools = CommercetoolsAccess(
        project_key=their.project_key,
        auth_url=their.auth_url,
        api_url=their.api_url,
        client_id=their.client_id,
        client_secret=their.client_secret,
        scopes=their.scopes,
    )
    condition = When(
        store=when.store, country=when.country, channel=when.channel, custom=dict(when.custom)
    )
    return Account(
        name=entry.name,
        retailer=entry.retailer,
        commercetools=commercetools,
        fluent=fluent,
        when=condition,
    )


def _fluent(
    entry: AccountEntry, index: int, files: Files, table: Table, mistakes: list[Mistake]
) -> FluentAccess:
    domains = files.fluentcommerce.fluent_domain
    fluent = entry.fluent
    url = fluent.url or f"https://{entry.name.lower()}.{domains.get(fluent.domain or '', '')}"
    if not fluent.url and fluent.domain not in domains:
        node, place = descend(table, ("fluent-connect", "accounts", index, "fluent", "domain"))
        known = ", ".join(domains) or "none"
        fix = did_you_mean(
            fluent.domain or "", domains, "write `url: https://<account>.api.fluentretail.com`"
        )
        mistakes.append(
            Mistake(
                code="CFG018",
                place=node.place if isinstance(node, Leaf) else place,
                what=f"account {entry.name} says nowhere where its Fluent is",
                why=f"a `url`, or a `domain` of fluentcommerce.fluent-domain (there: {known})",
                fix=fix,
            )
        )
    return FluentAccess(
        account=entry.name,
        url=url,
        username=fluent.username,
        password=fluent.password,
        client_id=fluent.client_id,
        client_secret=fluent.client_secret,
    )


def _unmapped(
    index: int, mapping: AccountMappingEntry, entries: tuple[AccountEntry, ...], table: Table
) -> Mistake:
    wanted = f"{mapping.account}/{mapping.retailer} of project {mapping.project_key}"
    known = [
        f"{one.name}/{one.retailer} of project {one.commercetools.project_key}" for one in entries
    ]
    _, place = descend(table, ("fluent-connect", "account-mapping", index))
    fix = did_you_mean(wanted, known, "add it to `accounts`, with its credentials")
    what = f"account-mapping names {wanted}, which is not among the accounts"
    return Mistake(code="CFG018", place=place, what=what, why=f"there: {', '.join(known)}", fix=fix)


def _twice(accounts: list[Account], section: str, table: Table) -> list[Mistake]:
    seen: dict[tuple[str, str, str, str], int] = {}
    mistakes = []
    for index, one in enumerate(accounts):
        key = (one.name, one.retailer, one.commercetools.project_key, repr(one.when))
        if key in seen:
            _, place = descend(table, ("fluent-connect", section, index))
            what = (
                f"{one.name}/{one.retailer} is fed by project {key[2]} twice, under one condition"
            )
            why = "each resource belongs to an account once"
            fix = "remove one of the two, or tell them apart by `when`"
            mistakes.append(Mistake(code="CFG021", place=place, what=what, why=why, fix=fix))
        seen[key] = index
    return mistakes
