"""Compares what the sender was answered, what the journal says, and what Fluent holds, id by id."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from crash.books import Read
from crash.traffic import Notice
from fluent_connect.app.demo import expected
from fluent_connect.journal.ledger import Ledger, ledger_statement
from fluent_connect.sandbox.servers import Options, Sandbox

_KINDS = {
    "order": ("order",),
    "customer": ("customer",),
    "category": ("category",),
    "product": ("standardProduct", "variantProduct"),
}


class Journal(msgspec.Struct, frozen=True):
    """What the data folder says: the ledger, and every id that it accounts for."""

    ledger: Ledger
    ids: Collection[str]
    dead: Sequence[str] = ()
    """Dead letters and why; no fault of the sandbox makes one."""


class Held(msgspec.Struct, frozen=True):
    """What Fluent should hold, and does.

    wanted, found: refs by kind. made: how many entities of a kind and ref were created.
    wrong: what differs between a source and what was made of it.
    """

    wanted: Mapping[str, Collection[str]]
    found: Mapping[str, Sequence[str]]
    made: Mapping[tuple[str, str], int]
    wrong_totals: Sequence[str] = ()
    outdated: Sequence[str] = ()


class Findings(msgspec.Struct, frozen=True):
    """What is wrong, in words: each line is one."""

    lost: Sequence[str]
    doubled: Sequence[str]


def judge(notices: Sequence[Notice], journal: Journal, held: Held) -> Findings:
    """Return what was lost and what was doubled."""
    return Findings([*_lost(notices, journal, held)], [*_doubled(notices, held)])


def _lost(notices: Sequence[Notice], journal: Journal, held: Held) -> Iterator[str]:
    for notice in notices:
        if not notice.accepted:
            yield f"never accepted: {notice.body[:120]!r}"
        for id_ in notice.accepted:
            if id_ not in journal.ids:
                yield f"answered 202, not in the journal: {id_}"
    for kind, refs in held.wanted.items():
        missing = set(refs) - set(held.found[kind])
        yield from (f"not in Fluent: {kind} {ref}" for ref in sorted(missing))
    yield from (f"outdated in Fluent: {each}" for each in held.outdated)


def _doubled(notices: Sequence[Notice], held: Held) -> Iterator[str]:
    counts = Counter(id_ for notice in notices for id_ in notice.accepted)
    yield from (f"two requests, one id: {id_}" for id_, count in counts.items() if count > 1)
    for kind, refs in held.found.items():
        surplus = set(refs) - set(held.wanted[kind])
        yield from (f"nobody asked for: {kind} {ref}" for ref in sorted(surplus))
        counted = Counter(refs)
        yield from (
            f"there {count} times: {kind} {ref}" for ref, count in counted.items() if count > 1
        )
    for (kind, ref), count in held.made.items():
        if count > 1:
            yield f"created {count} times: {kind} {ref}"
    yield from (f"wrong totals: {each}" for each in held.wrong_totals)


def read_journal(rows: Read, now: float) -> Journal:
    """Return what the journal says, which `rows` reads."""
    statement = ledger_statement(now)
    counts = rows(statement.text, statement.values)
    ids = rows("SELECT id FROM receipt UNION ALL SELECT id FROM aside", ())
    dead = rows("SELECT id, tries, reason, error FROM parcel WHERE state = 4 ORDER BY seq", ())
    return Journal(
        Ledger.from_rows(counts),
        {str(row["id"]) for row in ids},
        [f"dead: {row['id']} after {row['tries']} tries: {row['reason']}" for row in dead],
    )


def read_sandbox(file: Path) -> Held:
    """Return what the sandbox's file says of both ends; its process must have ended."""
    sandbox = Sandbox(Options(data=str(file)))
    entities = sandbox.fluent.entities
    found = {
        kind: [str(one["ref"]) for each in kinds for one in entities.listing(each)]
        for kind, kinds in _KINDS.items()
    }
    made = {
        (str(row["kind"]), str(row["ref"])): int(row["created"]) for row in entities.creations()
    }
    return Held(
        wanted=expected(sandbox),
        found=found,
        made=made,
        wrong_totals=[*_wrong_totals(sandbox)],
        outdated=[*_outdated(sandbox)],
    )


def _wrong_totals(sandbox: Sandbox) -> Iterator[str]:
    """Yield the orders of which Fluent has other amounts, lines or payments than the shop."""
    entities, project = sandbox.fluent.entities, sandbox.commercetools.project
    orders = {order["ref"]: order for order in entities.listing("order")}
    for order in project.scan("order"):
        made = orders.get(order["orderNumber"])
        if made is None:
            continue
        payments = [
            project.get("payment", each["id"]) or {} for each in order["paymentInfo"]["payments"]
        ]
        taxed = order["taxedPrice"]
        wanted = (
            taxed["totalNet"]["centAmount"],
            taxed["totalTax"]["centAmount"],
            len(order["lineItems"]),
            sum(bool(payment["transactions"]) for payment in payments),
        )
        found = (
            round(made["totalPrice"] * 100),
            round(made["totalTaxPrice"] * 100),
            len(made["items"]),
            len([*entities.owned(made["id"], "financialTransaction")]),
        )
        if wanted != found:
            yield f"{order['orderNumber']}: {found}, the shop says {wanted}"


def _outdated(sandbox: Sandbox) -> Iterator[str]:
    """Yield the customers and products that Fluent has in an older state than the shop."""
    entities, scan = sandbox.fluent.entities, sandbox.commercetools.project.scan
    customers = {one["ref"]: one for one in entities.listing("customer")}
    for customer in scan("customer"):
        made = customers.get(customer["id"])
        if made and (made["firstName"], _version(made)) != (
            customer["firstName"],
            customer["version"],
        ):
            yield f"customer {customer['id']}: version {_version(made)}"
    products = {one["ref"]: one for one in entities.listing("standardProduct")}
    for product in scan("product"):
        made = products.get(f"P_{product['key']}")
        name = product["masterData"]["current"]["name"]["en"]
        if made and (made["name"], _version(made)) != (name, product["version"]):
            yield f"product {product['key']}: version {_version(made)} of {product['version']}"


def _version(entity: Mapping[str, Any]) -> int | None:
    found = (one["value"] for one in entity["attributes"] if one["name"] == "commercetoolsVersion")
    return next(found, None)
