"""Every mutation runs the same way: permissions, limits, all or nothing, and the journal."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from fluent_connect.sandbox.door import encode
from fluent_connect.sandbox.fluent import account, catalogue, orders
from fluent_connect.sandbox.fluent.entities import Json
from fluent_connect.sandbox.fluent.errors import RefusedMutationError
from fluent_connect.sandbox.fluent.inputs import Limits
from fluent_connect.sandbox.fluent.session import Session


class Mutation(msgspec.Struct, frozen=True):
    """A mutation: what it makes or changes, by which function, with which input."""

    kind: str
    run: Callable[[Session, Mapping[str, Any]], Json]
    input: str


_WORDS = re.compile(r"^(create|update|remove)")
_VERBS = {"create": "CREATE", "update": "UPDATE", "remove": "UPDATE"}


def _table() -> dict[str, Mutation]:
    rows: dict[str, tuple[str, Callable[[Session, Mapping[str, Any]], Json]]] = {
        "createOrder": ("order", orders.create_order),
        "createOrderAndCustomer": ("order", orders.create_order_and_customer),
        "updateOrder": ("order", orders.update_order),
        "createCustomer": ("customer", orders.create_customer),
        "updateCustomer": ("customer", orders.update_customer),
        "createFinancialTransaction": ("financialTransaction", orders.create_transaction),
        "createCategory": ("category", catalogue.create_category),
        "updateCategory": ("category", catalogue.update_category),
        "createStandardProduct": ("standardProduct", catalogue.create_standard),
        "updateStandardProduct": ("standardProduct", catalogue.update_standard),
        "createVariantProduct": ("variantProduct", catalogue.create_variant),
        "updateVariantProduct": ("variantProduct", catalogue.update_variant),
        "removeCategoriesFromStandardProduct": ("standardProduct", catalogue.remove_from_standard),
        "removeCategoriesFromVariantProduct": ("variantProduct", catalogue.remove_from_variant),
        "createProductCatalogue": ("productCatalogue", account.create_catalogue),
        "createLocation": ("location", account.create_location),
        "createSetting": ("setting", account.create_setting),
        "updateSetting": ("setting", account.update_setting),
    }
    return {
        name: Mutation(kind, run, name[0].upper() + name[1:] + "Input")
        for name, (kind, run) in rows.items()
    }


MUTATIONS = _table()


def resolver(name: str, mutation: Mutation, limits: Limits) -> Callable[..., Json]:
    """Return the resolver of a mutation."""
    verb = _WORDS.match(name)
    noun = mutation.kind.upper()
    needed = [f"{noun}_{_VERBS[verb.group(1)] if verb else 'UPDATE'}", f"{noun}_VIEW"]
    if name == "createOrderAndCustomer":
        needed.append("CUSTOMER_CREATE")

    def resolve(_: Any, info: Any, **arguments: Any) -> Json:
        session: Session = info.context
        given: Any = arguments.get("input")
        try:
            session.need(*needed)
            limits.check(mutation.input, given)
            with session.entities.database:
                made = mutation.run(session, given)
                _record(session, name, mutation.kind, given, made=made)
        except RefusedMutationError as refused:
            _record(session, name, mutation.kind, given or {}, refused=refused)
            raise
        return made

    return resolve


def _record(
    session: Session,
    name: str,
    kind: str,
    given: Mapping[str, Any],
    *,
    made: Json | None = None,
    refused: RefusedMutationError | None = None,
) -> None:
    outcome = "created" if name.startswith("create") else "updated"
    session.entities.record(
        {
            "operation": name,
            "kind": kind,
            "ref": (made or {}).get("ref") or _ref(given),
            "entity": (made or {}).get("id"),
            "outcome": outcome if refused is None else "refused",
            "code": refused.code if refused else None,
            "connection": session.connection,
            "version": _source_version(given),
            "body": encode(given),
        }
    )


def _ref(given: Mapping[str, Any]) -> str:
    key = given.get("standardProduct") or given.get("variantProduct") or given
    return str(key.get("ref") or key.get("username") or key.get("name") or key.get("id") or "")


def _source_version(given: Mapping[str, Any]) -> int | None:
    """Return the version of the source that a mutation carries, if it carries one."""
    for one in given.get("attributes") or ():
        if one["name"] == "commercetoolsVersion" and str(one["value"]).isdigit():
            return int(one["value"])
    return None
