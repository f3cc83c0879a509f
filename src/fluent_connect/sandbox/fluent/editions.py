"""The schema as other accounts have it: an older one, or one that requires a field more."""

import copy
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any, Literal

from graphql import (
    DocumentNode,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    NameNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    build_ast_schema,
    parse,
)
from graphql.language import NamedTypeNode

Edition = Literal["whole", "2022"]

NEW_SINCE_2022: Mapping[str, frozenset[str]] = {
    "CreateOrderInput": frozenset({"billingAddress", "fulfilmentChoices", "financialTransactions"}),
    "CreateOrderAndCustomerInput": frozenset({"fulfilmentChoices"}),
    "CreateOrderItemWithOrderInput": frozenset({"fulfilmentChoiceRef"}),
    "CreateFulfilmentChoiceWithOrderInput": frozenset(
        {
            *("ref", "type", "attributes", "deliverAfter", "deliverBefore", "dispatchOn"),
            *("deliveryFirstName", "deliveryLastName", "deliveryContact", "deliveryEmail"),
        }
    ),
    "UpdateOrderInput": frozenset({"billingAddress"}),
    "UpdateOrderItemWithOrderInput": frozenset({"fulfilmentChoiceRef"}),
    "CreateCustomerAddressInput": frozenset({"street2", "email"}),
    "CreateStoreAddressInput": frozenset({"street2", "email"}),
    "CreateFinancialTransactionInput": frozenset({"scale", "unscaledValue", "attributes"}),
    "CreatePaymentInput": frozenset({"financialTransaction", "fulfilment", "creditMemo"}),
    "Mutation": frozenset(
        {"updateCustomer", "updateProduct", "updateFinancialTransaction", "createFulfilmentChoice"}
    ),
}
"""Fields that came after the introspection of June 2022 (fluent-api.md 2.1, the sign °)."""
_ANSWERED: Mapping[str, frozenset[str]] = {"Order": frozenset({"billingAddress"})}
"""What an answer cannot hold if no input of its time could."""


def schema(edition: Edition = "whole", requires: str = "") -> GraphQLSchema:
    """Return the schema of an edition. `requires`: `Type.field` of an input, a String! of it."""
    text = (files("fluent_connect.model") / "fluent.graphql").read_text()
    tree = parse(text, no_location=True)
    without = {**NEW_SINCE_2022, **_ANSWERED} if edition == "2022" else {}
    more = dict([requires.split(".")]) if requires else {}
    definitions = tuple(_changed(each, without, more) for each in tree.definitions)
    return build_ast_schema(DocumentNode(definitions=definitions))


def _changed(node: Any, without: Mapping[str, frozenset[str]], more: Mapping[str, str]) -> Any:
    if not isinstance(node, InputObjectTypeDefinitionNode | ObjectTypeDefinitionNode):
        return node
    name = node.name.value
    gone = without.get(name, frozenset()) | {more.get(name, "")}
    fields = (*_kept(node, gone), *_added(more.get(name)))
    changed = copy.copy(node)
    # Nodes of newer versions of the library are frozen; this is a copy of our own.
    object.__setattr__(changed, "fields", fields)
    return changed


def _kept(node: Any, without: frozenset[str]) -> Iterator[Any]:
    return (field for field in node.fields or () if field.name.value not in without)


def _added(name: str | None) -> Iterator[InputValueDefinitionNode]:
    if name:
        text = NonNullTypeNode(type=NamedTypeNode(name=NameNode(value="String")))
        yield InputValueDefinitionNode(name=NameNode(value=name), type=text)
