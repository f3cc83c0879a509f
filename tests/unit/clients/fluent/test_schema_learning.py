"""What an account's own schema changes: what is never sent, and what stops everything."""

import functools

import msgspec
import pytest
from graphql import GraphQLError, GraphQLSchema, parse, validate

from fluent_connect.clients.fluent.model import Mutation, Ref, Upsert
from fluent_connect.clients.fluent.prepared import operations, prepare
from fluent_connect.clients.fluent.schema.account import of_account
from fluent_connect.clients.fluent.schema.changes import FaultyInputError
from fluent_connect.clients.fluent.schema.documents import trimmed
from fluent_connect.clients.fluent.schema.introspect import QUERY, Told, understood
from fluent_connect.clients.fluent.schema.learning import UnfitSchemaError
from fluent_connect.clients.http import Answer
from fluent_connect.model.errors import RefusedError, RetryableError, UnreachableError
from fluent_connect.sandbox.fluent.editions import NEW_SINCE_2022, schema
from unit.clients.fluent.accounts import OLD, WHOLE, Account, told
from unit.clients.fluent.inputs import address, customer, order
from unit.clients.wire import json

KEPT = "query mine ( $r : String ) { found : order ( ref : $r ) { id } }"
STRICT_FIELD = "CreateOrderItemWithOrderInput.taxRegion"
STRICT = schema(requires=STRICT_FIELD)


@functools.cache
def said(of: GraphQLSchema) -> Told:
    data = msgspec.json.decode(told(of, prepare(QUERY).text).body)["data"]
    found = understood(data)
    assert found is not None
    return found


async def test_an_account_as_ours_changes_nothing() -> None:
    account = Account()
    await account.fluent.push(Mutation("createOrder", order()))
    assert account.known.report.state == "as shipped"
    assert account.asked == ["schemaOfThisAccount", "createOrder"]
    assert set(account.sent[0]["variables"]["input"]) == set(order())


async def test_an_account_is_asked_once_by_whoever_comes_first() -> None:
    account = Account()
    assert account.asked == []
    await account.fluent.query("findOrder", {"refs": ["o"], "retailers": [1]})
    await account.fluent.accepted([Mutation("createOrder", order())])
    await account.fluent.push(Mutation("createOrder", order()))
    assert account.asked.count("schemaOfThisAccount") == 1


async def test_what_an_older_account_lacks_is_told_once_and_never_sent() -> None:
    account = Account(OLD)
    body = order()
    body["fulfilmentChoice"]["deliveryAddress"] = {**address(), "street2": "2nd floor"}
    for _ in range(3):
        changes = await account.fluent.accepted([Upsert(entity="order", ref="o", create=body)])
        for change in changes:
            await account.fluent.push(change)
    (report,) = account.reports
    assert report.state == "older"
    for type_, names in NEW_SINCE_2022.items():
        for name in names - {"fulfilmentChoices"}:
            lacking = f"mutation {name}" if type_ == "Mutation" else f"{type_}.{name}"
            assert lacking in report.lacks
    creates = [each for each in account.sent if each["query"].startswith("mutation createOrder")]
    assert len(creates) == 3
    for each in creates:
        given = each["variables"]["input"]
        assert "billingAddress" not in given
        assert "financialTransactions" not in given
        assert "deliverAfter" not in given["fulfilmentChoice"]
        assert given["fulfilmentChoice"]["deliveryAddress"].keys().isdisjoint({"street2", "email"})
        assert [len(item) for item in given["items"]] == [len(item) for item in body["items"]]
    assert account.known.report.state == "older"


async def test_an_older_account_is_not_asked_for_what_it_lacks() -> None:
    account = Account(OLD)
    await account.fluent.query("findOrder", {"refs": ["o"], "retailers": [1]})
    assert "billingAddress" not in account.sent[-1]["query"]
    assert "Order.billingAddress" in account.known.report.lacks
    valid_for(OLD, account.sent[-1]["query"])


async def test_a_document_of_a_partner_loses_what_an_older_account_lacks() -> None:
    account = Account(OLD)
    document = "query mine($r: String) { found: order(ref: $r) { id billingAddress { name } } }"
    await account.fluent.ask(document, {"r": "o"})
    assert (
        account.sent[-1]["query"]
        == "query mine ( $r : String ) { found : order ( ref : $r ) { id } }"
    )


