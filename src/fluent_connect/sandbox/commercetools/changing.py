"""Update actions by kind of resource: each applied in order, or refused by name."""

from collections.abc import Sequence

from fluent_connect.sandbox.commercetools.actions import GENERAL, Action
from fluent_connect.sandbox.commercetools.drafts import resolve
from fluent_connect.sandbox.commercetools.errors import invalid, not_implemented
from fluent_connect.sandbox.commercetools.kinds import Json, Kind
from fluent_connect.sandbox.commercetools.order_actions import ORDER, PAYMENT
from fluent_connect.sandbox.commercetools.other_actions import CATEGORY, CUSTOMER, OTHERS
from fluent_connect.sandbox.commercetools.product_actions import PRODUCT
from fluent_connect.sandbox.commercetools.project import Project

TABLES: dict[str, dict[str, Action]] = {
    "order": ORDER,
    "payment": PAYMENT,
    "product": PRODUCT,
    "category": CATEGORY,
    "customer": CUSTOMER,
    **OTHERS,
}


def update(project: Project, kind: Kind, resource: Json, actions: Sequence[Json]) -> list[Json]:
    """Apply update actions in order. Raise 501 for one that the sandbox lacks."""
    messages: list[Json] = []
    table = TABLES.get(kind.type_id, {})
    for action in actions:
        name = action.get("action")
        if not isinstance(name, str):
            raise invalid("Request body does not contain valid JSON: actions: action is missing")
        do = table.get(name) or GENERAL.get(name)
        if do is None:
            raise not_implemented(f"update action '{name}' of {kind.type_id}")
        messages += do(project, resource, resolve(project, action))
    return messages