async def test_what_cannot_be_updated_is_left_alone() -> None:
    account = Account(OLD)
    change = Upsert(entity="customer", ref="c", create=customer(), update={"firstName": "Jo"})
    (kept,) = await account.fluent.accepted([change])
    assert kept.update is None
    assert kept.create == customer()


async def test_a_partners_mutation_that_an_account_lacks_is_dead() -> None:
    account = Account(OLD)
    with pytest.raises(FaultyInputError, match="updateFinancialTransaction is no mutation of"):
        await account.fluent.accepted([Mutation("updateFinancialTransaction", {"id": "1"})])


async def test_an_order_to_several_destinations_is_dead_where_it_cannot_say_them() -> None:
    account = Account(OLD)
    body = order()
    body["fulfilmentChoices"] = [body.pop("fulfilmentChoice")]
    with pytest.raises(FaultyInputError, match="fulfilmentChoices is no field of CreateOrderInput"):
        await account.fluent.accepted([Mutation("createOrder", body)])


async def test_what_a_ref_would_create_is_fitted_too() -> None:
    account = Account(schema_without("CreateCustomerInput", "firstName"))
    body = {**order(), "customer": {"id": Ref("customer", "c", customer())}}
    change = Upsert(entity="order", ref="o", create=body)
    (kept,) = await account.fluent.accepted([change])
    made = kept.create["customer"]["id"].create  # type: ignore[index]
    assert "firstName" not in made
    assert change.create is body
    assert "firstName" in body["customer"]["id"].create


async def test_an_unknown_required_field_is_an_outage_that_names_it() -> None:
    account = Account(STRICT)
    with pytest.raises(UnfitSchemaError) as raised:
        await account.fluent.push(Mutation("createOrder", order()))
    assert STRICT_FIELD in str(raised.value)
    assert raised.value.outage
    assert [each.demands for each in account.reports] == [[STRICT_FIELD]]
    assert account.door.breaker.open
    assert account.sent == []


async def test_an_unfit_account_is_asked_again_later_and_may_be_mended() -> None:
    account = Account(STRICT)
    for _ in range(3):
        with pytest.raises(UnfitSchemaError):
            await account.api.learn()
    assert account.asked == ["schemaOfThisAccount"]
    account.schema = WHOLE
    account.clock.now += 301
    account.door.breaker.retry_at = 0.0
    await account.api.learn()
    assert account.known.report.state == "as shipped"


def test_a_required_field_of_what_no_upsert_holds_stops_nobody() -> None:
    assert of_account(said(schema(requires="CreateReturnOrderInput.reason"))).demands == []
    assert of_account(said(STRICT)).demands == [STRICT_FIELD]


def test_a_field_that_an_account_has_made_required_is_told_and_checked() -> None:
    found = of_account(said(schema(requires="CreateOrderInput.totalPrice")))
    assert found.demands == []
    assert found.stricter == ["CreateOrderInput.totalPrice"]
    assert found.table.inputs["CreateOrderInput"]["totalPrice"].required


@pytest.mark.parametrize(
    "answer",
    [
        json({"data": None, "errors": [{"message": "Introspection has been disabled"}]}),
        json({"errors": [{"message": "no", "extensions": {"code": "C0020E"}}]}),
        json({"errors": [{"message": "Query is too complex", "extensions": {"code": "C0001E"}}]}),
        json({"message": "Forbidden"}, 403),
        json({"message": "Not Found"}, 404),
        json({"data": {"createOrder": {"id": "1"}}}),
        Answer(200, b"<html>", {}),
        Answer(200, b"", {}),
    ],
)
async def test_an_account_that_does_not_tell_is_taken_to_be_as_shipped(answer: Answer) -> None:
    account = Account()
    account.answer = lambda: answer
    await account.fluent.push(Mutation("createOrder", order()))
    await account.fluent.push(Mutation("createOrder", order()))
    assert account.known.report.state == "silent"
    assert account.known.report.note
    assert account.reports == [account.known.report]
    assert account.asked == ["schemaOfThisAccount", "me", "createOrder", "createOrder"]
    assert account.door.breaker.closed
    with pytest.raises(FaultyInputError):
        await account.fluent.accepted([Mutation("createOrder", {})])


@pytest.mark.parametrize("out", [json({}, 503), json({}, 403), UnreachableError("no route")])
async def test_an_account_that_is_out_is_asked_when_it_is_back(out: Answer | Exception) -> None:
    account = Account(OLD)
    account.out = out
    with pytest.raises(RetryableError):
        await account.fluent.push(Mutation("createOrder", order()))
    assert account.known.report.state == "not asked"
    account.out = None
    account.door.breaker.retry_at = 0.0
    await account.fluent.push(Mutation("createOrder", order()))
    assert "Order.billingAddress" in account.known.report.lacks
    assert "billingAddress" not in account.sent[-1]["variables"]["input"]


async def test_a_question_that_alone_gets_no_answer_is_given_up() -> None:
    account = Account()
    account.answer = lambda: json({}, 503)
    for _ in range(2):
        with pytest.raises(RetryableError) as raised:
            await account.fluent.push(Mutation("createOrder", order()))
        assert not raised.value.counts
    await account.fluent.push(Mutation("createOrder", order()))
    assert account.known.report.state == "silent"
    assert account.known.report.note.startswith("introspection failed 3 times")


async def test_a_rate_limit_is_no_refusal() -> None:
    account = Account(OLD)
    limit = json({"errors": [{"message": "slow down", "extensions": {"code": "C0011E"}}]})
    account.answer = lambda: limit
    with pytest.raises(RetryableError):
        await account.api.learn()
    account.answer = None
    await account.api.learn()
    assert account.known.report.state == "older"


@pytest.mark.parametrize("name", sorted(operations()))
def test_our_operations_are_valid_for_the_account_that_they_were_trimmed_for(name: str) -> None:
    old, new = said(OLD), said(WHOLE)
    operation = operations()[name]
    assert trimmed(operation.text, new).text == operation.text
    found = trimmed(operation.text, old)
    if found.absent:
        assert name in NEW_SINCE_2022["Mutation"]
    else:
        valid_for(OLD, found.text)


def test_a_variable_that_nobody_uses_any_more_is_not_declared() -> None:
    account = said(schema_without("StandardProduct", "variants"))
    found = trimmed(
        'query mine($ref: String! $keys: [String!] = ["a"], $after: String) {'
        ' a: standardProduct(ref: $ref, catalogue: {ref: "x"})'
        " { ref variants(first: 5, after: $after) { edges { node { ref } } } }"
        " orders(ref: $keys) @include(if: true) { edges { node { id } } } }",
        account,
    )
    assert found.dropped == ("StandardProduct.variants",)
    assert "$after" not in found.text
    assert "variants" not in found.text
    valid_for(schema_without("StandardProduct", "variants"), found.text)


def test_what_nothing_is_left_of_is_dropped_with_it() -> None:
    account = said(schema_without("Attribute", "name", "type", "value"))
    found = trimmed('query q { order(ref: "x") { id attributes { name value } } }', account)
    assert found.text == 'query q { order ( ref : "x" ) { id } }'


def test_a_document_with_fragments_is_left_as_it_is() -> None:
    text = "query q { me { ...F } } fragment F on User { id nonsense }"
    assert trimmed(text, said(WHOLE)).text == text


async def test_a_mutation_that_needs_what_is_unknown_is_refused_by_name() -> None:
    with pytest.raises(RefusedError, match="no mutation explode"):
        await Account().fluent.push(Mutation("explode", {}))


@functools.cache
def schema_without(type_: str, *names: str) -> GraphQLSchema:
    made = schema()
    fields = made.type_map[type_].fields  # type: ignore[attr-defined]
    for name in names:
        del fields[name]
    if not fields:
        fields["other"] = made.type_map["Order"].fields["ref"]  # type: ignore[attr-defined]
    return made


def valid_for(of: GraphQLSchema, document: str) -> None:
    errors: list[GraphQLError] = validate(of, parse(document))
    assert not errors
